"""`python -m benchmarks`: ours beside the peer, the naive way and the lower bound.

They are handed the same payloads on the same embedded AWS, in random order round by round.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import place, report
from benchmarks.priced import priced
from benchmarks.sections import SECTIONS, Bench
from benchmarks.statistic import Figure
from ops.emulator import running


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print the table, and write it down; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds: two minutes")
    only = "measure these sections only, and write nothing down: " + ", ".join(SECTIONS)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=only)
    written = "where the table is written (default: %(default)s)"
    parser.add_argument("--write", type=Path, default=report.RESULTS, metavar="FILE", help=written)
    options = parser.parse_args(arguments)
    console, began = Console(), time.monotonic()
    os.environ["STAGE"] = "bench"
    chosen = options.only or list(SECTIONS)
    bench, figures = _measured(chosen, console, quick=options.quick)
    if "wait" in chosen:
        figures += priced(bench.medians)
    report.show(console, figures, bench.medians)
    missed = [one for one in figures if one.reached is False]
    console.print(f"{len(figures) - len(missed)} of {len(figures)} targets reached"
                  f" ({time.monotonic() - began:.0f} s)")  # fmt: skip
    if not options.only:
        report.write(options.write, figures, bench.medians, quick=options.quick)
        console.print(f"Written to {options.write}.")
        if not options.quick:
            report.keep(bench.medians)
            console.print("benchmarks/measured.json is new.  Next: python -m benchmarks.document")
    return 0


def _measured(
    chosen: Sequence[str], console: Console, *, quick: bool
) -> tuple[Bench, list[Figure]]:
    columns = (TextColumn("{task.description:12}"), BarColumn(), TimeElapsedColumn())
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as folder,
        running() as emulator,
        Progress(*columns, TextColumn("{task.fields[section]}"), console=console) as progress,
    ):
        task = progress.add_task("measuring", total=len(chosen), section="")
        os.environ |= emulator.environment
        place.create(emulator.client)
        told = Path(folder)
        bench = Bench(emulator, told, quick, progress.refresh)
        for name in chosen:
            progress.update(task, section=SECTIONS[name].__doc__)
            figures += SECTIONS[name](bench)
            progress.advance(task)
    return bench, figures


if __name__ == "__main__":
    sys.exit(main())
