"""A member's account: points are a function of what was bought and kept, of nothing else.  Pure.

The tier of a purchase follows from what was spent in the window before it, so a sale that is told
late, or taken back, can change what later ones earned.  Those corrections are entries, too, so
that a balance never depends on the order in which things were told.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from chalicelib.mechanics import Program, Tier, exact
from chalicelib.rewards import Purchase

DAY_MS = 24 * 3600 * 1000
#: A member's purchases by whatever names them.
Rows = Mapping[str, Purchase]


@dataclass(frozen=True)
class Change:
    """By how much points change: those of what was told, and those of other purchases by tier."""

    own: int
    others: int


def points(rows: Rows, program: Program) -> dict[str, int]:
    """Return the points of each purchase, given all of the member's in the windows before them."""
    history = _History(rows)
    found = {}
    for name, row in rows.items():
        mechanics = program.at(row.moment)
        tier = mechanics.tier(history.spent(row.at, mechanics.tier_days))
        found[name] = mechanics.whole(row.base * exact(tier.multiplier))
    return found


def tier(rows: Rows, program: Program, now: Purchase) -> Tier:
    """Return the tier in which a purchase would be made now."""
    mechanics = program.at(now.moment)
    return mechanics.tier(_History(rows).spent(now.at, mechanics.tier_days))


def change(others: Rows, before: Rows, after: Rows, program: Program) -> Change:
    """Return what a change of some rows, from `before` to `after`, does to a member's points."""
    then, now = points({**others, **before}, program), points({**others, **after}, program)
    own = sum(now[name] for name in after) - sum(then[name] for name in before)
    return Change(own, sum(now[name] - then[name] for name in others))


class _History:
    """Sums of spend up to each moment."""

    def __init__(self, rows: Rows) -> None:
        pairs = sorted((row.at, row.spend) for row in rows.values())
        self._moments = [at for at, _ in pairs]
        self._sums = list(accumulate((spend for _, spend in pairs), initial=Fraction(0)))

    def spent(self, at: int, days: int) -> Fraction:
        """Return what was spent in the so many days before a moment (ms), the moment left out."""
        first = bisect_left(self._moments, at - days * DAY_MS)
        return self._sums[bisect_left(self._moments, at)] - self._sums[first]
