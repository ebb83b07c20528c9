"""Fan-out: one CloudEvents 1.0 event per transaction, to SNS topics and SQS queues."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.calls import batches, in_parallel, note, queue_url, text_attributes
from chalicelib.errors import Code, Rejected
from chalicelib.model import Transaction, claim_key

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

TYPE = "tillbridge.transaction.v1"
ENTRIES_A_CALL = 10
#: Fields of a transaction that are message attributes as well, to filter subscriptions by.
FILTERS = ("merchant", "vendor", "kind", "store_id", "currency")


@dataclass(frozen=True)
class Destination:
    """A topic or a queue that takes our events."""

    arn: str

    @property
    def fifo(self) -> bool:
        return self.arn.endswith(".fifo")

    @property
    def is_topic(self) -> bool:
        return self.arn.split(":")[2] == "sns"

    @property
    def limit(self) -> int:
        """Bytes that one event, and one call, may have: body and attributes together."""
        return 256 * 1024 if self.is_topic else 1024 * 1024


@dataclass(frozen=True)
class Event:
    """A transaction as it leaves.  `id` is the same after a retry, a redrive or a replay."""

    key: str
    subject: str
    id: str
    revision: int
    fingerprint: str
    body: str
    attributes: tuple[tuple[str, str], ...]

    @cached_property
    def size(self) -> int:
        """Bytes as SNS and SQS count them."""
        extra = sum(len(name) + len("String") + len(v.encode()) for name, v in self.attributes)
        return len(self.body.encode()) + extra


def event_id(key: str, fingerprint: str) -> str:
    """Return the id of the event that tells this content of this transaction, whenever it does."""
    return hashlib.sha256(f"{key}#{fingerprint}".encode()).hexdigest()[:40]


def event(found: Transaction) -> Event:
    """Return the CloudEvents JSON of a transaction, and attributes to filter subscriptions by."""
    key, fingerprint = found.key, found.fingerprint
    identity = event_id(key, fingerprint)
    envelope = {
        "specversion": "1.0",
        "id": identity,
        "source": f"/tillbridge/{found.merchant}/{found.vendor}",
        "type": TYPE,
        "subject": found.id,
        "time": found.occurred_at,
        "datacontenttype": "application/json",
    }
    data = found.model_dump_json(exclude_none=True)
    named = tuple((name, value) for name in FILTERS if (value := getattr(found, name)))
    body = f'{json.dumps(envelope, ensure_ascii=False)[:-1]}, "data": {data}}}'
    return Event(
        key, found.id, identity, found.revision, fingerprint, body, (*named, ("type", TYPE))
    )


def restored(body: str) -> Event:
    """Return an event as it left once, from its body; its fingerprint is told no more."""
    told = json.loads(body)
    data = told["data"]
    named = tuple((name, data[name]) for name in FILTERS if data.get(name))
    key = claim_key(data["merchant"], data["vendor"], data["id"])
    attributes = (*named, ("type", told["type"]))
    return Event(key, told["subject"], told["id"], data["revision"], "", body, attributes)


class Publisher:
    """Publishes events to every destination of a merchant."""

    def __init__(
        self, destinations: Sequence[Destination], sns: "SNSClient", sqs: "SQSClient"
    ) -> None:
        self._destinations = {destination.arn: destination for destination in destinations}
        self._sns = sns
        self._sqs = sqs

    def refusal(self, found: Event) -> Rejected | None:
        """Return why some destination could never take the event, or None."""
        for destination in self._destinations.values():
            if found.size > destination.limit:
                kind = "topic" if destination.is_topic else "queue"
                reason = f"the event has {found.size} bytes, the {kind} takes {destination.limit}"
                return Rejected(Code.TOO_LARGE, reason, subject=found.subject)
        return None

    def publish(self, owed: Sequence[tuple[Event, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
        """Publish each event to the destinations it is owed (none named: all).

        Return the keys that some destination didn't take, with those destinations.
        """
        calls = [
            (destination, part)
            for arn, destination in self._destinations.items()
            for part in batches(
                (event for event, arns in owed if not arns or arn in arns),
                ENTRIES_A_CALL,
                lambda event: event.size,
                destination.limit,
            )
        ]
        refused: dict[str, tuple[str, ...]] = {}
        for (destination, part), taken in zip(calls, in_parallel(self._send, calls), strict=True):
            for place, found in enumerate(part):
                if isinstance(taken, Exception) or str(place) not in taken:
                    refused[found.key] = (*refused.get(found.key, ()), destination.arn)
        return refused

    def _send(self, call: tuple[Destination, list[Event]]) -> set[str]:
        """Make one batch call; return the places of the events that were taken."""
        destination, part = call
        entries: list[Any] = [_entry(destination, str(at), e) for at, e in enumerate(part)]
        if destination.is_topic:
            topic = destination.arn
            answer = self._sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        else:
            url = queue_url(self._sqs, destination.arn)
            answer = self._sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[assignment]
        for failed in answer.get("Failed", ()):
            note(f"{failed['Code']} {destination.arn}")
        return {entry["Id"] for entry in answer.get("Successful", ())}


def _entry(destination: Destination, place: str, found: Event) -> dict[str, Any]:
    entry = {
        "Id": place,
        "Message" if destination.is_topic else "MessageBody": found.body,
        "MessageAttributes": text_attributes(found.attributes),
    }
    if destination.fifo:
        # Revisions of one transaction stay in order.  The same content may return as a later
        # revision (A, B, A), so that the event's id alone would drop it within five minutes.
        entry["MessageGroupId"] = hashlib.sha256(found.key.encode()).hexdigest()
        entry["MessageDeduplicationId"] = f"{found.id}-{found.revision}"
    return entry
