"""Deliberate bugs: each must be caught within its budget of seeds, or the checker is worth nothing.

A mutation replaces text of one module, which must stand there exactly once.  It is put in while the
module is imported, so that each needs a process of its own:

    python -m tests.simulation.mutations equal-content-is-a-duplicate
"""

import argparse
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Mutation(NamedTuple):
    """A bug: texts of a module of chalicelib, and what stands there instead."""

    name: str
    module: str
    changes: tuple[tuple[str, str], ...]
    #: How many seeds it may take to catch it.
    budget: int
    #: What is simulated: the module that runs a seed.
    runs: str

    def applied(self, source: str) -> str:
        """Return the module with the bug in it; raise LookupError where the text has moved."""
        for old, new in self.changes:
            if source.count(old) != 1:
                raise LookupError(f"{self.name}: {old!r} is not once in {self.module}.py")
            source = source.replace(old, new)
        return source

    @property
    def path(self) -> Path:
        return ROOT / "chalicelib" / f"{self.module}.py"


def bug(
    name: str,
    module: str,
    *changes: tuple[str, str],
    budget: int = 2_000,
    runs: str = "tests.simulation.running",
) -> Mutation:
    """Return a mutation of some changes."""
    return Mutation(name, module, changes, budget, runs)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with the bug in it, and never from a cache."""

    mutation: Mutation

    def get_code(self, fullname: str) -> CodeType:
        source = self.mutation.applied(self.mutation.path.read_text())
        return compile(source, self.get_filename(fullname), "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the module that has a bug."""

    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(
        self, fullname: str, _: object, __: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != f"chalicelib.{self._mutation.module}":
            return None
        loader = _Loader(fullname, str(self._mutation.path))
        loader.mutation = self._mutation
        return importlib.util.spec_from_loader(fullname, loader)


def seeds_needed(mutation: Mutation) -> int:
    """Return how many seeds it took to catch the bug in this process, or 0 if none did."""
    if any(name.startswith("chalicelib.") for name in sys.modules):
        raise RuntimeError("a mutation needs a process of its own")
    sys.meta_path.insert(0, _Finder(mutation))
    run_seed = importlib.import_module(mutation.runs).run_seed  # after the bug is in place
    for seed in range(1, mutation.budget + 1):
        if run_seed(seed).broken:
            return seed
    return 0


def hunt(names: list[str], processes: int = 2) -> Iterator[tuple[str, int]]:
    """Yield each mutation's name and the seeds that it took to catch it, or 0."""
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(_hunted, names)


def _hunted(name: str) -> tuple[str, int]:
    command = [sys.executable, "-m", "tests.simulation.mutations", name]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return name, int(done.stdout)


def main() -> int:
    """Print how many seeds it takes to catch a mutation."""
    from tests.simulation.bugs import BUGS  # noqa: PLC0415 - they import this module

    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutations")
    parser.add_argument("name", choices=[bug.name for bug in BUGS])
    name = parser.parse_args().name
    [mutation] = [bug for bug in BUGS if bug.name == name]
    sys.stdout.write(f"{seeds_needed(mutation)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
