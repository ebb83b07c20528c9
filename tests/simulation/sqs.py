"""SQS: visibility, receive counts, a receipt a receive, dead-letter queues, retention, FIFO.

A standard queue gives messages in any order (`choose` says in which), and may give one again that
is being worked on (`show_again`).  A FIFO queue keeps the order within a group, gives nothing of a
group of which something is in flight, and drops what bears a deduplication id of the last five
minutes.  Seconds in the requests, milliseconds inside.
"""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.answers import attributes_size, checked_batch, error, meta

LIMIT = 1024 * 1024
DEDUPE_MS = 300_000
_PREFIX = "AWS.SimpleQueueService."


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


class Sqs:
    """Queues of one account, seen as boto3's client sees them."""

    def __init__(
        self,
        now_ms: Callable[[], int],
        choose: Callable[[list[int]], list[int]] = lambda places: places,
        account: str = "000000000000",
    ) -> None:
        """`choose` puts the places of a standard queue's visible messages into some order."""
        self.meta = meta()
        self.queues: dict[str, Queue] = {}
        self._now_ms = now_ms
        self._choose = choose
        self._account = account
        self._numbers = itertools.count(1)

    def create_queue(self, QueueName: str, Attributes: dict[str, str] | None = None) -> Any:  # noqa: N803
        wanted = Attributes or {}
        redrive = json.loads(wanted.get("RedrivePolicy", "{}"))
        self.queues[QueueName] = Queue(
            QueueName,
            visibility=int(wanted.get("VisibilityTimeout", 30)) * 1000,
            retention=int(wanted.get("MessageRetentionPeriod", 345_600)) * 1000,
            most_receives=int(redrive.get("maxReceiveCount", 0)),
            dead=redrive.get("deadLetterTargetArn", "").rpartition(":")[2],
        )
        return {"QueueUrl": f"{self.meta.endpoint_url}/{self._account}/{QueueName}"}

    def send_message(
        self,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageAttributes: dict[str, Any] | None = None,  # noqa: N803
        **more: str,
    ) -> Any:
        queue = self._queue(QueueUrl, "SendMessage")
        entry = {"MessageBody": MessageBody, "MessageAttributes": MessageAttributes or {}, **more}
        if refusal := _refusal(queue, entry):
            raise error("SendMessage", *refusal)
        if _size(entry) > LIMIT:
            raise error("SendMessage", "InvalidParameterValue", "The message is too long.")
        return {"MessageId": self._take_in(queue, entry)}

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> Any:  # noqa: N803
        queue = self._queue(QueueUrl, "SendMessageBatch")
        checked_batch("SendMessageBatch", Entries, _PREFIX)
        if sum(map(_size, Entries)) > LIMIT:
            raise error("SendMessageBatch", f"{_PREFIX}BatchRequestTooLong", "Over a mebibyte.")
        answer: dict[str, list[Any]] = {"Successful": [], "Failed": []}
        for entry in Entries:
            if refusal := _refusal(queue, entry):
                code, message = refusal
                failed = {"Code": code, "Message": message, "SenderFault": True}
                answer["Failed"].append({"Id": entry["Id"], **failed})
            else:
                taken = {"Id": entry["Id"], "MessageId": self._take_in(queue, entry)}
                answer["Successful"].append(taken)
        return {part: found for part, found in answer.items() if found}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int = 1, **_: Any) -> Any:  # noqa: N803
        queue, now = self._queue(QueueUrl, "ReceiveMessage"), self._now_ms()
        self._drop_the_old(queue, now)
        visible = [at for at, one in queue.messages.items() if one.visible_at <= now]
        order = _in_groups(queue, visible, now) if queue.fifo else self._choose(visible)
        given: list[Any] = []
        for place in order:
            if len(given) == MaxNumberOfMessages:
                break
            one = queue.messages[place]
            if queue.most_receives and one.receives >= queue.most_receives:
                self._bury(queue, place)
                continue
            one.receives += 1
            one.visible_at = now + queue.visibility
            one.receipt = f"{place}:{one.receives}:{queue.name}"
            given.append(_shown(one))
        return {"Messages": given} if given else {}

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> Any:  # noqa: N803
        self._delete(self._queue(QueueUrl, "DeleteMessage"), ReceiptHandle)
        return {}

    def delete_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> Any:  # noqa: N803
        queue = self._queue(QueueUrl, "DeleteMessageBatch")
        checked_batch("DeleteMessageBatch", Entries, _PREFIX)
        for entry in Entries:
            self._delete(queue, entry["ReceiptHandle"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(
        self,
        QueueUrl: str,  # noqa: N803
        Entries: Sequence[dict[str, Any]],  # noqa: N803
    ) -> Any:
        queue, now = self._queue(QueueUrl, "ChangeMessageVisibilityBatch"), self._now_ms()
        checked_batch("ChangeMessageVisibilityBatch", Entries, _PREFIX)
        answer: dict[str, list[Any]] = {"Successful": [], "Failed": []}
        for entry in Entries:
            one = queue.messages.get(int(entry["ReceiptHandle"].partition(":")[0]))
            if one is None or one.receipt != entry["ReceiptHandle"] or one.visible_at <= now:
                code = f"{_PREFIX}MessageNotInflight"
                answer["Failed"].append({"Id": entry["Id"], "Code": code, "SenderFault": True})
            else:
                one.visible_at = now + entry["VisibilityTimeout"] * 1000
                answer["Successful"].append({"Id": entry["Id"]})
        return {part: found for part, found in answer.items() if found}

    def show_again(self, queue: str, receipt: str, at: int) -> None:
        """Let a message in flight be seen at that time (ms), as a lapse or a duplicate is."""
        one = self.queues[queue].messages.get(int(receipt.partition(":")[0]))
        if one is not None and one.receipt == receipt:
            one.visible_at = min(one.visible_at, at)

    def _queue(self, url: str, operation: str) -> Queue:
        name = url.rpartition("/")[2]
        if name not in self.queues:
            raise error(operation, f"{_PREFIX}NonExistentQueue", "The queue does not exist.")
        return self.queues[name]

    def _take_in(self, queue: Queue, entry: dict[str, Any]) -> str:
        """Store a message, unless a FIFO queue knows it; return its id."""
        now, number = self._now_ms(), next(self._numbers)
        if queue.fifo:
            identity = entry["MessageDeduplicationId"]
            since, known = queue.known.get(identity, (now - DEDUPE_MS, ""))
            if now - since < DEDUPE_MS:
                return known
            queue.known[identity] = now, f"{queue.name}-{number}"
        queue.messages[number] = Stored(
            f"{queue.name}-{number}",
            entry["MessageBody"],
            entry.get("MessageAttributes", {}),
            now,
            now,
            entry.get("MessageGroupId", ""),
        )
        return f"{queue.name}-{number}"

    def _drop_the_old(self, queue: Queue, now: int) -> None:
        for place in [at for at, one in queue.messages.items() if now - one.sent > queue.retention]:
            del queue.messages[place]

    def _bury(self, queue: Queue, place: int) -> None:
        """Move a message that was received too often; it keeps its id and the time of sending."""
        one = queue.messages.pop(place)
        one.receives, one.receipt, one.visible_at = 0, "", self._now_ms()
        self.queues[queue.dead].messages[place] = one

    def _delete(self, queue: Queue, receipt: str) -> None:
        """Delete by the newest receipt; with an older one it succeeds, and deletes nothing."""
        place = int(receipt.partition(":")[0])
        one = queue.messages.get(place)
        if one is not None and one.receipt == receipt:
            del queue.messages[place]


def _in_groups(queue: Queue, visible: list[int], now: int) -> list[int]:
    """Return what a FIFO queue may give: the first of each group that has nothing in flight."""
    busy = {one.group for one in queue.messages.values() if one.visible_at > now}
    return [at for at in visible if queue.messages[at].group not in busy]


def _refusal(queue: Queue, entry: dict[str, Any]) -> tuple[str, str] | None:
    if not entry["MessageBody"]:
        return "MissingParameter", "The request must contain the parameter MessageBody."
    if queue.fifo and not (entry.get("MessageGroupId") and entry.get("MessageDeduplicationId")):
        return "MissingParameter", "A FIFO queue needs a group and a deduplication id."
    return None


def _size(entry: dict[str, Any]) -> int:
    return len(entry["MessageBody"].encode()) + attributes_size(entry.get("MessageAttributes", {}))


def _shown(one: Stored) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": one.id,
        "ReceiptHandle": one.receipt,
        "Body": one.body,
        "Attributes": {
            "ApproximateReceiveCount": str(one.receives),
            "SentTimestamp": str(one.sent),
        },
    }
    if one.attributes:
        shown["MessageAttributes"] = one.attributes
    return shown
