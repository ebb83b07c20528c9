"""Deliberate bugs in the path and in rewards, and how many simulated cases caught each."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import track

from tests.prove.figures import Figure, main
from tests.simulation.bugs import BUGS
from tests.simulation.mutations import hunt

PART = "mutations"
#: Those that `make check` has time for.
QUICK = (
    "skip-the-fingerprint",
    "take-a-living-claim-over",
    "acknowledge-all",
    "an-update-observes-no-batch",
    "quarantine-without-masking",
    "the-memory-comes-after-the-effect",
    "a-return-before-its-sale-counts-at-once",
)


def prove(quick: bool) -> Iterator[Figure]:
    """Put each bug in, and yield how many seeds it took to catch it."""
    budgets = {bug.name: bug.budget for bug in BUGS if not quick or bug.name in QUICK}
    names = list(budgets)
    caught = 0
    for name, seeds in track(
        hunt(names), "hunting bugs", total=len(names), console=Console(stderr=True)
    ):
        caught += seeds > 0
        value = f"{seeds:,} seeds" if seeds else "not caught"
        yield Figure(PART, name, value, f"<= {budgets[name]:,}", seeds > 0)
    yield Figure(PART, "caught", f"{caught} of {len(names)}", "all", caught == len(names))


if __name__ == "__main__":
    sys.exit(main(prove))
