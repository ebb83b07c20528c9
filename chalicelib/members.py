"""What a member may see and do: balance, tier and entries; and a receipt claimed, once.

Handlers without any HTTP: who asks, and whether they may, is settled before they are called.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.accounts import DAY_MS, tier
from chalicelib.errors import Retry
from chalicelib.inbox import Inbox, Outcome
from chalicelib.ledger import Ledger
from chalicelib.rewards import CLAIM, Purchase, purchases
from chalicelib.shelf import paged
from chalicelib.story import Told, view

MOST_ENTRIES = 100
_WORDS = ("reason", "occurred_at", "source", "subject", "event_id")
_COUNTS = ("points", "balance", "noted", "revision")


@dataclass(frozen=True)
class Entry:
    """One entry of a ledger: `balance` is the sum of the entries up to it, `noted` is in ms."""

    number: int
    points: int
    balance: int
    reason: str
    occurred_at: str
    noted: int
    source: str
    subject: str
    event_id: str
    revision: int


@dataclass(frozen=True)
class Member:
    """How a member stands.  `debt` is what could not be taken back, and is offset by earnings.

    Entries are the newest first; `older` asks for those before them, where there are any.
    """

    id: str
    balance: int
    debt: int
    tier: str
    entries: tuple[Entry, ...]
    older: int | None


class Claimed(StrEnum):
    """What became of a claim."""

    CLAIMED = "claimed"  # also where it was the member's own claim already
    UNKNOWN = "unknown"  # no such receipt (yet), or it is somebody's, or too old
    AMBIGUOUS = "ambiguous"  # several receipts match: date and total would tell them apart
    TAKEN = "taken"


@dataclass(frozen=True)
class Receipt:
    """A receipt as its holder tells it.  Day (2026-11-23) or total (minor units) is the proof."""

    store_id: str
    number: str
    business_date: str | None = None
    total: int | None = None


def member(ledger: Ledger, name: str, *, before: int | None = None, most: int = 50) -> Member:
    """Return how a member stands, with a page of entries: those before the number `before`."""
    account, now = ledger.account(name), ledger.now_ms()
    last = min(before - 1 if before else account.version, account.version)
    first = max(last - min(most, MOST_ENTRIES) + 1, 1)
    entries = tuple(reversed(_entries(ledger, name, first, last))) if last > 0 else ()
    today = Purchase(name, datetime.fromtimestamp(now / 1000, UTC), Fraction(0), Fraction(0))
    window = ledger.program.window_days * DAY_MS
    rows = ledger.rows(name, now - window, now) if window else {}
    shown = account.balance
    if not ledger.program.at(today.moment).below_zero:
        shown = max(shown, 0)
    reached = tier(rows, ledger.program, today).name
    older = first if entries and first > 1 else None
    return Member(name, shown, max(shown - account.balance, 0), reached, entries, older)


def claim_receipt(inbox: Inbox, ledger: Ledger, name: str, receipt: Receipt) -> Claimed:
    """Give an anonymous sale to a member, once; what is returned of it later is taken back."""
    found = [item for item in _receipts(ledger, receipt) if _proven(item, receipt)]
    if len(found) != 1:
        return Claimed.AMBIGUOUS if found else Claimed.UNKNOWN
    source, subject = found[0]["source"]["S"], found[0]["subject"]["S"]
    claim = CLAIM + subject  # as its event's id, too: a second claim is no news, whoever's it is
    news = Told(claim, source, claim, 0, {"member": name}, subject)
    if inbox.take(news, ledger.effect) is Outcome.DUPLICATE:
        told = inbox.known(source, subject).get(claim)
        if told is None:
            raise Retry("the claim can't be seen just now: its sale's story is being joined")
        return Claimed.CLAIMED if told.data["member"] == name else Claimed.TAKEN
    return Claimed.CLAIMED


def explained(inbox: Inbox, ledger: Ledger, source: str, subject: str) -> dict[str, Purchase]:
    """Return what a transaction and all that refers to it are worth, and why where it is nothing.

    What waits for its original isn't there: `inbox.waits` has it.
    """
    return purchases(view(inbox.known(source, subject)), ledger.program)


def _entries(ledger: Ledger, name: str, first: int, last: int) -> list[Entry]:
    found = ledger.between(name, f"entry#{first:012}", f"entry#{last:012}")
    return [_entry(item) for item in found]


def _entry(item: Any) -> Entry:
    read: dict[str, Any] = {name: item[name]["S"] for name in _WORDS}
    read |= {name: int(item[name]["N"]) for name in _COUNTS}
    return Entry(number=int(item["sk"]["S"].removeprefix("entry#")), **read)


def _receipts(ledger: Ledger, receipt: Receipt) -> list[Any]:
    """Return the sales that can be claimed and bear the receipt's number."""
    query = {
        "TableName": ledger.table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND sk < :until",
        "ExpressionAttributeValues": {
            ":pk": {"S": ledger.receipt_key(receipt.store_id, receipt.number)},
            ":until": {"S": "g"},  # they are in hex
        },
    }
    now = ledger.now_ms() // 1000
    return [one for one in paged(ledger.client, query) if int(one["expiry"]["N"]) > now]


def _proven(item: Any, receipt: Receipt) -> bool:
    """Tell whether it is known of the receipt when or for how much: its number is on a shelf."""
    tells = {
        "business_date": (receipt.business_date, item["business_date"]["S"]),
        "total": (receipt.total, int(item["total"]["N"])),
    }
    told = [(mine, theirs) for mine, theirs in tells.values() if mine is not None]
    return bool(told) and all(mine == theirs for mine, theirs in told)
