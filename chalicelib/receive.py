"""SQS and SNS events become messages, whichever way they were wrapped on their way."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import Code, Rejected
from chalicelib.packing import CONTENT_ENCODING, GZIP, unpack
from chalicelib.payload import MAX_BODY

#: Characters that a pointer can have: two names, with every sign of theirs escaped, in an envelope.
LONGEST_POINTER = 16 * 1024


@dataclass(frozen=True)
class Message:
    """What a queue or topic delivered; `receipt` is None where nothing can be acknowledged."""

    id: str
    raw: str
    encoding: str = ""
    source_arn: str = ""
    receive_count: int = 1
    receipt: str | None = None
    #: What the message only points to, once it was fetched: chalicelib.parcels.
    parcel: bytes | None = None

    @property
    def may_point(self) -> bool:
        """Whether it may be a pointer to its body: none is longer, and none lacks the word."""
        return len(self.raw) <= LONGEST_POINTER and "S3Pointer" in self.raw

    def unwrapped(self) -> tuple[str, str]:
        """Return body and encoding, without the envelope of a topic that feeds the queue."""
        return _unwrapped(self.raw, self.encoding)

    def body(self) -> bytes | str:
        """Return what the till sent, unwrapped and unpacked."""
        sent, encoding = self.unwrapped()
        raw: bytes | str = sent if self.parcel is None else self.parcel
        if not encoding:
            return raw
        if encoding not in {"base64", GZIP}:
            raise Rejected(Code.BAD_ENCODING, f"{CONTENT_ENCODING} must be base64 or gzip+base64")
        try:
            packed = base64.b64decode(raw, validate=True)
            return packed if encoding == "base64" else _unpacked(packed)
        except (binascii.Error, ValueError, zlib.error) as fault:
            raise Rejected(Code.BAD_ENCODING, f"the body is not {encoding}") from fault


def messages(event: Mapping[str, Any]) -> list[Message]:
    """Return the messages of a Lambda event from SQS or SNS."""
    return [_from_sns(r["Sns"]) if "Sns" in r else _from_sqs(r) for r in event["Records"]]


def _from_sqs(record: Mapping[str, Any]) -> Message:
    return Message(
        id=record["messageId"],
        raw=record["body"],
        encoding=_attribute(record.get("messageAttributes"), "stringValue"),
        source_arn=record["eventSourceARN"],
        receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
        receipt=record["receiptHandle"],
    )


def _from_sns(record: Mapping[str, Any]) -> Message:
    return Message(
        id=record["MessageId"],
        raw=record["Message"],
        encoding=_attribute(record.get("MessageAttributes"), "Value"),
        source_arn=record["TopicArn"],
    )


def _attribute(attributes: object, value: str) -> str:
    found = attributes.get(CONTENT_ENCODING) if isinstance(attributes, Mapping) else None
    return str(found.get(value, "")) if isinstance(found, Mapping) else ""


def _unwrapped(raw: str, encoding: str) -> tuple[str, str]:
    """Take off the envelope of SNS, where a topic feeds the queue without raw delivery."""
    if '"TopicArn"' not in raw or '"Notification"' not in raw:
        return raw, encoding
    try:
        envelope = json.loads(raw)
    except (ValueError, RecursionError):
        return raw, encoding
    match envelope:
        case {"Type": "Notification", "TopicArn": str(), "Message": str(message)}:
            return message, _attribute(envelope.get("MessageAttributes"), "Value")
    return raw, encoding


def _unpacked(packed: bytes) -> bytes:
    body = unpack(packed, MAX_BODY)
    if body is None:
        raise Rejected(Code.BODY_TOO_LARGE, f"the body unpacks to more than {MAX_BODY} bytes")
    return body
