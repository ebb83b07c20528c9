"""What lies in a merchant's dead-letter queue, and how it is looked at without disturbing it.

Three kinds lie there: what the function set aside, with its reasons; what SQS itself moved there
after too many tries; and what Lambda put there when the function of a topic kept failing.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from chalicelib.errors import Code, Misconfigured, Rejected
from chalicelib.masking import mask_body
from chalicelib.packing import CONTENT_ENCODING, POINTED_SIZE
from chalicelib.parcels import OLD_SIZE
from chalicelib.receive import Message, messages
from ops.aws import client
from ops.bodies import Bodies
from ops.merchants import Declared
from ops.resources import prefix

#: For so long what we look at is hidden from others; it is given back before, if all goes well.
HOLD_SECONDS = 300
#: Short answers may miss messages: two empty ones in a row, after a second each, are believed.
_WAIT_SECONDS, _EMPTY_ANSWERS = 1, 2
FAILED = "failed"
SIZES = (POINTED_SIZE, OLD_SIZE)


@dataclass(frozen=True)
class Letter:
    """One message of a dead-letter queue."""

    id: str
    receipt: str
    sent_ms: int
    receives: int
    raw: str
    attributes: dict[str, str]
    #: Follows the pointer that a message may be.
    fetch: Callable[[Message], Message] = lambda message: message

    @property
    def set_aside(self) -> bool:
        """Whether the function put it there, masked and with its reasons."""
        return "reasons" in self.attributes

    @property
    def code(self) -> str:
        return self.attributes.get("code", FAILED) if self.set_aside else FAILED

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Return the reasons; position and transaction are there where they are known."""
        if self.set_aside:
            found: list[dict[str, Any]] = json.loads(self.attributes["reasons"])
            return found
        event = self._failure()
        told = (event or {}).get("responsePayload") or {}
        kind = told.get("errorType") or self.attributes.get("ErrorCode") or "too many tries"
        return [{"code": FAILED, "reason": f"the function gave it up ({kind}): see its log"}]

    @property
    def rejected(self) -> int:
        return int(self.attributes.get("rejected", 1))

    @property
    def seen(self) -> str:
        """When it was put there, in UTC."""
        return f"{datetime.fromtimestamp(self.sent_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"

    def message(self) -> Message:
        """Return what the till had sent; raise Rejected if that can't be told any more."""
        if event := self._failure():
            try:
                return messages(event["requestPayload"])[0]
            except (KeyError, TypeError, IndexError) as fault:
                reason = "what the till sent can't be told from this record"
                raise Rejected(Code.BAD_SHAPE, reason) from fault
        encoding = self.attributes.get(CONTENT_ENCODING, "")
        return Message(self.id, self.raw, encoding, receive_count=self.receives)

    def body(self) -> bytes | str:
        """Return what the till had sent, from the bucket if that is where it lies."""
        return self.fetch(self.message()).body()

    @property
    def tellable(self) -> bool:
        """Whether what the till had sent can still be told, and so be sent again."""
        try:
            return bool(self.message())
        except Rejected:
            return False

    def kept_attributes(self) -> dict[str, str]:
        """Return the attributes that a resend must have."""
        if self.set_aside or self._failure():
            size = {name: self.attributes[name] for name in SIZES if name in self.attributes}
            encoding = self.message().encoding
            return size | ({CONTENT_ENCODING: encoding} if encoding else {})
        return self.attributes

    def masked(self, one: Declared) -> str:
        """Return the body for people to read: unpacked, and masked whoever put it there."""
        try:
            body = self.body()
        except Rejected as reason:
            return f"({reason.reason})"
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        return mask_body(text, "drop" if one.merchant.personal == "hash" else one.merchant.personal)

    def _failure(self) -> dict[str, Any] | None:
        """Return Lambda's record of a failure, or the bare event under the same name."""
        if self.set_aside or '"Records"' not in self.raw:
            return None
        try:
            found = json.loads(self.raw)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        if "requestPayload" in found and "requestContext" in found:
            return found
        records = found.get("Records")
        is_event = isinstance(records, list) and records and "Sns" in records[0]
        return {"requestPayload": found} if is_event else None


class Peek:
    """Looks through a queue, and gives back at the end what wasn't taken."""

    def __init__(self, one: Declared, stage: str, sqs: Any = None) -> None:
        self.sqs, self.name = sqs or client("sqs"), f"{prefix(stage)}-{one.merchant.id}-dead"
        try:
            self.url: str = self.sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
        except self.sqs.exceptions.QueueDoesNotExist as fault:
            remedy = f"deploy stage {stage} first, or give another --stage"
            raise Misconfigured(f"there is no queue {self.name}: {remedy}") from fault
        self._held: dict[str, str] = {}
        self.bodies = Bodies(stage, one.merchant.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        held = list(self._held.items())
        for at in range(0, len(held), 10):
            entries = [
                {"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for place, (_, receipt) in enumerate(held[at : at + 10])
            ]
            self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def letters(self) -> Iterator[Letter]:
        """Yield every message once, for as long as new ones come."""
        empty = 0
        while empty < _EMPTY_ANSWERS:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS, MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )  # fmt: skip
            found = answer.get("Messages", [])
            empty = 0 if found else empty + 1
            again = any(one["MessageId"] in self._held for one in found)
            # All of an answer is held before any of it is looked at: who stops early gives it back.
            self._held |= {one["MessageId"]: one["ReceiptHandle"] for one in found}
            if again:
                return  # we took so long that they come again
            yield from (_letter(one, self.bodies) for one in found)

    def count(self) -> int:
        """Return about how many messages there are."""
        name = "ApproximateNumberOfMessages"
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(found["Attributes"][name])

    def delete(self, letters: list[Letter]) -> None:
        """Delete up to ten messages for good."""
        entries = [{"Id": str(at), "ReceiptHandle": one.receipt} for at, one in enumerate(letters)]
        answer = self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        for done in answer.get("Successful", ()):
            del self._held[letters[int(done["Id"])].id]


def _letter(message: dict[str, Any], bodies: Bodies) -> Letter:
    attributes = message.get("MessageAttributes", {})
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        sent_ms=int(message["Attributes"]["SentTimestamp"]),
        receives=int(message["Attributes"].get("ApproximateReceiveCount", 1)),
        raw=message["Body"],
        attributes={name: one.get("StringValue", "") for name, one in attributes.items()},
        fetch=bodies.fetched,
    )
