"""The mechanics of a merchant's rewards, as they are declared in app.py.

    REWARDS = {"elm-street-books": (Mechanics("USD", "America/New_York", points=10),)}

Rates and amounts are exact: integers, fractions, or decimals as text ("0.5"); never floats.  What
sales earned must not change afterwards, so mechanics that stand aren't edited: newer ones are put
beside them, with the day `since` which they hold.  A sale goes by those of its own day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal

from chalicelib.errors import Misconfigured
from chalicelib.times import zone

#: A rate or an amount in units of the currency.
Exact = Fraction | int | str
#: What earns beside kinds of lines.
Extra = Literal["tax", "tip", "service_charge"]
_MINUTES = 60
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def exact(value: Exact) -> Fraction:
    """Return a rate or an amount as a fraction."""
    if isinstance(value, float):
        raise Misconfigured(f"{value!r} is a float: write it as text, {str(value)!r}")
    return Fraction(value)


@dataclass(frozen=True)
class HappyHour:
    """Sales from `start` to before `end` (HH:MM, the stores' time) earn so many times as much.

    Days count from 0, which is Monday.
    """

    start: str
    end: str
    multiplier: Exact = 2
    days: tuple[int, ...] = EVERY_DAY

    def holds(self, moment: datetime) -> bool:
        """Tell whether a sale at that moment, in the stores' time, is in it."""
        return moment.weekday() in self.days and self.start <= f"{moment:%H:%M}" < self.end


@dataclass(frozen=True)
class Tier:
    """A tier: reached by having spent so many units of the currency in the rolling window."""

    name: str
    spend: Exact
    multiplier: Exact = 1


@dataclass(frozen=True)
class Mechanics:
    """How sales earn points.  Sales in other currencies earn none."""

    currency: str
    timezone: str
    #: Points for each unit of the currency.
    points: Exact = 1
    #: How a sale's points become whole, once, at the very end.
    rounding: Literal["down", "half_up", "up"] = "down"
    #: Kinds of lines that earn, and of what else: tax, tip, service_charge.
    earns: frozenset[str] = frozenset({"item"})
    excluded_categories: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()
    #: A SKU's multiplier takes the place of its category's.
    categories: Mapping[str, Exact] = field(default_factory=dict)
    skus: Mapping[str, Exact] = field(default_factory=dict)
    #: What a sale must be worth, of what earns, to earn anything.
    minimum: Exact = 0
    happy_hours: tuple[HappyHour, ...] = ()
    #: By rolling spend in the so many days before a sale.
    tiers: tuple[Tier, ...] = ()
    tier_days: int = 365
    #: Whether a member is shown a balance below zero; else it is shown as a debt beside zero.
    below_zero: bool = False
    #: Days for which an anonymous sale can be claimed by its receipt.
    claim_days: int = 30
    #: The first day (2026-11-23, the stores' time) of which these hold.
    since: str = ""

    def __post_init__(self) -> None:
        zone(self.timezone)
        for value in (self.points, self.minimum, *self.categories.values(), *self.skus.values()):
            exact(value)

    def happy(self, moment: datetime) -> Fraction:
        """Return by what a sale at that moment is multiplied: the greatest, if hours overlap."""
        found = [exact(one.multiplier) for one in self.happy_hours if one.holds(moment)]
        return max(found, default=Fraction(1))

    def tier(self, spent: Fraction) -> Tier:
        """Return the tier that so much spend in the window reaches."""
        reached = [one for one in self.tiers if exact(one.spend) <= spent]
        return max(reached, key=lambda one: exact(one.spend), default=BASE)

    def whole(self, worth: Fraction) -> int:
        """Return points as a whole number; what is taken back is rounded as what was given."""
        size = abs(worth)
        rounded = {"down": size // 1, "half_up": (size + Fraction(1, 2)) // 1, "up": -(-size // 1)}
        return int(rounded[self.rounding]) * (1 if worth >= 0 else -1)


#: The tier of those who have reached none.
BASE = Tier("", 0)


@dataclass(frozen=True)
class Program:
    """A merchant's mechanics, old and new."""

    mechanics: tuple[Mechanics, ...]

    def at(self, moment: datetime) -> Mechanics:
        """Return the mechanics by which a sale at that moment goes."""
        found = sorted(self.mechanics, key=lambda one: one.since)
        held = [one for one in found if one.since <= _day(moment, one.timezone)]
        return (held or found[:1])[-1]

    @property
    def window_days(self) -> int:
        """The longest window of any tiers; 0 where there are none."""
        return max((one.tier_days for one in self.mechanics if one.tiers), default=0)


def program(declared: Mechanics | Iterable[Mechanics]) -> Program:
    """Return what a merchant declares: mechanics, or several of them, old and new."""
    found = (declared,) if isinstance(declared, Mechanics) else tuple(declared)
    if len({one.since for one in found}) != len(found) or not found:
        raise Misconfigured("mechanics that stand side by side differ in `since`")
    return Program(found)


def _day(moment: datetime, timezone: str) -> str:
    return moment.astimezone(zone(timezone)).date().isoformat()
