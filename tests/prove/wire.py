"""Faults on the wire: each row is a fault between the deployed functions and the emulator."""

import sys
from collections.abc import Iterator, Sequence

from ops.emulator import running
from tests.prove.figures import Figure, main
from tests.wire.matrix import Result, bench, run
from tests.wire.rows import FAST, QUICK, SLOW_ROWS, Row

#: Merchants that share the fast rows; each of the slow ones has a merchant to itself.
SHARED = 4


def prove(quick: bool) -> Iterator[Figure]:
    """Run the fault matrix: a figure per row."""
    lanes = dealt(QUICK if quick else FAST, SHARED)
    lanes += [] if quick else [(row,) for row in SLOW_ROWS]
    with running() as emulator, bench(emulator, "wire", len(lanes)) as on:
        yield from map(figure, run(on, lanes))


def dealt(rows: Sequence[Row], lanes: int) -> list[Sequence[Row]]:
    """Deal the rows out to so many merchants."""
    return [rows[lane::lanes] for lane in range(lanes)]


def figure(result: Result) -> Figure:
    found, row = result.found, result.found.row
    arrived = len(found.arrived.get("rewards", ()))
    value = f"{sum(found.fired)} fired, {found.sent} sent, {arrived} arrived"
    value += f", received {found.most_receives}x at most"
    bound = "none lost, " + ("copies under one id" if row.window else "none twice")
    if found.unheard:
        value += f", {found.unheard} invocations unheard"
    if found.given_up:
        bound += f" (not waited for: {dict(found.given_up)})"
    if result.broken:
        bound += f"; BUT {'; '.join(result.broken)}"
    return Figure("wire", row.name, value, bound, holds=not result.broken)


if __name__ == "__main__":
    sys.exit(main(prove))
