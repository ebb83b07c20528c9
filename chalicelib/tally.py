"""What became of each thing that came in, counted; and the proof that nothing is missing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.errors import Rejected


class Fate(StrEnum):
    """How a transaction, or a record that is none, ends in one invocation."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"
    LEFT = "left"


@dataclass
class Tally:
    """One invocation's counts.  `arrived` is counted when reading, fates when all is done."""

    #: Which invocation of the function it is, as Lambda's own log lines name it.
    request_id: str = ""
    arrived: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    discrepancies: Counter[str] = field(default_factory=Counter)
    #: Milliseconds from each sale to its publishing.
    lags: list[int] = field(default_factory=list)
    #: The claims' batch ids, to find an invocation by.
    batches: list[str] = field(default_factory=list)

    def count(self, ended: Iterable[tuple[Fate, Rejected | None]]) -> None:
        """Count how each piece of a message ended, and the codes of those in quarantine."""
        for fate, rejection in ended:
            self.fates[fate] += 1
            if fate is Fate.QUARANTINED and rejection:
                self.codes[rejection.code.value] += 1

    @property
    def conserved(self) -> bool:
        """In = published + duplicate + superseded + ignored + quarantined + left."""
        return self.arrived == self.fates.total()

    def line(self) -> dict[str, Any]:
        """Return the counts as they are logged."""
        return {
            "request_id": self.request_id,
            "in": self.arrived,
            **{fate.value: self.fates[fate] for fate in Fate},
            "conserved": self.conserved,
            "unconserved": int(not self.conserved),
            "discrepancies": self.discrepancies.total(),
            "codes": dict(self.codes),
            "ignored_as": dict(self.reasons),
            "discrepancies_as": dict(self.discrepancies),
            "batches": self.batches,
        }
