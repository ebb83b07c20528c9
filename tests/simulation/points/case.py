"""One case of the whole chain: a small month, and all that can go wrong with it, from one seed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.month import DAYS, Month, month
from tests.simulation.faults import drawn_rates
from tests.simulation.points.faults import KINDS
from tests.simulation.stage import Outage

#: What may have an outage; `points` is the table of rewards.
SERVICES = ("dynamodb", "sns", "points", "sqs")
DAYS_3 = 3 * 86_400
#: In so many of the cases, so often: only one call in ten is a transaction.
TORN = ("torn", 0.4, 0.4)


@dataclass(frozen=True)
class Trade:
    """All that a run depends on."""

    seed: int
    #: The seed of what happens at the tills, how many sales, and about how many members.
    tills: int
    sales: int
    members: int
    #: Days in which they were sold: the fewer, the higher the tiers.
    days: int = DAYS
    #: Numbers of sales that never were, in a case that was made small.
    without: frozenset[int] = frozenset()
    rates: tuple[tuple[str, float], ...] = ()
    outages: tuple[Outage, ...] = ()
    knobs: tuple[tuple[str, int], ...] = ()
    #: Workers of the rewards function, and of each shop's.
    concurrency: int = 1
    relays: int = 1
    batch_size: int = 10
    reports: bool = False
    #: All is told within so many ms, in any order.
    spread: int = 60_000
    #: Seconds that a return waits for its sale.
    patience: int = DAYS_3
    #: How often rewards are given a message before it is dead.
    most_receives: int = 12
    #: How often what was published is sent to rewards once more.
    replays: int = 0
    rivals: float = 0.0
    junk: bool = False
    tokens: bool = True


def drawn(seed: int) -> Trade:
    """Return the case of a seed."""
    rng = Random(f"trade {seed}")
    return Trade(
        seed=seed,
        tills=seed,
        sales=rng.choice((3, 8, 16, 30)),
        members=rng.choice((1, 1, 1, 3)),
        days=rng.choice((2, 5, DAYS)),
        rates=drawn_rates(rng, KINDS, TORN),
        outages=tuple(Outage.drawn(rng, name) for name in SERVICES if rng.random() < 0.1),
        knobs=(("chalicelib.inbox.RACES", 1),) if rng.random() < 0.2 else (),
        concurrency=rng.choice((1, 2, 3, 5)),
        relays=rng.choice((1, 2)),
        batch_size=rng.choice((1, 3, 10)),
        reports=rng.random() < 0.5,
        spread=rng.choice((100, 5_000, 60_000, 600_000)),
        patience=rng.choice((5, 60, 600, DAYS_3)),
        most_receives=rng.choice((3, 12)),
        replays=rng.choice((0, 0, 1, 3)),
        rivals=rng.choice((0.0, 0.5, 1.0)),
        junk=rng.random() < 0.5,
        tokens=rng.random() < 0.5,
    )


def traded(case: Trade) -> Month:
    """Return what the tills tell, and what they remember."""
    whole = month(case.sales, case.members, case.tills, case.days)
    if not case.without:
        return whole
    return Month(
        [bill for bill in whole.bills if bill.number not in case.without],
        [body for body in whole.bodies if _number(body) not in case.without],
        [one for one in whole.claims if int(one[1].removeprefix("R")) not in case.without],
    )


def smaller(case: Trade) -> Iterator[Trade]:
    """Yield the case without one of its parts."""
    for number in range(1, case.sales + 1):
        if number not in case.without:
            yield replace(case, without=case.without | {number})
    for part in ("rates", "outages", "knobs"):
        found = getattr(case, part)
        for at in range(len(found)):
            yield replace(case, **{part: found[:at] + found[at + 1 :]})
    plain: dict[str, Any] = {
        "replays": 0, "rivals": 0.0, "junk": False, "tokens": True, "batch_size": 1,
        "relays": 1, "patience": DAYS_3, "most_receives": 12,
    }  # fmt: skip
    for name, value in plain.items():
        if getattr(case, name) != value:
            yield replace(case, **{name: value})
    if case.concurrency > 1:
        yield replace(case, concurrency=case.concurrency - 1)


def _number(body: str) -> int:
    subject: str = json.loads(body)["subject"]
    return int(subject.split("-")[1])
