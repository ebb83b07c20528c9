"""A plot over time, drawn as SVG: what was published as an area, what was set aside as marks.

Its colours are the style sheet's.  A table beside it says the same in figures.
"""

from dataclasses import dataclass

from ops.console.counts import Activity
from ops.console.words import clock

_WIDTH, _BASE = 720, 4


@dataclass(frozen=True)
class Mark:
    """A bucket in which something was set aside, or tried again."""

    x: float
    kind: str


@dataclass(frozen=True)
class Plot:
    """What the template draws: points of a polygon and a line, in a box of width by height."""

    width: int
    height: int
    area: str
    line: str
    marks: tuple[Mark, ...]
    most: int
    first: str
    last: str
    about: str


def plot(one: Activity, height: int = 160) -> Plot:
    """Draw a merchant's activity."""
    values = [bucket["published"] for bucket in one.buckets]
    most, step = max([*values, 1]), _WIDTH / len(values)
    xy = [
        (round((at + 0.5) * step, 1), round(_BASE + (height - 2 * _BASE) * (1 - value / most), 1))
        for at, value in enumerate(values)
    ]
    line = " ".join(f"{x},{y}" for x, y in xy)
    marks = tuple(
        Mark(xy[at][0], kind)
        for at, bucket in enumerate(one.buckets)
        for kind in ("quarantined", "left")
        if bucket[kind]
    )
    totals = one.totals
    minutes = one.window.period // 60
    each = "a minute" if minutes == 1 else f"in {minutes} minutes"
    about = (
        f"{totals['published']:,} published in the last {one.window.name}, at most {max(values):,}"
        f" {each}; {totals['quarantined']:,} quarantined"
    )
    return Plot(
        _WIDTH, height, f"0,{height} {line} {_WIDTH},{height}", line, marks, max(values),
        clock(one.start_ms), clock(one.at(len(one.buckets))), about,
    )  # fmt: skip
