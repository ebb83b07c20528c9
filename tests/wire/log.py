"""What the functions have logged: their counts, an invocation each."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ops.logged import logged


@dataclass
class Log:
    """A function's log: which invocations began, and the counts that each has told.

    A killed worker tells nothing.  On a busy machine the emulator forgets lines as well.
    """

    began: set[str] = field(default_factory=set)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, text: str) -> None:
        if found := re.match(r"START RequestId: (\S+)", text):
            self.began.add(found[1])
        elif '"conserved"' in text:
            line = json.loads(text)
            self.told[line["request_id"]] = line

    def since(self, before: "Log") -> "Log":
        """Return what came after an earlier look."""
        told = {name: line for name, line in self.told.items() if name not in before.began}
        return Log(self.began - before.began, told)

    @property
    def silent(self) -> int:
        """Invocations that told nothing."""
        return len(self.began - self.told.keys())

    @property
    def conserved(self) -> bool:
        return all(line["conserved"] for line in self.told.values())

    @property
    def published(self) -> int:
        return sum(line["published"] for line in self.told.values())

    @property
    def ended(self) -> int:
        """How many messages came to an end, a transaction in each."""
        return sum(line["in"] - line["left"] for line in self.told.values())


def read(logs: Any, group: str) -> Log:
    """Return a function's log."""
    found = Log()
    for message in logged(logs, group):
        found.read(message)
    return found
