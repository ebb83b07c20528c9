"""One case: what is sent and when, what can go wrong and how often, all drawn from one seed."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.faults import KINDS, drawn_rates
from tests.simulation.stage import Outage
from tests.till import sale

#: A card number that cashiers type in; never to be seen behind the sanitiser.
PAN = "4111111111111111"
DAY_MS = 86_400_000
#: What may have an outage; `ledger` is SQS as a destination.
SERVICES = ("dynamodb", "sns", "ledger")


@dataclass(frozen=True)
class Sent:
    """A message: `at` ms after the beginning, to the source of that number."""

    at: int
    body: str
    source: int = 0


@dataclass(frozen=True)
class Case:
    """All that a run depends on."""

    seed: int
    sent: tuple[Sent, ...]
    rates: tuple[tuple[str, float], ...] = ()
    outages: tuple[Outage, ...] = ()
    concurrency: int = 1
    batch_size: int = 10
    topic_source: bool = False
    reports: bool = False
    #: Names of topic and queue that events go to; the queue may be none.
    topic: str = "out"
    ledger: str = ""
    #: Constants of the code made small, so that few transactions fill many calls.
    knobs: tuple[tuple[str, int], ...] = ()
    #: After so many days, `again` is sent.
    days: int = 0
    again: tuple[Sent, ...] = field(default=())


def drawn(seed: int) -> Case:
    """Return the case of a seed."""
    rng = Random(f"case {seed}")
    bodies = _bodies(rng)
    spread = rng.choice((100, 60_000, 600_000))
    sources = rng.choice((1, 1, 2))
    again = rng.random() < 0.12
    return Case(
        seed=seed,
        sent=tuple(_sent(rng, body, spread, sources) for body in bodies),
        rates=drawn_rates(rng, KINDS),
        outages=tuple(Outage.drawn(rng, name) for name in SERVICES if rng.random() < 0.12),
        concurrency=rng.choice((1, 2, 3, 4)),
        batch_size=rng.choice((1, 3, 10, 10)),
        topic_source=rng.random() < 0.1,
        reports=rng.random() < 0.5,
        topic=rng.choice(("out", "out", "out", "out.fifo")),
        ledger=rng.choice(("", "", "ledger", "ledger.fifo")),
        knobs=_knobs(rng),
        days=rng.choice((1, 390, 399, 402, 431, 440)) if again else 0,
        again=tuple(_sent(rng, body, spread, sources) for body in bodies[:3]) if again else (),
    )


def _sent(rng: Random, body: str, spread: int, sources: int) -> Sent:
    return Sent(rng.randrange(spread), body, rng.randrange(sources))


def _bodies(rng: Random) -> list[str]:
    """Return messages of one to three records, with repeats in and across them."""
    records = [one for key in "abc"[: rng.choice((1, 1, 2, 3))] for one in _records(rng, key)]
    records += [rng.choice(records) for _ in range(rng.choice((0, 0, 1, 2)))]
    if rng.random() < 0.2:
        records.append({"open": True})
    if rng.random() < 0.2:
        records.append({"id": "broken"})
    rng.shuffle(records)
    bodies = []
    while records:
        taken = records[: (size := rng.choice((1, 1, 2, 3)))]
        records = records[size:]
        bodies.append(json.dumps(taken if len(taken) > 1 else taken[0]))
    bodies += [rng.choice(bodies) for _ in range(rng.choice((0, 0, 1, 2)))]
    if rng.random() < 0.2:
        bodies.append(f"<not json {PAN}>" if rng.random() < 0.5 else "<")
    return bodies


def _records(rng: Random, key: str) -> list[Any]:
    """Return the revisions of one transaction: of few contents, so that some come back."""
    name = {"name": f"paid by {PAN}"} if rng.random() < 0.1 else {}
    kind = rng.random()
    if kind < 0.15:  # a vendor without revisions
        return [sale(key, 100, 0, **name)]
    if kind < 0.25:  # and one that reuses an id
        return [sale(key, 100 * total, rng.choice((0, 1)), **name) for total in (1, 2)]
    count = rng.choice((1, 2, 2, 3, 3, 4))
    return [sale(key, 100 * rng.randint(1, 2), rev, **name) for rev in range(1, count + 1)]


def _knobs(rng: Random) -> tuple[tuple[str, int], ...]:
    small = {
        "chalicelib.table.STATEMENTS_A_CALL": 1,
        "chalicelib.table.KEYS_A_CALL": 1,
        "chalicelib.publish.ENTRIES_A_CALL": 1,
        "chalicelib.delivery.ROUND_COUNT": 2,
        "chalicelib.dedupe.REMEMBERED": 1,
    }
    return tuple((name, value) for name, value in small.items() if rng.random() < 0.3)
