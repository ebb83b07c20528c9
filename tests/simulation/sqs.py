"""SQS: visibility, receive counts, a receipt a receive, dead-letter queues, retention, FIFO.

A standard queue gives messages in any order (`choose` says in which), and may give one again that
is being worked on (`show_again`).  A FIFO queue keeps the order within a group, gives nothing of a
group of which something is in flight, and drops what bears a deduplication id of the last five
minutes.  Seconds in the requests, milliseconds inside.
"""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.simulation.answers import checked_batch, error, meta
from tests.simulation.queues import (
    DEDUPE_MS,
    LIMIT,
    Queue,
    Stored,
    in_groups,
    refusal,
    shown,
    size,
)

_PREFIX = "AWS.SimpleQueueService."


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
        if refused := refusal(queue, entry):
            raise error("SendMessage", *refused)
        if size(entry) > LIMIT:
            raise error("SendMessage", "InvalidParameterValue", "The message is too long.")
        return {"MessageId": self._take_in(queue, entry)}

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> Any:  # noqa: N803
        queue = self._queue(QueueUrl, "SendMessageBatch")
        checked_batch("SendMessageBatch", Entries, _PREFIX)
        if sum(map(size, Entries)) > LIMIT:
            raise error("SendMessageBatch", f"{_PREFIX}BatchRequestTooLong", "Over a mebibyte.")
        answer: dict[str, list[Any]] = {"Successful": [], "Failed": []}
        for entry in Entries:
            if refused := refusal(queue, entry):
                code, message = refused
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
        order = in_groups(queue, visible, now) if queue.fifo else self._choose(visible)
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
            given.append(shown(one))
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
