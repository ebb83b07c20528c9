"""The path simulated under faults: nothing lost, nothing twice, whatever goes wrong when."""

import os
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import track

from tests.prove.figures import Figure, main
from tests.simulation.running import SEEDS_A_PIECE, Result, run_many

PART = "simulation"
#: Enough for a million invocations, and what `make check` has time for.
SEEDS, QUICK_SEEDS, INVOCATIONS = 113_000, 500, 1_000_000


def prove(quick: bool) -> Iterator[Figure]:
    """Simulate many cases, and yield what they showed."""
    total = Result()
    seeds = range(1, (QUICK_SEEDS if quick else SEEDS) + 1)
    pieces = -(-len(seeds) // SEEDS_A_PIECE)
    console = Console(stderr=True)
    for result in track(run_many(seeds), "simulating", total=pieces, console=console):
        total.add(result)
    yield from _figures(total, quick=quick)


def _figures(total: Result, *, quick: bool) -> Iterator[Figure]:
    least = "" if quick else f">= {INVOCATIONS:,}"
    enough = quick or total.invocations >= INVOCATIONS
    first = f" (first: --seed {min(total.broken)})" if total.broken else ""
    yield Figure(PART, "violations", f"{len(total.broken)}{first}", "0", not total.broken)
    yield Figure(PART, "invocations", f"{total.invocations:,}", least, enough)
    yield Figure(PART, "calls to AWS", f"{total.calls:,}")
    yield Figure(PART, "workers killed", f"{total.crashes:,}")
    yield Figure(PART, "events published", f"{total.events:,}")
    yield Figure(PART, "copies, each after a fault in the window", f"{total.copies:,}")
    yield Figure(PART, "seeds", f"{total.seeds:,}")
    each = 1000 * total.cpu / max(total.invocations, 1)
    yield Figure(PART, "CPU an invocation", f"{each:.2f} ms, {os.cpu_count()} processors")
    for kind, count in sorted(total.faults.items()):
        yield Figure(PART, f"fault: {kind}", f"{count:,}")


if __name__ == "__main__":
    sys.exit(main(prove))
