"""Simulate the path under faults: a failing seed is made small, and told event by event."""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track

from tests.simulation import case, running, shrink
from tests.simulation.points import case as trade
from tests.simulation.points import running as months
from tests.simulation.running import SEEDS_A_PIECE, Result, run_many


class Kind(NamedTuple):
    """What is simulated: how a case is drawn, run and made smaller."""

    option: str
    drawn: Callable[[int], Any]
    run: Callable[..., Result]
    run_seed: Callable[[int], Result]
    smaller: Callable[[Any], Iterable[Any]]


PATH = Kind("", case.drawn, running.run, running.run_seed, shrink.smaller)
POINTS = Kind("--points ", trade.drawn, months.run, months.run_seed, trade.smaller)


def main() -> int:
    """Run the command, and return 1 if something is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, help="run this one")
    which.add_argument("--seeds", default="1..2000", help="run these (1..2000)")
    parser.add_argument(
        "--points", action="store_true", help="the whole chain, from tills to members' points"
    )
    parser.add_argument(
        "--trace", action="store_true", help="tell all that happened, if all is well"
    )
    options = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    kind = POINTS if options.points else PATH
    if options.seed is not None:
        return _one(kind, options.seed, console, tell=options.trace)
    first, _, last = options.seeds.partition("..")
    return _many(kind, range(int(first), int(last or first) + 1), console)


def _one(kind: Kind, seed: int, console: Console, *, tell: bool) -> int:
    case, trace = kind.drawn(seed), list[str]()
    broken = kind.run(case, trace).broken
    if tell:
        _tell(case, trace, console)
    if not broken:
        console.print(f"seed {seed} holds")
        return 0
    _explain(kind, case, console)
    return 1


def _many(kind: Kind, seeds: range, console: Console) -> int:
    total = Result()
    pieces = -(-len(seeds) // SEEDS_A_PIECE)
    progress = Console(stderr=True)
    results = run_many(seeds, one=kind.run_seed)
    for result in track(results, "simulating", total=pieces, console=progress):
        total.add(result)
    accounts = f" {total.balances} accounts," if total.balances else ""
    console.print(
        f"{total.seeds} seeds, {total.invocations} invocations, {total.calls} calls to AWS,"
        f" {total.faults.total()} faults, {total.crashes} crashes, {total.copies} copies,"
        f"{accounts} {len(total.broken)} broken"
    )
    if not total.broken:
        return 0
    console.print(f"broken: {sorted(total.broken)}\nthe first of them:\n", markup=False)
    _explain(kind, kind.drawn(min(total.broken)), console)
    return 1


def _explain(kind: Kind, case: Any, console: Console) -> None:
    """Tell the smallest case found that fails, and what happens in it."""
    for what in kind.run(case).broken[case.seed]:
        console.print(f"seed {case.seed}: {what}", markup=False)
    small, trace = shrink.shrunk(case, kind.run, kind.smaller), list[str]()
    broken = kind.run(small, trace).broken[small.seed]
    console.print("\nthe smallest that still fails:", markup=False)
    _tell(small, trace, console)
    for what in broken:
        console.print(f"-> {what}", markup=False)
    again = f"python -m tests.simulation {kind.option}--seed {case.seed}"
    console.print(f"\nagain: {again}", markup=False)


def _tell(case: Any, trace: list[str], console: Console) -> None:
    console.print(f"{case}\n", markup=False)
    console.print("\n".join(trace), markup=False)


if __name__ == "__main__":
    sys.exit(main())
