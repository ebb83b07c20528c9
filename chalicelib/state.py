"""What is known of one transaction: what its claim and the marker of its batch say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.claims import Claim
from chalicelib.dedupe import marker_key
from chalicelib.publish import event_id
from chalicelib.table import CLAIM_SECONDS, MARKER_SECONDS, Item, Table, parsed, uncovered


def look(table: Table, key: str, now: int) -> dict[str, Any] | None:
    """Return what is known of the transaction with that claim key, or None; `now` in ms.

    Raises KeyError where it can't be read.
    """
    item = table.read([key])[key]
    if item is None:
        return None
    claim = parsed(item)
    marker = table.read([marker_key(claim)])[marker_key(claim)]
    return dict(claimed(claim, item, marker, now))


def claimed(claim: Claim, item: Item, marker: Item | None, now: int) -> Iterator[tuple[str, Any]]:
    """Yield what a claim and its batch's marker say; `now` in ms."""
    owed = uncovered(marker).get(claim.key)
    yield "state", _state(claim, marker, owed, now)
    yield "revision", claim.revision
    yield "fingerprint", claim.fingerprint[:16]
    yield "event id", event_id(claim.key, claim.fingerprint)
    yield "claimed", _written(item, CLAIM_SECONDS)
    if marker:
        yield "committed", _written(marker, MARKER_SECONDS)
    if owed is not None:
        yield "owed to", ", ".join(owed) or "all destinations"
    yield "batch", claim.batch_id


def moment(ms: float) -> str:
    """Return a time in milliseconds since 1970 as people read it."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _state(claim: Claim, marker: Item | None, owed: tuple[str, ...] | None, now: int) -> str:
    if marker and owed is None:
        return "published and committed"
    if marker:
        return "refused by a destination: it comes again from the queue"
    if now <= claim.lease_until:
        return f"in work: claimed until {moment(claim.lease_until)}"
    return "claimed and not committed: whoever gets the message next takes it over"


def _written(item: Item, seconds: int) -> str:
    """Return when an item was written, which its expiry tells."""
    return moment((int(item["expiry"]["N"]) - seconds) * 1000)
