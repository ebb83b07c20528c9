"""Members' points after months of everything that goes wrong, against what their tills remember.

On the emulator, with real transactions and workers that die at any call; and in memory, where many
more months have room.
"""

import sys
from collections.abc import Iterator

from ops.emulator import running
from tests.counter import Counter, create, wrong
from tests.memory import Memory
from tests.month import Month, month
from tests.prove.figures import Figure, main
from tests.test_points import Chaos

PART = "money"


def prove(quick: bool) -> Iterator[Figure]:
    """Tell of one large month on the emulator, and of many smaller ones in memory."""
    sales, members, months = (150, 15, 2) if quick else (4_000, 120, 60)
    with running() as emulator:
        client = emulator.client("dynamodb")
        create(client)
        yield from _month(Counter(client), month(sales, members), deadly=0.02)
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


if __name__ == "__main__":
    sys.exit(main(prove))
