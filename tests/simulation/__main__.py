"""Simulate the path under faults: a failing seed is made small, and told event by event."""

import argparse
import sys

from rich.console import Console
from rich.progress import track

from tests.simulation.case import Case, drawn
from tests.simulation.running import SEEDS_A_PIECE, Result, run, run_many
from tests.simulation.shrink import shrunk


def main() -> int:
    """Run the command, and return 1 if something is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, help="run this one")
    which.add_argument("--seeds", default="1..2000", help="run these (1..2000)")
    parser.add_argument(
        "--trace", action="store_true", help="tell all that happened, if all is well"
    )
    options = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    if options.seed is not None:
        return _one(options.seed, console, tell=options.trace)
    first, _, last = options.seeds.partition("..")
    return _many(range(int(first), int(last or first) + 1), console)


def _one(seed: int, console: Console, *, tell: bool) -> int:
    case, trace = drawn(seed), list[str]()
    broken = run(case, trace).broken
    if tell:
        _tell(case, trace, console)
    if not broken:
        console.print(f"seed {seed} holds")
        return 0
    _explain(case, console)
    return 1


def _many(seeds: range, console: Console) -> int:
    total = Result()
    pieces = -(-len(seeds) // SEEDS_A_PIECE)
    progress = Console(stderr=True)
    for result in track(run_many(seeds), "simulating", total=pieces, console=progress):
        total.add(result)
    console.print(
        f"{total.seeds} seeds, {total.invocations} invocations, {total.calls} calls to AWS,"
        f" {total.faults.total()} faults, {total.crashes} crashes, {total.copies} copies,"
        f" {len(total.broken)} broken"
    )
    if not total.broken:
        return 0
    console.print(f"broken: {sorted(total.broken)}\nthe first of them:\n", markup=False)
    _explain(drawn(min(total.broken)), console)
    return 1


def _explain(case: Case, console: Console) -> None:
    """Tell the smallest case found that fails, and what happens in it."""
    for what in run(case).broken[case.seed]:
        console.print(f"seed {case.seed}: {what}", markup=False)
    small, trace = shrunk(case), list[str]()
    broken = run(small, trace).broken[small.seed]
    console.print("\nthe smallest that still fails:", markup=False)
    _tell(small, trace, console)
    for what in broken:
        console.print(f"-> {what}", markup=False)
    console.print(f"\nagain: python -m tests.simulation --seed {case.seed}", markup=False)


def _tell(case: Case, trace: list[str], console: Console) -> None:
    console.print(f"{case}\n", markup=False)
    console.print("\n".join(trace), markup=False)


if __name__ == "__main__":
    sys.exit(main())
