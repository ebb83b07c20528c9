"""What rewards made of a transaction: whose points, how many, and why where there are none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib import accounts
from chalicelib.ledger import Ledger
from chalicelib.members import Entry, explained, member
from chalicelib.rewards import CLAIM, Purchase
from chalicelib.rows import placed
from chalicelib.state import moment
from chalicelib.story import Story, waiting
from ops.console.place import Stage
from ops.merchants import Declared
from ops.resources import prefix

_PAGES = 20
_DAY_MS = accounts.DAY_MS


@dataclass(frozen=True)
class Rewarded:
    """What an operator is told: one sentence first of all.  `points` is None where none are due."""

    sentence: str
    points: int | None = None
    member: str | None = None
    #: What the till told, as rewards keep it.
    sold: dict[str, Any] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def rewarded(stage: Stage, one: Declared, subject: str) -> Rewarded:
    """Say what a transaction earned."""
    ledger = stage.desk.ledgers.get(one.merchant.id)
    if ledger is None:
        return Rewarded(f"No points: app.py declares no REWARDS for {one.merchant.id}.")
    source = f"/tillbridge/{one.merchant.id}/{one.vendor}"
    story = stage.desk.inbox.known(source, subject)
    if subject not in story:
        where = f"{prefix(stage.name)}-rewards"
        return Rewarded(
            "No points yet: rewards were never told of it. If it is published, its event is still"
            f" in the queue {where}, or among the dead letters in {where}-dead."
        )
    sold = story[subject].data
    if subject in waiting(story):
        return Rewarded(_waits(story, subject), sold=sold)
    found = explained(stage.desk.inbox, ledger, source, subject)
    purchase = found.get(subject)
    whose = purchase or found.get(story[subject].original or "")
    entries = tuple(_entries(ledger, whose.member, story)) if whose and whose.member else ()
    if purchase is None:
        name = whose.member if whose else None
        return Rewarded(_no_purchase(story, subject), None, name, sold, entries)
    if purchase.member is None:
        return Rewarded(_nobodys(ledger, purchase, sold), None, None, sold)
    points = _points(ledger, purchase, source, subject)
    sentence = f"It earned {points:,} points." if points else _why(ledger, purchase)
    return Rewarded(sentence, points, purchase.member, sold, entries)


def _waits(story: Story, subject: str) -> str:
    chapter = story[subject]
    return (
        f"No points yet: it refers to {chapter.original}, which rewards were never told of."
        f" It waits for that until {moment(chapter.due)}, and then counts by itself."
    )


def _no_purchase(story: Story, subject: str) -> str:
    kind, original = story[subject].data.get("kind", "sale"), story[subject].original
    if kind in {"return", "void"} and original:
        return f"It earns nothing by itself: it is a {kind}, and takes back what {original} earned."
    return "No points: it was voided, or nothing was bought in it."


def _nobodys(ledger: Ledger, purchase: Purchase, sold: dict[str, Any]) -> str:
    days = ledger.program.at(purchase.moment).claim_days
    until = moment(purchase.at + days * _DAY_MS)
    claim = f"It can be claimed by its receipt number until {until}."
    if not sold.get("receipt_number"):
        claim = "It has no receipt number, so that nobody can claim it."
    return f"No points: the till named no member. {claim}"


def _why(ledger: Ledger, purchase: Purchase) -> str:
    mechanics = ledger.program.at(purchase.moment)
    told = {
        "other_currency": f"it was not paid in {mechanics.currency}, and only that earns",
        "below_minimum": f"it is worth less than the minimum of {mechanics.minimum}"
        f" {mechanics.currency}",
        "all_returned": "all of it came back",
        "nothing_that_earns": "none of its lines earn (gift cards, shipping, excluded goods)",
    }
    return f"No points: {told.get(purchase.why, 'what it is worth rounds to nothing')}."


def _points(ledger: Ledger, purchase: Purchase, source: str, subject: str) -> int:
    """Return the points of one purchase, by the tier that its member had reached before it."""
    own = placed({subject: purchase}, source)
    [place] = own
    window = ledger.program.window_days * _DAY_MS
    rows = ledger.rows(purchase.member or "", purchase.at - window, purchase.at)
    return accounts.points(rows | own, ledger.program)[place]


def _entries(ledger: Ledger, name: str, story: Story) -> Iterator[Entry]:
    """Yield the entries that a story made, the newest first."""
    subjects, before = {subject.removeprefix(CLAIM) for subject in story}, None
    for _ in range(_PAGES):
        page = member(ledger, name, before=before, most=100)
        yield from (entry for entry in page.entries if entry.subject in subjects)
        if (before := page.older) is None:
            return
