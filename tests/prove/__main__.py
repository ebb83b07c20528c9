"""`make prove`: every part of the proof, and one table of what it found.

Parts that need the whole machine run alone, the others side by side.  It fails if a figure breaks
its bound, or if a part ends in any other way than by its figures.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.prove.figures import Figure, read, show, written

ROOT = Path(__file__).parents[2]
OUT = ROOT / ".local" / "prove"
RESULTS = Path(__file__).with_name("RESULTS.md")
CORES = 2
#: The parts in their order, and the cores that each keeps busy; the longest of one core is first.
PARTS = {"simulation": 2, "mutations": 2, "soak": 2, "door": 2,
         "fuzz": 1, "wire": 1, "exhaustive": 1, "cards": 1, "money": 1}  # fmt: skip
_LOOK_SECONDS = 0.2


@dataclass
class Running:
    """A part at work; its figures and its log are files."""

    name: str
    process: "subprocess.Popen[bytes]"
    began: float = field(default_factory=time.monotonic)

    @property
    def figures(self) -> list[Figure]:
        """What it found; one figure more if it broke off."""
        found = list(read((OUT / f"{self.name}.jsonl").read_text().splitlines()))
        status, broken = self.process.returncode, any(not one.holds for one in found)
        if status and not broken:
            reason = f"see {(OUT / self.name).relative_to(ROOT)}.log"
            found.append(Figure(self.name, f"it broke off: {reason}", f"exit {status}", "0", False))
        return found


def main() -> int:
    """Run the parts that are asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a small share of each")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    console, began = Console(), time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = [name for name in PARTS if name in options.parts or not options.parts]
    figures = [one for part in _run(wanted, console, quick=options.quick) for one in part.figures]
    sound = show(figures, console)
    seconds = round(time.monotonic() - began)
    if not (options.quick or options.parts):
        RESULTS.write_text(written(figures, seconds))
        console.print(f"Written to {RESULTS.relative_to(ROOT)}.")
    if sound:
        console.print(f"[green]All of it holds.[/] ({seconds} s)")
        return 0
    console.print(f"[bold red]It does not hold.[/] ({seconds} s) Logs: {OUT.relative_to(ROOT)}")
    return 1


def _run(wanted: list[str], console: Console, *, quick: bool) -> list[Running]:
    """Run the parts, as many at a time as there are cores for; return them in their order."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    waiting, ended = list(wanted), dict[str, Running]()
    with Progress(*columns, console=console) as progress, _ending() as at_work:
        while waiting or at_work:
            while waiting and _free(at_work) >= PARTS[waiting[0]]:
                part = _start(waiting.pop(0), quick=quick)
                at_work[part.name] = part, progress.add_task(part.name, total=1)
            time.sleep(_LOOK_SECONDS)
            for part, task in list(at_work.values()):
                if part.process.poll() is not None:
                    ended[part.name] = part
                    mark = "ended" if part.process.returncode == 0 else "[red]broken"
                    progress.update(task, completed=1, description=f"{part.name}: {mark}")
                    del at_work[part.name]
    return [ended[name] for name in wanted]


def _free(at_work: "dict[str, tuple[Running, object]]") -> int:
    return CORES - sum(PARTS[name] for name in at_work)


def _start(name: str, *, quick: bool) -> Running:
    command = [sys.executable, "-m", f"tests.prove.{name}", "--json", *(["--quick"] * quick)]
    with (OUT / f"{name}.jsonl").open("wb") as out, (OUT / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=log, start_new_session=True
        )
    return Running(name, process)


@contextmanager
def _ending() -> "Iterator[dict[str, tuple[Running, object]]]":
    """Leave nothing running, however it ends."""
    at_work: dict[str, tuple[Running, object]] = {}
    try:
        yield at_work
    finally:
        for part, _ in at_work.values():
            with suppress(ProcessLookupError):
                os.killpg(part.process.pid, signal.SIGINT)
            part.process.wait()


if __name__ == "__main__":
    sys.exit(main())
