"""What functions of the embedded AWS have logged: it answers with part of it, and has no pages."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.tally import Fate

#: What a function counts: all that came in, and what became of it.
COUNTED = ("in", *(fate.value for fate in Fate))

#: It answers with so many events at most.
EVENTS_AN_ANSWER = 10_000


def logged(logs: Any, group: str) -> Iterator[str]:
    """Yield what was written to a log group, each event once; nothing if nobody made the group.

    The last millisecond of a full answer is asked for again, as it may go on.
    """
    start = 0
    while len(events := _events(logs, group, start)) == EVENTS_AN_ANSWER:
        last = events[-1]["timestamp"]
        yield from (event["message"] for event in events if event["timestamp"] < last)
        if last == start:
            raise RuntimeError(f"{group} has more events of one millisecond than can be told")
        start = last
    yield from (event["message"] for event in events)


def _events(logs: Any, group: str, start: int) -> list[dict[str, Any]]:
    try:
        answer = logs.filter_log_events(logGroupName=group, startTime=start, limit=EVENTS_AN_ANSWER)
    except logs.exceptions.ResourceNotFoundException:
        return []
    found: list[dict[str, Any]] = answer["events"]
    return found


@dataclass
class Log:
    """A function's log: which invocations began, and the counts that each has told.

    A killed worker tells nothing.  On a busy machine the emulator forgets lines as well.
    """

    began: set[str] = field(default_factory=set)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Read a log's events; the emulator enters an invocation's when the invocation is over."""
        log = cls()
        for text in texts:
            if found := re.match(r"START RequestId: (\S+)", text):
                log.began.add(found[1])
            elif text.startswith("{") and '"conserved"' in text:
                line = json.loads(text)
                log.told[line["request_id"]] = line
        return log

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
    def counts(self) -> Counter[str]:
        """The sums of what was told."""
        return Counter({name: sum(line.get(name, 0) for line in self.told.values())
                        for name in COUNTED})  # fmt: skip

    @property
    def ended(self) -> int:
        """How many messages came to an end, a transaction in each."""
        return self.counts["in"] - self.counts["left"]
