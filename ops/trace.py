"""`python -m ops trace`: what happened to one transaction, and in which invocation."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.claims import Claim
from chalicelib.dedupe import marker_key, wall_clock
from chalicelib.model import claim_key
from chalicelib.publish import event_id
from chalicelib.table import CLAIM_SECONDS, MARKER_SECONDS, Item, Table, parsed, uncovered
from ops.aws import client
from ops.deadletters import Peek
from ops.merchants import Declared, named
from ops.resources import function_name, prefix

_UNKNOWN = """
Nothing is known of {id}. Is it the id that events have in `subject`, prefix and all,
such as order:1001 or payment:abc? Was it sent to another merchant, or to another stage?
Was it sent longer ago than the table remembers?"""


def trace(one: Declared, options: argparse.Namespace) -> int:
    """Tell what became of a transaction, by its id as events have it in `subject`."""
    told = dict(found(one, options.stage, options.id))
    if options.json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            print(f"{name:<12} {value}")
    if "state" in told:
        return 0
    print(_UNKNOWN.format(id=options.id))
    return 1


def found(one: Declared, stage: str, identity: str) -> Iterator[tuple[str, Any]]:
    """Yield what is known, under its name: `state` is among it if there is a claim."""
    key = claim_key(one.merchant.id, one.vendor, identity)
    yield "transaction", f"{identity} ({one.merchant.id}, {one.vendor})"
    table = Table(client("dynamodb"), prefix(stage))
    if item := table.read([key]).get(key):
        claim = parsed(item)
        marker = table.read([marker_key(claim)])[marker_key(claim)]
        yield from claimed(claim, item, marker, wall_clock())
        yield "invocation", _invocation(one, stage, claim.batch_id)
    aside = [letter.id for letter in _aside(one, stage, identity)]
    if aside:
        yield "quarantine", f"named in {', '.join(aside)}: ops quarantine show {one.merchant.id} ID"


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


def _state(claim: Claim, marker: Item | None, owed: tuple[str, ...] | None, now: int) -> str:
    if marker and owed is None:
        return "published and committed"
    if marker:
        return "refused by a destination: it comes again from the queue"
    if now <= claim.lease_until:
        return f"in work: claimed until {_moment(claim.lease_until)}"
    return "claimed and not committed: whoever gets the message next takes it over"


def _aside(one: Declared, stage: str, identity: str) -> list[Any]:
    with Peek(one, stage) as peek:
        return [
            letter
            for letter in peek.letters()
            if any(reason.get("transaction") == identity for reason in letter.reasons)
        ]


def _invocation(one: Declared, stage: str, batch: str) -> str:
    """Return which invocation had a batch, by the line that it logged."""
    logs, group = client("logs"), f"/aws/lambda/{function_name(stage, one)}"
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{batch}"'
        )
        for page in pages:
            for event in page["events"]:
                if batch in event["message"] and "request_id" in event["message"]:
                    line = json.loads(event["message"])
                    return f"{line['request_id']} at {_moment(event['timestamp'])}"
    except (logs.exceptions.ResourceNotFoundException, ValueError):
        pass
    return f"no line in {group} names its batch (any more)"


def _written(item: Item, seconds: int) -> str:
    """Return when an item was written, which its expiry tells."""
    return _moment((int(item["expiry"]["N"]) - seconds) * 1000)


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("trace", help=trace.__doc__, description=trace.__doc__)
    add_stage(parser)
    parser.add_argument("merchant")
    parser.add_argument("id", help="the transaction's id, such as order:1001")
    parser.add_argument("--json", action="store_true", help="JSON for machines")
    parser.set_defaults(
        command=lambda options: trace(named(options.stage, options.merchant), options)
    )
