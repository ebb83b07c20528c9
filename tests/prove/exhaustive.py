"""Every interleaving of up to five workers at one key, against the real table of decisions."""

import gc
import sys
from collections.abc import Iterator

from chalicelib.claims import Verdict
from tests.exhaustive import mutants
from tests.exhaustive.search import Bounds, Findings, search
from tests.prove.figures import Figure, main

PART = "exhaustive"
#: Repeats, reverts, late ones, contents that contradict each other; faults as many as are feasible.
LARGE = (
    Bounds("A1 A1 B2 B2 A3", crashes=2),
    Bounds("A1 A1 B2 X2 A3", crashes=2),
    Bounds("A1 B2 A3 C4 A5", crashes=2),
    Bounds("A1 A1 B2 A3", destinations=2, crashes=2),
    Bounds("A1 A1 B2 X2", losses=1),
    Bounds("A1 A1 B2 A3", crashes=2, losses=1),
    Bounds("A1 B2 A3", losses=2),
)


def prove(quick: bool) -> Iterator[Figure]:
    """Search every interleaving of up to five workers at one key for a broken promise."""
    every = mutants.BOUNDS if quick else (*mutants.BOUNDS, *LARGE)
    gc.disable()  # nothing here is a cycle, and there are millions of tuples to look at in vain
    found = [(bounds, search(bounds)) for bounds in every]
    gc.enable()
    yield Figure(PART, "configurations", str(len(found)))
    yield Figure(PART, "states", _sum(found, "states"))
    yield Figure(PART, "steps", _sum(found, "steps"))
    yield Figure(PART, "terminal states", _sum(found, "terminal"))
    yield Figure(PART, "longest path", str(max(one.longest for _, one in found)))
    broken = [(bounds, one) for bounds, one in found if one.counterexample]
    yield Figure(PART, "violations", str(len(broken)), "0", holds=not broken)
    for bounds, one in broken:
        sys.stderr.write("\n".join([f"{bounds}:", *one.counterexample, ""]))
    yield from _noticed(quick=quick)


def _sum(found: list[tuple[Bounds, Findings]], name: str) -> str:
    return f"{sum(getattr(one, name) for _, one in found):,}"


def _noticed(*, quick: bool) -> Iterator[Figure]:
    """Tell how many of the wrong tables the search notices: all but those known to be harmless."""
    shortcuts = [mutants.noticed(rules) for rules in mutants.SHORTCUTS.values()]
    yield _share("shortcuts found", shortcuts)
    if not quick:
        cells = list(mutants.every_cell())
        missed = {(where, v) for where, _, v in cells if not _found(where, v)}
        value = f"{len(cells) - len(missed)} of {len(cells)}"
        bound = f"all but {len(mutants.HARMLESS)} harmless ones"
        yield Figure(
            PART, "wrong cells found", value, bound, holds=missed == mutants.HARMLESS.keys()
        )


def _found(where: mutants.Cell, verdict: Verdict) -> bool:
    return bool(mutants.noticed(mutants.otherwise(where, verdict)))


def _share(name: str, noticed: list[list[str]]) -> Figure:
    count = sum(map(bool, noticed))
    return Figure(PART, name, f"{count} of {len(noticed)}", "all", holds=all(noticed))


if __name__ == "__main__":
    sys.exit(main(prove))
