"""The table's row of costs, from the durations that were just measured."""

from collections.abc import Mapping

from benchmarks.cost import Usage, per_million
from benchmarks.sections import MEMORY
from benchmarks.statistic import Figure, Sample


def priced(medians: Mapping[str, Mapping[str, Sample]]) -> list[Figure]:
    """Return what a million new transactions cost at batch 10, by the measured duration."""
    wall = medians[f"10 new, latency, {MEMORY} MB: wall ms"]["ours"]
    low, middle, high = (
        sum(per_million(Usage(batch=10, memory=MEMORY), ms).values())
        for ms in (wall.low, wall.median, wall.high)
    )
    what = f"list price per million transactions, batch 10, {MEMORY} MB, $"
    return [Figure(what, Sample(middle, low, high, wall.rounds), "<= 1")]
