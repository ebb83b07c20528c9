"""Median and spread, and what was to be reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.rounds import Rows


@dataclass(frozen=True)
class Sample:
    """The median of several rounds, and the quartiles around it."""

    median: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.3g}"
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Figure:
    """A row of the table: what was measured, and how it compares with what was to be reached."""

    what: str
    sample: Sample
    target: str

    @property
    def reached(self) -> bool | None:
        """Tell whether the target (`<= 3`, `>= 4`, `< 2`, or empty) is reached by the median."""
        if not self.target:
            return None
        sign, limit = self.target.split()
        value, bound = self.sample.median, float(limit)
        return {"<=": value <= bound, ">=": value >= bound, "<": value < bound}[sign]


def sample(values: Sequence[float]) -> Sample:
    """Return median and quartiles."""
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return Sample(values[0], values[0], values[0], len(values))
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Sample(median, low, high, len(values))


def ratio(rows: Rows, above: str, below: str, what: str) -> Sample:
    """Return the ratio of two variants within each round: the machine's moods cancel out."""
    return sample([row[above][what] / row[below][what] for row in rows])


def of(rows: Rows, variant: str, what: str, per: float = 1) -> Sample:
    return sample([row[variant][what] / per for row in rows])
