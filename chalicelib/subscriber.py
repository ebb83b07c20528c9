"""A subscriber's batch: each event once through its inbox, and each message to its end."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.calls import attempt
from chalicelib.errors import Ignored, Rejected, Retry
from chalicelib.inbox import Effect, Inbox, Outcome
from chalicelib.metrics import directive
from chalicelib.quarantine import Quarantine
from chalicelib.receive import Message
from chalicelib.shelf import Waiting
from chalicelib.story import Told, told

#: What must fit before the deadline when an event begins: some reads and a write, tried again.
EVENT_MS = 25_000
COUNTS = (*map(str, Outcome), "ignored", "quarantined", "left", "released", "overdue")


@dataclass(frozen=True)
class Subscriber:
    """What takes events from a queue of its own.

    `effect_of` says what an event does, or raises Ignored where that is nothing.
    """

    name: str
    inbox: Inbox
    effect_of: Callable[[Told], Effect]
    quarantine: Quarantine
    acknowledge: Callable[[Sequence[Message], Sequence[Message]], None]
    log: Callable[[dict[str, Any]], None]
    now_ms: Callable[[], int]

    def run(self, messages: Iterable[Message], deadline_ms: int, request_id: str = "") -> None:
        """Bring every message to its end before the deadline, or raise Retry for the rest."""
        fates: list[tuple[Message, str]] = []
        for message in messages:
            fits = self.now_ms() + EVENT_MS <= deadline_ms
            fate = attempt(self._fate, message) if fits else "left"
            fates.append((message, fate if isinstance(fate, str) else "left"))
        counts = Counter(fate for _, fate in fates)
        counts["released"], counts["overdue"] = self._release(deadline_ms)
        self._log(len(fates), counts, request_id)
        left = [message for message, fate in fates if fate == "left"]
        if left:
            self.acknowledge([message for message, fate in fates if fate != "left"], left)
            raise Retry(f"{len(left)} of {len(fates)} messages are left for another try")

    def _fate(self, message: Message) -> str:
        try:
            body = message.body()
            text = body if isinstance(body, str) else body.decode("utf-8", "replace")
            news = told(text)
            return self.inbox.take(news, self.effect_of(news))
        except Ignored:
            return "ignored"
        except Rejected as reason:
            self.quarantine.put(message, [reason])
            return "quarantined"

    def _release(self, deadline_ms: int) -> tuple[int, int]:
        """Let what has waited long enough count; return how many could and couldn't."""
        found = attempt(lambda _: self.inbox.overdue(), None)
        overdue = found if isinstance(found, list) else []
        released = 0
        for one in overdue:
            if self.now_ms() + EVENT_MS <= deadline_ms:
                released += not isinstance(attempt(self._let_count, one), Exception)
        return released, len(overdue) - released

    def _let_count(self, one: Waiting) -> None:
        self.inbox.release(one, self.effect_of(Told("", one.source, one.subject, 0, {})))

    def _log(self, arrived: int, counts: Counter[str], request_id: str) -> None:
        line = {"subscriber": self.name, "request_id": request_id, "in": arrived}
        line |= {name: counts[name] for name in COUNTS}
        units = {name: "Count" for name in ("in", *COUNTS) if line[name]}
        self.log(line | directive(("stage", "subscriber"), units, self.now_ms()))
