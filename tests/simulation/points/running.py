"""Run one case of the chain, and say what it showed."""

from tests.counter import accounts
from tests.simulation.points.case import Trade, drawn
from tests.simulation.points.chain import Chain
from tests.simulation.points.check import FATES, violations
from tests.simulation.running import Result


def run(case: Trade, trace: list[str] | None = None) -> Result:
    """Run a case to its end, and check it."""
    world = Chain(case, trace)
    world.run()
    found = violations(world)
    lines = [line for line in world.logged if "subscriber" in line]
    return Result(
        seeds=1,
        invocations=world.invocations,
        calls=world.calls,
        crashes=world.crashes,
        events=sum(line[fate] for line in lines for fate in FATES[:-1]),
        copies=sum(line["duplicate"] for line in lines),
        balances=len(accounts(world.table)),
        faults=world.counts,
        broken={case.seed: found} if found else {},
    )


def run_seed(seed: int) -> Result:
    return run(drawn(seed))
