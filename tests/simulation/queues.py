"""A queue of SQS's, and the messages in it."""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.answers import attributes_size

LIMIT = 1024 * 1024
DEDUPE_MS = 300_000


@dataclass
class Stored:
    """One message in a queue."""

    id: str
    body: str
    attributes: dict[str, Any]
    sent: int
    visible_at: int
    group: str = ""
    receives: int = 0
    receipt: str = ""


@dataclass
class Queue:
    """One queue; `messages` stand in the order in which they were taken in."""

    name: str
    visibility: int
    retention: int
    most_receives: int = 0
    dead: str = ""
    messages: dict[int, Stored] = field(default_factory=dict)
    #: FIFO: when each deduplication id was taken in, and as which message.
    known: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")

    def next_visible(self) -> int | None:
        """Return when the first of its messages can be received, in ms."""
        return min((one.visible_at for one in self.messages.values()), default=None)


def in_groups(queue: Queue, visible: list[int], now: int) -> list[int]:
    """Return what a FIFO queue may give: the first of each group that has nothing in flight."""
    busy = {one.group for one in queue.messages.values() if one.visible_at > now}
    return [at for at in visible if queue.messages[at].group not in busy]


def refusal(queue: Queue, entry: dict[str, Any]) -> tuple[str, str] | None:
    """Return the code and the text by which a message is refused, or None."""
    if not entry["MessageBody"]:
        return "MissingParameter", "The request must contain the parameter MessageBody."
    if queue.fifo and not (entry.get("MessageGroupId") and entry.get("MessageDeduplicationId")):
        return "MissingParameter", "A FIFO queue needs a group and a deduplication id."
    return None


def size(entry: dict[str, Any]) -> int:
    """Return the bytes that a message counts for."""
    return len(entry["MessageBody"].encode()) + attributes_size(entry.get("MessageAttributes", {}))


def shown(one: Stored) -> dict[str, Any]:
    """Return a message as a receive shows it."""
    found: dict[str, Any] = {
        "MessageId": one.id,
        "ReceiptHandle": one.receipt,
        "Body": one.body,
        "Attributes": {
            "ApproximateReceiveCount": str(one.receives),
            "SentTimestamp": str(one.sent),
        },
    }
    if one.attributes:
        found["MessageAttributes"] = one.attributes
    return found
