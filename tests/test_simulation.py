"""The simulator: it finds nothing in the path, finds what is put in, and repeats itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib import dedupe
from chalicelib.claims import Claim, Verdict
from tests.faults import Killed
from tests.prove import mutations as prove_mutations
from tests.simulation.bugs import BUGS
from tests.simulation.case import drawn
from tests.simulation.mutations import ROOT, bug, hunt
from tests.simulation.running import run, run_seeds
from tests.simulation.scheduler import Pool, Scheduler, Worker
from tests.simulation.shrink import shrunk

#: Each showed something at one time, in the code or in the models.
REMARKABLE = (104, 137, 522, 866, 889, 1134, 1427, 2457, 3332)


def test_nothing_is_lost_and_nothing_twice_in_many_cases() -> None:
    result = run_seeds(range(10_000, 10_400))
    assert result.broken == {}
    assert result.crashes > 100
    assert result.copies > 20


@pytest.mark.parametrize("seed", REMARKABLE)
def test_a_seed_that_once_showed_something_holds(seed: int) -> None:
    assert run(drawn(seed)).broken == {}


def told(seed: int, hash_seed: str, *options: str) -> str:
    """Return all that the command tells of a run in a process of its own."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--trace", *options]
    env = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        command, cwd=ROOT, env=env, check=True, capture_output=True, text=True
    ).stdout


def test_a_seed_gives_the_same_run_to_the_letter() -> None:
    first = told(889, "1")
    assert first == told(889, "2")
    assert first.count("begins with") > 5


def test_a_deliberate_bug_is_where_it_says() -> None:
    assert len(BUGS) >= 25
    assert len({one.name for one in BUGS}) == len(BUGS)
    for one in BUGS:
        source = one.path.read_text()
        assert one.applied(source) != source
    with pytest.raises(LookupError, match="not once"):
        bug("moved", "claims", ("no such text", "")).applied("other text")


def test_deliberate_bugs_are_caught() -> None:
    missed = [name for name, seeds in hunt(list(prove_mutations.QUICK)) if not seeds]
    assert missed == []


def test_a_failing_case_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(found: Claim, ours: Claim, *_: object, **__: object) -> Verdict:
        return Verdict.OURS if found.batch_id == ours.batch_id else Verdict.TAKE_OVER

    monkeypatch.setattr(dedupe, "decide", careless)
    case = next(drawn(seed) for seed in range(1, 100) if run(drawn(seed)).broken)
    small = shrunk(replace(case, rates=(*case.rates, ("slow", 0.01))))
    assert run(small).broken
    assert len(small.sent) <= 2
    assert len(small.rates) <= 1


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(0)
    Pool.scheduler = made
    yield made
    made.run(lambda: False)


def test_workers_take_turns_by_the_clock(scheduler: Scheduler) -> None:
    seen = []

    def work(name: str, ms: float) -> None:
        for _ in range(3):
            scheduler.wait(ms)
            seen.append((name, scheduler.clock()))

    scheduler.start(Worker(1_000, "a"), lambda: work("a", 20))
    scheduler.start(Worker(1_000, "b"), lambda: work("b", 30))
    scheduler.run(lambda: False)
    assert seen == [("a", 20), ("b", 30), ("a", 40), ("b", 60), ("a", 60), ("b", 90)]


@pytest.mark.parametrize("how", ["at its deadline", "by a fault in a parallel call"])
def test_a_kill_ends_all_parallel_calls_of_a_worker(scheduler: Scheduler, how: str) -> None:
    seen: list[object] = []

    def call(ms: int) -> None:
        scheduler.wait(ms)
        if ms == 50:
            raise Killed
        seen.append(ms)

    def work() -> None:
        list(Pool(3).map(call, [10, 50 if "fault" in how else 100, 200]))
        seen.append("not reached")

    worker = Worker(150 if "deadline" in how else 1_000, "a")
    worker.ended = seen.append
    scheduler.start(worker, work)
    scheduler.run(lambda: False)
    assert seen == ([10, None] if "fault" in how else [10, 100, None])
