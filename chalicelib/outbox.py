"""What the door accepts goes to the merchant's queue or topic, and counts only once it is there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.calls import batches, in_parallel, note, queue_url, text_attributes
from chalicelib.packing import CONTENT_ENCODING, fitted, size_attribute

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

ENTRIES_A_CALL = 10
#: Records that travel together: what fails with one of them is tried again with all.
TOGETHER, TOGETHER_BYTES = 100, 192 * 1024
#: Bytes that a message, and a call, may have, without its attributes.
LIMITS = {"sqs": 1024 * 1024 - 1024, "sns": 256 * 1024 - 1024}
TRIES = 3
#: A topic's function is called with this, whether anybody reads it or not.
_SUBJECT = "tillbridge"


@dataclass(frozen=True)
class Parcel:
    """One message; `first` and `last` are the positions of its records, from 1.

    `pointed` are the bytes of the body that its text only points to, if it does.
    """

    text: str
    encoding: str = ""
    first: int = 1
    last: int = 1
    pointed: int = 0

    @property
    def size(self) -> int:
        return len(self.text.encode()) + 200


#: Puts a body away, and returns the text that points to it.
Offload = Callable[[bytes], str]


def raw(body: bytes, source: str, offload: Offload) -> Parcel:
    """Return a body as one message; one that is too long even when packed is put away for it.

    It raises what `offload` raises.
    """
    text, encoding = fitted(body, LIMITS[source])
    if len(text) <= LIMITS[source]:
        return Parcel(text, encoding)
    return Parcel(offload(body), pointed=len(body))


def parcels(records: Sequence[str], source: str, offload: Offload) -> Iterator[Parcel]:
    """Yield messages of several records each, as JSON arrays; it raises what `offload` raises."""
    at = 0
    for part in batches(records, TOGETHER, lambda one: len(one.encode()) + 1, TOGETHER_BYTES):
        first, at = at + 1, at + len(part)
        body = part[0] if len(part) == 1 else f"[{','.join(part)}]"
        found = raw(body.encode("utf-8", "surrogatepass"), source, offload)
        yield replace(found, first=first, last=at)


@dataclass(frozen=True)
class Outbox:
    """Sends to the queues and topics of merchants."""

    sqs: "SQSClient"
    sns: "SNSClient"

    def send(self, arn: str, found: Sequence[Parcel]) -> list[Parcel]:
        """Send to a queue or a topic; return what wasn't taken, after three tries."""
        left = list(found)
        for _ in range(TRIES):
            if not left:
                break
            left = self._once(arn, left)
        return left

    def _once(self, arn: str, found: Sequence[Parcel]) -> list[Parcel]:
        limit = LIMITS[arn.split(":")[2]]
        calls = [(arn, part) for part in batches(found, ENTRIES_A_CALL, lambda p: p.size, limit)]
        left: list[Parcel] = []
        for (_, part), taken in zip(calls, in_parallel(self._send, calls), strict=True):
            places = taken if isinstance(taken, set) else set()
            left += [one for place, one in enumerate(part) if str(place) not in places]
        return left

    def _send(self, call: tuple[str, list[Parcel]]) -> set[str]:
        """Make one batch call; return the places of what was taken."""
        arn, part = call
        entries: list[Any] = [_entry(arn, str(place), one) for place, one in enumerate(part)]
        if arn.split(":")[2] == "sns":
            answer = self.sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
        else:
            url = queue_url(self.sqs, arn)
            answer = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[assignment]
        for failed in answer.get("Failed", ()):
            note(f"{failed['Code']} {arn}")
        return {entry["Id"] for entry in answer.get("Successful", ())}


def _entry(arn: str, place: str, one: Parcel) -> dict[str, Any]:
    named = [("via", "https"), *([(CONTENT_ENCODING, one.encoding)] if one.encoding else [])]
    entry: dict[str, Any] = {"Id": place, "MessageAttributes": text_attributes(named)}
    if one.pointed:
        entry["MessageAttributes"] |= size_attribute(one.pointed)
    if arn.split(":")[2] == "sns":
        return entry | {"Message": one.text, "Subject": _SUBJECT}
    return entry | {"MessageBody": one.text}
