"""The table, for the terminal and for benchmarks/RESULTS.md."""

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.statistic import Figure, Sample

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
#: What is written by hand: the method, the limits, and what didn't pay.
METHOD = HERE / "METHOD.md"
_PACKAGES = ("botocore", "pydantic", "chalice", "aws-lambda-powertools", "ministack")

_NEW = {"1": "1 new", "10": "10 new", "100": "100 new"}
_SEEN = {"1": "1 duplicate, new container", "10": "10 duplicates, new container"}
_KEPT = {"new": _NEW, "duplicate": _SEEN}

Medians = Mapping[str, Mapping[str, Sample]]


def show(console: Console, figures: Sequence[Figure], medians: Medians) -> None:
    """Print both tables."""
    table = Table("figure", "measured", "target", "reached", box=SIMPLE_HEAD)
    for one in figures:
        table.add_row(one.what, str(one.sample), one.target, _verdict(one))
    console.print(table)
    for title, told in medians.items():
        console.print(f"{title:45}", "  ".join(f"{k} {v.median:.4g}" for k, v in told.items()))


def write(path: Path, figures: Sequence[Figure], medians: Medians, *, quick: bool) -> None:
    """Write the report: the figures, then how they came about."""
    lines = [*_head(quick=quick), *_figures(figures), *_medians(medians), METHOD.read_text()]
    path.write_text("\n".join(lines))


def keep(medians: Medians) -> None:
    """Keep the CPU that the cost follows from (ms a batch), by the batch's size."""
    measured = {
        kind: {
            size: round(medians[f"{name}: CPU ms"]["ours"].median, 2) for size, name in of.items()
        }
        for kind, of in _KEPT.items()
    }
    (HERE / "measured.json").write_text(json.dumps(measured, indent=2) + "\n")


def _head(*, quick: bool) -> Iterator[str]:
    yield "# Measured: speed and cost\n"
    yield "Written by `make bench`; what is measured and how, and its limits: below the tables.\n"
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"{_cpu()}, {os.cpu_count()} CPUs; {platform.system()}"
    yield f"{machine}, Python {platform.python_version()}; {packages}."
    run = "  A quick run: few rounds." if quick else ""
    yield f"Load average when it ended: {os.getloadavg()[0]:.1f}.{run}\n"


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    yield "## Targets\n"
    yield "Median, and the quartiles in brackets.  Ratios are taken within each round.\n"
    yield "| figure | measured | target | reached | rounds |\n|---|---|---|---|---|"
    for one in figures:
        verdict = _verdict(one)
        yield f"| {one.what} | {one.sample} | {one.target} | {verdict} | {one.sample.rounds} |"


def _medians(medians: Medians) -> Iterator[str]:
    yield "\n## Medians of all variants\n"
    for title, told in medians.items():
        yield f"- {title}: " + ", ".join(f"{name} {found}" for name, found in told.items())
    yield ""


def _verdict(one: Figure) -> str:
    return {True: "yes", False: "no", None: ""}[one.reached]


def _cpu() -> str:
    found = Path("/proc/cpuinfo")
    names = [line for line in found.read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.processor()
