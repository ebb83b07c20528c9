"""What is measured, section by section: each returns rows of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import cold, packages
from benchmarks.flow import flow
from benchmarks.rounds import Rows, sampled
from benchmarks.statistic import Figure, Sample, of, ratio, sample
from benchmarks.worker import Job
from ops.emulator import Emulator

ALL = ("ours", "peer", "naive", "bound")
MEMORY = 256


@dataclass
class Bench:
    """Where it is measured, how often, and who is told of each round."""

    emulator: Emulator
    folder: Path
    quick: bool
    each: Callable[[], None]
    #: Medians of each variant, for the second table and for the cost.
    medians: dict[str, dict[str, Sample]] = field(default_factory=dict)

    def rounds(self, full: int) -> int:
        return max(full // 5, 4) if self.quick else full

    def batches(self, title: str, full: int, memory: int = 0, **job: Any) -> Rows:
        """Run batches, and keep every variant's medians under the title."""
        settings: dict[str, Any] = {"variants": ALL, **job}
        found = Job(**settings, rounds=self.rounds(full))
        environment = self.emulator.environment | {"STAGE": "bench"}
        rows, _ = sampled(found, environment, self.each, memory)
        for what in ("cpu", "wall"):
            told = {name: of(rows, name, what) for name in found.variants}
            self.medians[f"{title}: {'CPU' if what == 'cpu' else 'wall'} ms"] = told
        return rows


def calls(bench: Bench) -> list[Figure]:
    """AWS calls and write units of a batch of 10 new transactions."""
    rows = bench.batches("calls", 10, with_units=True)
    del bench.medians["calls: CPU ms"], bench.medians["calls: wall ms"]
    for what, per, title in (("calls", 1, "calls a batch"), ("units", 10, "write units each")):
        bench.medians[title] = {name: of(rows, name, what, per) for name in ALL}
    return [
        Figure("AWS calls per batch of 10 new", of(rows, "ours", "calls"), "<= 3"),
        Figure("write units per new transaction", of(rows, "ours", "units", 10), "<= 1.1"),
    ]


def new(bench: Bench) -> list[Figure]:
    """CPU of a batch of 10 new transactions."""
    rows = bench.batches("10 new", 60, variants=(*ALL, "tight"))
    bound, peer = ratio(rows, "ours", "bound", "cpu"), ratio(rows, "peer", "ours", "cpu")
    tight = "the same, of a lower bound that calls AWS as we do"
    return [
        Figure("CPU, batch of 10 new: ours / lower bound", bound, "<= 1.25"),
        Figure(tight, ratio(rows, "ours", "tight", "cpu"), ""),
        Figure("CPU, batch of 10 new: peer / ours", peer, ">= 4"),
    ]


def wait(bench: Bench) -> list[Figure]:
    """Wall time with the latency of a network, on a full CPU and on a small function's share."""
    full = bench.batches("10 new, latency", 30, latency=True)
    share = bench.batches(f"10 new, latency, {MEMORY} MB", 24, MEMORY, latency=True)
    wall, small = ratio(full, "peer", "ours", "wall"), ratio(share, "peer", "ours", "wall")
    return [
        Figure("wall, batch of 10 new, 5 and 12 ms a call: peer / ours", wall, ">= 7"),
        Figure(f"the same at {MEMORY} MB's CPU share: peer / ours", small, ">= 5"),
    ]


def large(bench: Bench) -> list[Figure]:
    """Batches of 100, with as many of 10 for comparison, and the memory that they take."""
    small = bench.batches("10 new, again", 30, variants=("ours", "bound"))
    rows = bench.batches("100 new", 10, batch=100)
    del bench.medians["10 new, again: CPU ms"], bench.medians["10 new, again: wall ms"]
    each = of(small, "ours", "cpu", 10).median
    growth = sample([row["ours"]["cpu"] / 100 / each - 1 for row in rows])
    what = "batch of 100: growth of CPU per transaction, x that at 10"
    job = Job(("ours",), batch=100, rounds=bench.rounds(10))
    environment = bench.emulator.environment | {"STAGE": "bench"}
    peaks = [sampled(job, environment, bench.each)[1] for _ in range(3)]
    return [
        Figure(what, growth, "<= 0.5"),
        Figure("memory of a worker at batch 100, MB", sample(peaks), "<= 90"),
    ]


def duplicates(bench: Bench) -> list[Figure]:
    """Batches of 10 that have all been seen: by this container, and by another."""
    warm = bench.batches("10 duplicates, remembered", 40, kind="warm")
    pair = ("ours", "peer")
    other = bench.batches("10 duplicates, new container", 30, kind="cold", variants=pair)
    seen = of(warm, "ours", "calls")
    return [
        Figure("duplicates, remembered: calls a batch", seen, "<= 0"),
        Figure("duplicates, remembered: CPU ms a batch", of(warm, "ours", "cpu"), "< 2"),
        Figure("duplicates, new container: calls a batch",
               of(other, "ours", "calls"), "<= 3"),
    ]  # fmt: skip


def single(bench: Bench) -> list[Figure]:
    """Batches of one."""
    figures = []
    kinds = {"new": "new", "warm": "duplicate, remembered", "cold": "duplicate, new container"}
    for kind, what in kinds.items():
        rows = bench.batches(f"1 {what}", 60, batch=1, kind=kind, variants=("ours", "peer"))
        found = ratio(rows, "ours", "peer", "cpu")
        figures.append(Figure(f"CPU, batch of 1, {what}: ours / peer", found, "<= 1"))  # fmt: skip
    return figures


def start(bench: Bench) -> list[Figure]:
    """Cold start from the zips, and their size."""
    plain, shipped = packages.app(bench.folder / "app")
    peer = packages.project(bench.folder / "peer-cold", "peer")
    rungs = cold.ladder(bench.folder / "cold", plain, shipped, peer)
    rows = cold.climb(rungs, bench.rounds(15), bench.each)
    bench.medians["cold start: CPU ms"] = {name: of(rows, name, "cpu") for name in rungs}
    size = sample([shipped.stat().st_size / 1e6])
    inside = "the same, if the runtime's own SDK isn't compiled"
    other = sample([row["ours, SDK not compiled"]["cpu"] / row["plain, SDK in the zip"]["cpu"]
                    for row in rows])  # fmt: skip
    return [
        Figure(inside, other, ""),
        Figure("cold start, as deployed: ours / plain `chalice deploy`",
               ratio(rows, "ours", "plain", "cpu"), "<= 0.45"),
        Figure("zip that is uploaded, MB", size, "<= 4"),
    ]  # fmt: skip


def end_to_end(bench: Bench) -> list[Figure]:
    """Transactions a second through the embedded AWS."""
    zips = {
        name: packages.shipped(packages.project(bench.folder / name, name))
        for name in ("ours", "peer")
    }
    count = 200 if bench.quick else 500
    rows = flow(bench.emulator, zips, 2 if bench.quick else 6, count, bench.each)
    bench.medians["end to end: transactions/s"] = {name: of(rows, name, "rate") for name in zips}
    rate = ratio(rows, "ours", "peer", "rate")
    return [Figure("end to end, transactions a second: ours / peer", rate, ">= 2")]


SECTIONS: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "calls": calls, "new": new, "wait": wait, "large": large, "duplicates": duplicates,
    "single": single, "start": start, "flow": end_to_end,
}  # fmt: skip
