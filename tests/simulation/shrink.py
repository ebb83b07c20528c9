"""Make a failing case small: leave out what it doesn't need to fail."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from tests.simulation.case import Case
from tests.simulation.running import Result, run

#: A smaller case takes another course, so that so many others are tried before it is given up.
TRIES = 12


def smaller(case: Case) -> Iterator[Case]:
    """Yield the case without one of its parts."""
    for at in range(len(case.sent) if len(case.sent) > 1 else 0):
        yield replace(case, sent=case.sent[:at] + case.sent[at + 1 :])
    for at in range(len(case.rates)):
        yield replace(case, rates=case.rates[:at] + case.rates[at + 1 :])
    for at in range(len(case.knobs)):
        yield replace(case, knobs=case.knobs[:at] + case.knobs[at + 1 :])
    for at in range(len(case.again)):
        yield replace(case, again=case.again[:at] + case.again[at + 1 :])
    plain = {"outages": (), "days": 0, "ledger": "", "topic_source": False, "topic": "out"}
    for name, value in plain.items():
        if getattr(case, name) != value:
            yield replace(case, **{name: value})  # type: ignore[arg-type]
    if case.concurrency > 1:
        yield replace(case, concurrency=case.concurrency - 1)
    if any(one.source for one in case.sent):
        yield replace(case, sent=tuple(replace(one, source=0) for one in case.sent))


def shrunk(
    case: Any,
    run: Callable[[Any], Result] = run,
    smaller: Callable[[Any], Iterable[Any]] = smaller,
) -> Any:
    """Return a case that fails, from which nothing more can be left out."""
    while True:
        for less in smaller(case):
            if failing := _failing(less, run):
                case = failing
                break
        else:
            return case


def _failing(case: Any, run: Callable[[Any], Result]) -> Any:
    """Return the case, or the same on another course, if it fails."""
    for course in range(TRIES):
        tried = replace(case, seed=case.seed + course * 1_000_003)
        if run(tried).broken:
            return tried
    return None
