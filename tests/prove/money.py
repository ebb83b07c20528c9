"""Members' points after months of everything that goes wrong, against what their tills remember.

On the emulator, with real transactions and workers that die at any call; in memory, where many
more months have room; and in the simulator, with all of the chain from till to points, many workers
at once, and every fault that it knows.
"""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import track

from ops.emulator import running
from tests.counter import Counter, create, wrong
from tests.memory import Memory
from tests.month import Month, month
from tests.prove.figures import Figure, main
from tests.simulation.points.running import run_seed
from tests.simulation.running import Result
from tests.test_points import Chaos

PART = "money"
#: Simulated months: what two minutes have room for, and what `make check` has time for.
SEEDS, QUICK_SEEDS = 600, 60


def prove(quick: bool) -> Iterator[Figure]:
    """Tell of one large month on the emulator, and of many small ones."""
    sales, members, months = (150, 15, 2) if quick else (1_500, 90, 20)
    with running() as emulator:
        client = emulator.client("dynamodb")
        create(client)
        yield from _month(Counter(client), month(sales, members), deadly=0.02)
    yield from _in_memory(months)
    yield from _simulated(QUICK_SEEDS if quick else SEEDS)


def _month(counter: Counter, found: Month, deadly: float) -> Iterator[Figure]:
    chaos = Chaos(counter, found, seed=1)
    chaos.run(deadly=deadly)
    yield Figure(PART, "sales in a month on the emulator", f"{len(found.bills):,}")
    yield Figure(PART, "events delivered to their end", f"{chaos.outcomes.total():,}")
    for name in ("applied", "duplicate", "waiting"):
        yield Figure(PART, f"of them {name}", f"{chaos.outcomes[name]:,}")
    yield Figure(PART, "workers that died", f"{chaos.killed:,}")
    balances, off = counter.balances(), wrong(counter, found)
    yield Figure(PART, "points given and not taken back", f"{sum(balances.values()):,}")
    yield Figure(PART, f"wrong balances, of {len(balances):,}", str(len(off)), "0", not off)


def _in_memory(months: int) -> Iterator[Figure]:
    count = off = told = 0
    for seed in range(months):
        counter, found = Counter(Memory()), month(150, 8, seed)
        chaos = Chaos(counter, found, seed)
        chaos.run()
        count += len(counter.balances())
        off += len(wrong(counter, found))
        told += chaos.outcomes.total()
    yield Figure(PART, f"{months} months in memory: events delivered", f"{told:,}")
    yield Figure(PART, f"wrong balances, of {count:,}", str(off), "0", off == 0)


def _simulated(seeds: int) -> Iterator[Figure]:
    total = Result()
    for seed in track(range(1, seeds + 1), "simulating months", console=Console(stderr=True)):
        total.add(run_seed(seed))
    first = f" (first: --points --seed {min(total.broken)})" if total.broken else ""
    yield Figure(PART, f"{seeds} simulated months: invocations", f"{total.invocations:,}")
    yield Figure(PART, "calls to AWS, with faults", f"{total.calls:,}, {total.faults.total():,}")
    yield Figure(PART, "workers killed", f"{total.crashes:,}")
    yield Figure(PART, "events brought to their end", f"{total.events:,}")
    yield Figure(PART, "of them duplicates", f"{total.copies:,}")
    yield Figure(PART, "transactions seen in parts", f"{total.faults['torn']:,}")
    name = f"months with anything wrong, of {total.balances:,} balances"
    yield Figure(PART, name, f"{len(total.broken)}{first}", "0", not total.broken)


if __name__ == "__main__":
    sys.exit(main(prove))
