"""Fuzzing: a million inputs through every adapter and all that stands before and after them.

    python -m tests.prove.fuzz [--quick]

Each target is a process of its own, led by the coverage of chalicelib.  What breaks one is kept in
`.local/fuzz`, and the figure names the command that does it again.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.project import ROOT
from tests.fuzz.mutator import mutate
from tests.fuzz.targets import Target, targets
from tests.prove.figures import Figure, main

PART = "fuzzing"
INPUTS, QUICK = 1_000_000, 3_000
_DONE = re.compile(r"^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)", re.MULTILINE)
_SEEN = re.compile(r"^#(\d+)\s.*cov: (\d+) ft: (\d+)", re.MULTILINE)
_KEPT = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True)
class Run:
    """What came of fuzzing one target: `broken` is the command that shows what broke it."""

    inputs: int
    edges: int
    features: int
    broken: str = ""


def prove(quick: bool) -> Iterator[Figure]:
    """Fuzz every target, by the share of inputs that is its own."""
    began, found = time.monotonic(), targets()
    whole = sum(target.share for target in found.values())
    runs = []
    for name, target in found.items():
        count = int((QUICK if quick else INPUTS) * target.share / whole) + 1
        run = _unled(target, count) if quick else _led(name, count)
        runs.append(run)
        yield _figure(name, run, count)
    seconds = time.monotonic() - began
    inputs, wanted = sum(run.inputs for run in runs), QUICK if quick else INPUTS
    yield Figure(PART, "inputs", f"{inputs:,}", f"at least {wanted:,}", inputs >= wanted)
    yield Figure(PART, "inputs a second", f"{inputs / seconds:,.0f}")
    crashes = sum(bool(run.broken) for run in runs)
    yield Figure(PART, "crashes", str(crashes), "0", not crashes)


def _figure(name: str, run: Run, wanted: int) -> Figure:
    value = f"{run.inputs:,} inputs"
    if run.edges:
        value += f", {run.edges} edges, {run.features:,} features"
    if run.broken:
        value = f"{value}; broken: {run.broken}"
    sound = run.inputs >= wanted and not run.broken
    return Figure(PART, name, value, "nothing breaks it", sound)


def _led(name: str, count: int) -> Run:
    """Fuzz a target in a process that is led by coverage."""
    command = [sys.executable, "-m", "tests.fuzz", name]
    runs = [*command, "--runs", str(count)]
    told = subprocess.run(runs, capture_output=True, text=True, errors="replace", check=False)
    seen = _DONE.search(told.stderr) or ([*_SEEN.finditer(told.stderr)] or [None])[-1]
    inputs, edges, features = map(int, seen.groups()) if seen else (0, 0, 0)
    if told.returncode == 0 and seen:
        return Run(inputs, edges, features)
    kept = _KEPT.search(told.stderr)
    again = [*command[1:], str(Path(kept[1]).relative_to(ROOT))] if kept else runs[1:]
    return Run(inputs, edges, features, " ".join(["python", *again]))


def _unled(target: Target, count: int) -> Run:
    """Try mutations of the seeds here, in the little time there is."""
    seeds = [seed for seed in target.seeds() if len(seed) <= target.longest]
    for number in range(count):
        body = mutate(seeds[number % len(seeds)], target.longest, number)
        try:
            target.check(body)
        except Exception as fault:  # noqa: BLE001 - whatever it raises is a finding
            return Run(number, 0, 0, f"{type(fault).__name__}: {fault} by {body!r}")
    return Run(count, 0, 0)


if __name__ == "__main__":
    sys.exit(main(prove))
