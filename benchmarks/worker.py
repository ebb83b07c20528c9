"""One process that plays the container: variants in turn, in random order, round by round.

    python -m benchmarks.worker '{"variants": ["ours", "peer"], "batch": 10, "kind": "new", ...}'

For each round it writes a line of JSON: variant -> what the batch cost.
"""

import dataclasses
import gc
import importlib
import json
import os
import random
import resource
import sys
from typing import IO, Any

from benchmarks import till
from benchmarks.meter import Meter

#: Rounds that are not counted: connections, caches.
WARM_UP = 2


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be run."""

    variants: tuple[str, ...]
    batch: int = 10
    #: "new": never seen; "warm": all seen by this container; "cold": all seen by another.
    kind: str = "new"
    rounds: int = 20
    latency: bool = False
    with_units: bool = False
    seed: int = 1


def main() -> None:
    told: dict[str, Any] = json.loads(sys.argv[1])
    job = Job(**told | {"variants": tuple(told["variants"])})
    results = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - what a function logs goes nowhere
    _run(job, results)


def _run(job: Job, results: IO[str]) -> None:
    # A fresh range of order numbers for each process: the emulator outlives them.
    base, dice = os.getpid() * 1_000_000, random.Random(job.seed)  # noqa: S311 - no secret
    meters = {name: Meter(with_units=job.with_units, latency=job.latency) for name in job.variants}
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in job.variants}
    for name, module in modules.items():
        meters[name].listen(module.clients())
    for turn in range(job.rounds + WARM_UP):
        numbers = range(base + turn * job.batch, base + (turn + 1) * job.batch)
        event, order = till.event(numbers), list(job.variants)
        dice.shuffle(order)
        told = {name: _once(modules[name], meters[name], event, job.kind) for name in order}
        if turn == WARM_UP - 1:
            gc.freeze()  # what was imported is not looked through again, by anyone's garbage
        if turn >= WARM_UP:
            results.write(json.dumps(told) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.write(json.dumps({"peak_mb": peak}) + "\n")


def _once(module: Any, meter: Meter, event: dict[str, Any], kind: str) -> dict[str, float]:
    context = till.context()
    if kind != "new":
        module.handle(event, context)
    if kind == "cold":
        module.forget()
        module.clients()
    gc.collect()
    return meter.measured(lambda: module.handle(event, context))


if __name__ == "__main__":
    main()
