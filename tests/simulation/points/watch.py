"""What may never be, not even on the way: looked at whenever rewards write.

What waits for a sale that isn't known must be listed as waiting, and must not count.  In the end
all of it counts or is joined to its sale, so the balances alone wouldn't tell.
"""

from typing import TYPE_CHECKING, Any

from chalicelib.story import Story, unpacked

if TYPE_CHECKING:
    from tests.simulation.points.table import Table
    from tests.simulation.witness import Effect


class Watch:
    """Keeps what was wrong with a transaction of the table's."""

    def __init__(self, table: "Table") -> None:
        self.broken: list[str] = []
        self._table = table
        self._seen = 0

    def saw(self, effect: "Effect") -> None:
        """Look at what was written, if it was: a token that is known writes nothing."""
        if self._table.writes == self._seen:
            return
        self._seen = self._table.writes
        puts = [one["Put"]["Item"] for one in effect.request["TransactItems"] if "Put" in one]
        lost = [
            (subject, found[subject].due)
            for found in (unpacked(item["story"]["B"]) for item in puts if "story" in item)
            for subject in found
            if _lost(found, subject)
        ]
        for subject, due in lost:
            if (subject, due) not in self._listed():
                self.broken.append(f"{subject} waits and isn't listed")
        early = {subject for subject, _ in lost}
        for item in puts:
            if item["sk"]["S"].startswith("entry#") and item["subject"]["S"] in early:
                self.broken.append(f"{item['subject']['S']} counts before its sale is known")

    def _listed(self) -> set[tuple[str, int]]:
        items: list[Any] = [write["Put"]["Item"] for write in self._pending_puts()]
        items += self._table.items.values()
        return {
            (item["subject"]["S"], int(item["due"]["N"]))
            for item in items
            if item["pk"]["S"].startswith("waiting#")
        }

    def _pending_puts(self) -> list[Any]:
        return [write for write in self._table.pending.values() if "Put" in write]


def _lost(found: Story, subject: str) -> bool:
    """Tell whether what it refers to, or that refers to, was never told, and it waits for that."""
    one = found.get(subject)
    if one is None:
        return True
    return not one.alone and one.original is not None and _lost(found, one.original)
