"""The table decided otherwise, one cell at a time: what of it does the search notice?"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from chalicelib import claims
from chalicelib.claims import Claim, Verdict
from tests.exhaustive.rules import Rules
from tests.exhaustive.search import Bounds, search

#: Together these notice all that can be noticed; the quickest first.
BOUNDS = (
    Bounds("A1 A2"),
    Bounds("A1 A1 B2"),
    Bounds("A1 B2 A3"),
    Bounds("A1 A1 X1"),
    Bounds("A1 A1 B2", destinations=2, crashes=0),
    Bounds("A1 A3 B2"),
    Bounds("A1 B2", losses=1),
    Bounds("A1 A1", destinations=2, losses=1),
)


class Cell(NamedTuple):
    """One cell of the table."""

    state: str  # committed, alive, over, own
    content: str  # same, other
    ours: str  # newer, older, equal


#: What the search rightly doesn't notice, and why.
HARMLESS = {
    (Cell("committed", "same", "older"), Verdict.SUPERSEDED): "acknowledged either way",
    (
        Cell("committed", "same", "equal"),
        Verdict.ADVANCE,
    ): "stores what is stored: a write too many",
    (Cell("alive", "same", "older"), Verdict.SUPERSEDED): "the newer one is still on the queue",
    (Cell("alive", "other", "older"), Verdict.SUPERSEDED): "the newer one is still on the queue",
    (Cell("over", "same", "newer"), Verdict.BUSY): "the claim's own message takes it over",
    (Cell("over", "other", "equal"), Verdict.BUSY): "the claim's own message takes it over",
    (Cell("over", "same", "older"), Verdict.BUSY): "waits for the newer one, then is settled",
    (Cell("over", "other", "older"), Verdict.BUSY): "waits for the newer one, then is settled",
    (Cell("own", "same", "equal"), Verdict.TAKE_OVER): "takes over from itself: a write too many",
    (Cell("own", "same", "equal"), Verdict.BUSY): "waits until its own lease is over",
}


def cell(found: Claim, ours: Claim, now: int, *, committed: bool) -> Cell:
    if found.batch_id == ours.batch_id:
        return Cell("own", "same", "equal")
    state = "committed" if committed else "alive" if now <= found.lease_until else "over"
    content = "same" if found.fingerprint == ours.fingerprint else "other"
    newer = ours.revision > found.revision
    age = "newer" if newer else "older" if ours.revision < found.revision else "equal"
    return Cell(state, content, age)


def otherwise(where: Cell, verdict: Verdict) -> Rules:
    """The real rules, but for one cell."""

    def decide(found: Claim, ours: Claim, now: int, *, committed: bool) -> Verdict:
        if cell(found, ours, now, committed=committed) == where:
            return verdict
        return claims.decide(found, ours, now, committed=committed)

    return Rules(decide=decide)


def every_cell() -> Iterator[tuple[Cell, Verdict, Verdict]]:
    """Yield each cell, what it says, and each thing that it could say instead."""
    states, contents, ages = ("committed", "alive", "over"), ("same", "other"), (5, 3, 4)
    for state in states:
        for content in contents:
            for age in ages:
                found = Claim("k", "theirs", 4, "same", 1 if state == "alive" else 0)
                ours = Claim("k", "ours", age, content, 1)
                committed = state == "committed"
                where = cell(found, ours, 1, committed=committed)
                says = claims.decide(found, ours, 1, committed=committed)
                yield from ((where, says, verdict) for verdict in Verdict if verdict is not says)
    own = Cell("own", "same", "equal")
    yield from ((own, Verdict.OURS, verdict) for verdict in Verdict if verdict is not Verdict.OURS)


def noticed(rules: Rules) -> list[str]:
    """Return the nearest violation that the search finds under these rules, in words."""
    for bounds in BOUNDS:
        if found := search(bounds, rules).counterexample:
            return found
    return []


def _forgets_what_is_owed(*asked: Any) -> Claim:
    _, _, ours, _ = asked
    return ours  # type: ignore[no-any-return]


def _owes_all_again(verdict: Verdict, found: Claim, ours: Claim, owed: tuple[str, ...]) -> Claim:
    held = claims.held(verdict, found, ours, owed)
    return replace(held, owed=()) if verdict is Verdict.OURS else held


def _owes_other_content(
    verdict: Verdict, found: Claim, ours: Claim, owed: tuple[str, ...]
) -> Claim:
    held = claims.held(verdict, found, ours, owed)
    return replace(held, owed=owed) if verdict is Verdict.TAKE_OVER else held


#: What else could be done wrong around the table.
SHORTCUTS = {
    "release by deleting the claim": Rules(deletes=True),
    "look at the clock after the marker": Rules(clock_last=True),
    "let the marker cover unconfirmed claims": Rules(covers_all=True),
    "forget what is owed on taking over": Rules(held=_forgets_what_is_owed),
    "forget what is owed when an answer was lost": Rules(held=_owes_all_again),
    "owe other content to some only": Rules(held=_owes_other_content),
}
