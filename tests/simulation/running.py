"""Run one case, or many on all processors, and say what they showed."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.case import Case, drawn
from tests.simulation.check import forgets, violations
from tests.simulation.world import World

#: So many seeds are one piece of work.
SEEDS_A_PIECE = 250


@dataclass
class Result:
    """What a run, or many together, showed."""

    seeds: int = 0
    invocations: int = 0
    calls: int = 0
    crashes: int = 0
    #: Events at destinations, and those of them that followed one of the same version.
    events: int = 0
    copies: int = 0
    #: Members' accounts.
    balances: int = 0
    #: Seconds of CPU: others may share the machine.
    cpu: float = 0
    faults: Counter[str] = field(default_factory=Counter)
    #: What was broken, by seed.
    broken: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: "Result") -> None:
        """Take in another's figures."""
        self.seeds += other.seeds
        self.invocations += other.invocations
        self.calls += other.calls
        self.crashes += other.crashes
        self.events += other.events
        self.copies += other.copies
        self.balances += other.balances
        self.cpu += other.cpu
        self.faults += other.faults
        self.broken |= other.broken


def run(case: Case, trace: list[str] | None = None) -> Result:
    """Run a case to its end, and check it."""
    world = World(case, trace)
    world.run()
    found = violations(world)
    if case.days and not found:
        since = len(world.witness.copies) if forgets(world) else 0
        world.run_again()
        found = violations(world, since)
    copies = world.witness.copies
    versions = {(copy.place, copy.key, copy.revision, copy.content) for copy in copies}
    return Result(
        seeds=1,
        invocations=world.invocations,
        calls=world.calls,
        crashes=world.crashes,
        events=len(copies),
        copies=len(copies) - len(versions),
        faults=world.counts,
        broken={case.seed: found} if found else {},
    )


def run_seed(seed: int) -> Result:
    """Run the case of a seed."""
    return run(drawn(seed))


def run_seeds(seeds: range, one: Callable[[int], Result] = run_seed) -> Result:
    """Run the cases of some seeds, one after the other."""
    total, began = Result(), time.process_time()
    for seed in seeds:
        total.add(one(seed))
    total.cpu = time.process_time() - began
    return total


def run_many(
    seeds: range, processes: int | None = None, one: Callable[[int], Result] = run_seed
) -> Iterator[Result]:
    """Run the cases of many seeds on all processors; yield what each piece of them showed."""
    pieces = [
        range(start, min(start + SEEDS_A_PIECE, seeds.stop))
        for start in range(seeds.start, seeds.stop, SEEDS_A_PIECE)
    ]
    count = processes or os.cpu_count() or 1
    piece = partial(run_seeds, one=one)
    if count == 1 or len(pieces) == 1:
        yield from map(piece, pieces)
        return
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        yield from pool.imap_unordered(piece, pieces)
