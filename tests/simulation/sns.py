"""SNS: topics that fan out to SQS queues, raw or in an envelope, and to functions."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.answers import attributes_size, checked_batch, error, meta
from tests.simulation.queues import DEDUPE_MS
from tests.simulation.sqs import Sqs

LIMIT = 256 * 1024
#: Takes a message that a topic gives to a function, as it stands under `Sns` in the event.
Function = Callable[[dict[str, Any]], None]


@dataclass
class Topic:
    """One topic and who is subscribed to it: queues' URLs and whether raw, or functions."""

    arn: str
    queues: list[tuple[str, bool]] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    #: FIFO: when each deduplication id was taken in, and as which message.
    known: dict[str, tuple[int, str]] = field(default_factory=dict)


class Sns:
    """Topics of one account, seen as boto3's client sees them."""

    def __init__(
        self, now_ms: Callable[[], int], sqs: Sqs, place: str = "us-east-1:000000000000"
    ) -> None:
        self.meta = meta()
        self.topics: dict[str, Topic] = {}
        self._now_ms = now_ms
        self._sqs = sqs
        self._place = place
        self._numbers = itertools.count(1)

    def create_topic(self, Name: str, **_: Any) -> Any:  # noqa: N803 - boto3's names
        arn = f"arn:aws:sns:{self._place}:{Name}"
        self.topics[arn] = Topic(arn)
        return {"TopicArn": arn}

    def subscribe(
        self,
        TopicArn: str,  # noqa: N803
        Protocol: str,  # noqa: N803
        Endpoint: str,  # noqa: N803
        Attributes: dict[str, str] | None = None,  # noqa: N803
    ) -> Any:
        if Protocol != "sqs":
            raise NotImplementedError(Protocol)
        account, name = Endpoint.split(":")[4:]
        url = f"{self._sqs.meta.endpoint_url}/{account}/{name}"
        raw = (Attributes or {}).get("RawMessageDelivery") == "true"
        self._topic(TopicArn, "Subscribe").queues.append((url, raw))
        return {"SubscriptionArn": f"{TopicArn}:{name}"}

    def subscribe_function(self, arn: str, function: Function) -> None:
        """Let a function get what is published: Lambda's half is modelled elsewhere."""
        self._topic(arn, "Subscribe").functions.append(function)

    def publish(
        self,
        TopicArn: str,  # noqa: N803
        Message: str,  # noqa: N803
        MessageAttributes: dict[str, Any] | None = None,  # noqa: N803
        **more: str,
    ) -> Any:
        topic = self._topic(TopicArn, "Publish")
        entry = {"Message": Message, "MessageAttributes": MessageAttributes or {}, **more}
        if (refusal := _refusal(topic, entry)) or _size(entry) > LIMIT:
            raise error("Publish", "InvalidParameter", refusal or "The message is too long.")
        return {"MessageId": self._fan_out(topic, entry)}

    def publish_batch(
        self,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: Sequence[dict[str, Any]],  # noqa: N803
    ) -> Any:
        topic, entries = self._topic(TopicArn, "PublishBatch"), PublishBatchRequestEntries
        checked_batch("PublishBatch", entries)
        if sum(map(_size, entries)) > LIMIT:
            raise error("PublishBatch", "BatchRequestTooLong", "Over 256 kibibytes.")
        answer: dict[str, list[Any]] = {"Successful": [], "Failed": []}
        for entry in entries:
            if refusal := _refusal(topic, entry):
                failed = {"Code": "InvalidParameter", "Message": refusal, "SenderFault": True}
                answer["Failed"].append({"Id": entry["Id"], **failed})
            else:
                taken = {"Id": entry["Id"], "MessageId": self._fan_out(topic, entry)}
                answer["Successful"].append(taken)
        return answer

    def _topic(self, arn: str, operation: str) -> Topic:
        if arn not in self.topics:
            raise error(operation, "NotFound", "Topic does not exist", status=404)
        return self.topics[arn]

    def _fan_out(self, topic: Topic, entry: dict[str, Any]) -> str:
        """Give an entry to all subscribers, unless a FIFO topic knows it; return its id."""
        now, identity = self._now_ms(), f"sns-{next(self._numbers)}"
        more = {}
        if topic.arn.endswith(".fifo"):
            more = {name: entry[name] for name in ("MessageGroupId", "MessageDeduplicationId")}
            since, known = topic.known.get(entry["MessageDeduplicationId"], (now - DEDUPE_MS, ""))
            if now - since < DEDUPE_MS:
                return known
            topic.known[entry["MessageDeduplicationId"]] = now, identity
        told = _told(topic, entry, identity)
        for url, raw in topic.queues:
            body = entry["Message"] if raw else json.dumps({"Type": "Notification", **told})
            attributes = entry.get("MessageAttributes", {}) if raw else {}
            self._sqs.send_message(url, body, attributes, **more)
        for function in topic.functions:
            function(told)
        return identity


def _told(topic: Topic, entry: dict[str, Any], identity: str) -> dict[str, Any]:
    attributes = {
        name: {"Type": one["DataType"], "Value": one["StringValue"]}
        for name, one in entry.get("MessageAttributes", {}).items()
    }
    return {
        "MessageId": identity,
        "TopicArn": topic.arn,
        "Message": entry["Message"],
        **({"MessageAttributes": attributes} if attributes else {}),
    }


def _refusal(topic: Topic, entry: dict[str, Any]) -> str:
    if not entry["Message"]:
        return "Empty message"
    fifo = entry.get("MessageGroupId") and entry.get("MessageDeduplicationId")
    return "The MessageGroupId is required" if topic.arn.endswith(".fifo") and not fifo else ""


def _size(entry: dict[str, Any]) -> int:
    return len(entry["Message"].encode()) + attributes_size(entry.get("MessageAttributes", {}))
