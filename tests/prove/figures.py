"""What a part of the proof found: figures, each with the bound it must keep."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

#: The exit status of what was interrupted, as the shell has it.
INTERRUPTED = 130


@dataclass(frozen=True)
class Figure:
    """One measured figure; `holds` says whether it keeps its bound, where it has one."""

    part: str
    name: str
    value: str
    bound: str = ""
    holds: bool = True


#: A part of the proof.  `quick` asks for the small share that `make check` has time for.
Part = Callable[[bool], Iterable[Figure]]


def show(figures: Iterable[Figure], console: Console) -> bool:
    """Print the figures as one table; return whether all of them hold."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("part", "figure", "value", "bound", ""):
        table.add_column(head, justify="right" if head == "value" else "left")
    sound = True
    for one in figures:
        mark = ("[green]holds" if one.holds else "[red]BROKEN") if one.bound else ""
        table.add_row(one.part, one.name, one.value, one.bound, mark)
        sound &= one.holds
    console.print(table)
    return sound


def written(figures: Iterable[Figure], seconds: int) -> str:
    """Return the figures as a page."""
    lines = ["# What the proof found", "",
             f"Written by `make prove`, which took {seconds // 60} min {seconds % 60} s.", "",
             "| part | figure | value | bound | |", "|---|---|---|---|---|"]  # fmt: skip
    for one in figures:
        mark = ("holds" if one.holds else "**broken**") if one.bound else ""
        lines.append(f"| {one.part} | {one.name} | {one.value} | {one.bound} | {mark} |")
    return "\n".join(lines) + "\n"


def main(part: Part) -> int:
    """Run one part: a table for people, or JSON lines for `python -m tests.prove`."""
    parser = argparse.ArgumentParser(description=part.__doc__)
    parser.add_argument("--quick", action="store_true", help="a small share, for make check")
    parser.add_argument("--json", action="store_true", help="figures as JSON lines")
    options = parser.parse_args()
    # What a part has started is ended on the way out, whoever asks it to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    found = part(options.quick)
    if not options.json:
        return 0 if show(list(found), Console()) else 1
    return _told(found)


def _told(found: Iterable[Figure]) -> int:
    sound = True
    for one in found:
        sys.stdout.write(json.dumps(asdict(one)) + "\n")
        sys.stdout.flush()
        sound &= one.holds
    return 0 if sound else 1


def read(lines: Iterable[str]) -> Iterator[Figure]:
    """Return the figures that a part has written as JSON lines."""
    return (Figure(**json.loads(line)) for line in lines if line.startswith("{"))
