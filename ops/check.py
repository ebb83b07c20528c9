"""What must hold after a day's trading, of what was found where it would show.  Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.day import CARDS, Day
from ops.points import Points


@dataclass
class Found:
    """What the emulator holds when the day is over."""

    #: merchant -> the sums of what its function logged.
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    #: merchant -> invocations whose counts the emulator has lost, as the machine was too busy.
    silent: Counter[str] = field(default_factory=Counter)
    conserved: bool = True
    events: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    #: merchant -> records in quarantine.
    dead: Counter[str] = field(default_factory=Counter)
    #: Everything that was written anywhere, for the search for card numbers.
    texts: dict[str, list[str]] = field(default_factory=dict)
    #: (merchant, member's account) -> its balance.
    points: Points = field(default_factory=dict)
    #: Accounts whose balance isn't the sum of its entries.
    unbalanced: int = 0
    #: Events that earned nothing for want of being understood, and returns that still wait.
    unrewarded: int = 0


def failures(days: list[Day], found: Found) -> list[str]:
    """Return what doesn't hold, in words; nothing if all does."""
    wrong = [] if found.conserved else ["an invocation's counts did not add up"]
    for day in days:
        wrong += _miscounted(day, found)
        wrong += [f"{day.merchant}: {text}" for text in _misdelivered(day, found)]
    wrong += _card_numbers(found)
    return wrong


def _miscounted(day: Day, found: Found) -> Iterator[str]:
    counts, sent, bad = found.counts[day.merchant], day.sent.total(), day.sent["malformed"]
    ended, dead = counts["in"] - counts["left"], found.dead[day.merchant]
    if not _told(ended, sent, day, found):
        yield f"{day.merchant}: {sent} were sent, {ended} came to an end"
    if not _told(counts["quarantined"], bad, day, found) or dead != bad:
        yield (
            f"{day.merchant}: {bad} were malformed, {counts['quarantined']} were "
            f"counted as quarantined and {dead} are in its quarantine"
        )


def _told(counted: int, real: int, day: Day, found: Found) -> bool:
    """Return whether a count is right, or too low where the emulator has lost some of it."""
    return counted == real or (counted < real and found.silent[day.merchant] > 0)


def _misdelivered(day: Day, found: Found) -> Iterator[str]:
    """Look for every sale's newest revision, and for anything that is there but shouldn't be."""
    events = [e["data"] for e in found.events if e["data"]["merchant"] == day.merchant]
    seen = Counter((data["id"], data["total"]) for data in events)
    newest = {(name, cents[-1]) for name, cents in day.expected.items()}
    known = {(name, each) for name, cents in day.expected.items() for each in cents}
    if missing := newest - set(seen):
        yield f"{len(missing)} of {len(newest)} transactions never reached the subscriber"
    if twice := [name for name, times in seen.items() if times > 1]:
        yield f"{len(twice)} transactions reached the subscriber twice"
    if strange := set(seen) - known:
        yield f"{len(strange)} transactions reached the subscriber that nobody sent"
    if not _told(found.counts[day.merchant]["published"], len(events), day, found):
        yield f"{len(events)} events arrived, not as many as were counted as published"


def _card_numbers(found: Found) -> Iterator[str]:
    for place, texts in found.texts.items():
        for text in texts:
            if any(re.search(_spaced(card), text) for card in CARDS):
                yield f"a card number is in the {place}"
                break


def _spaced(card: str) -> str:
    return r"[\s.-]?".join(card)


def wrong_points(owed: Points, found: Found) -> list[str]:
    """Return where members' points are not what their purchases come to, in words."""
    said = []
    if wrong := [one for one in owed.keys() | found.points.keys()
                 if owed.get(one, 0) != found.points.get(one, 0)]:  # fmt: skip
        said.append(f"{len(wrong)} of {len(owed)} members don't have the points they are owed")
    if found.unbalanced:
        said.append(f"{found.unbalanced} balances are not the sum of their entries")
    if found.unrewarded:
        said.append(f"{found.unrewarded} events wait or lie among the dead letters of rewards")
    return said
