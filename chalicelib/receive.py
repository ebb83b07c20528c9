"""SQS and SNS events become messages, whichever way they were wrapped on their way."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import Code, Rejected
from chalicelib.payload import MAX_BODY

#: A message attribute for what SQS can't carry as text: other encodings, and packed bodies.
CONTENT_ENCODING = "ContentEncoding"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Message:
    """What a queue or topic delivered; `receipt` is None where nothing can be acknowledged."""

    id: str
    raw: str
    encoding: str = ""
    source_arn: str = ""
    receive_count: int = 1
    receipt: str | None = None

    def body(self) -> bytes | str:
        """Return what the till sent, unwrapped and unpacked."""
        raw, encoding = _unwrapped(self.raw, self.encoding)
        if not encoding:
            return raw
        if encoding not in {"base64", "gzip+base64"}:
            raise Rejected(Code.BAD_ENCODING, f"{CONTENT_ENCODING} must be base64 or gzip+base64")
        try:
            packed = base64.b64decode(raw, validate=True)
            return packed if encoding == "base64" else _unpacked(packed)
        except (binascii.Error, ValueError, zlib.error) as fault:
            raise Rejected(Code.BAD_ENCODING, f"the body is not {encoding}") from fault


def messages(event: Mapping[str, Any]) -> list[Message]:
    """Return the messages of a Lambda event from SQS or SNS."""
    return [_from_sns(r["Sns"]) if "Sns" in r else _from_sqs(r) for r in event["Records"]]


def pack(body: bytes) -> str:
    """Return the body as `gzip+base64` reads it."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(body) + packer.flush()).decode()


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
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    body = unpacker.decompress(packed, MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Rejected(Code.BODY_TOO_LARGE, f"the body unpacks to more than {MAX_BODY} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut off, or more follows")
    return body
