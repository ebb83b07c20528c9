"""Bodies that no queue carries: they lie in the stage's own bucket, and a pointer travels.

The pointer is that of the SQS Extended Client, so that its users and we read one another's:
https://github.com/awslabs/amazon-sqs-java-extended-client-lib
Whoever may write to a queue may write any pointer.  So we follow those into the merchant's own
part of our own bucket only, and believe no size but the one that S3 tells, and then count.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.calls import attempt
from chalicelib.errors import Code, Rejected, Retry
from chalicelib.packing import size_attribute
from chalicelib.payload import MAX_BODY
from chalicelib.receive import Message

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"
#: What older versions of the client wrote.
_CLASSES = (CLASS, "com.amazon.sqs.javamessaging.MessageS3Pointer")
OLD_SIZE = "SQSLargePayloadSize"
#: Without the right to list a bucket, S3 says of what is missing that access is denied.
_MISSING = {"NoSuchKey", "AccessDenied"}
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Pointer:
    """Where a body lies, and how many bytes it has."""

    bucket: str
    key: str
    size: int = 0

    @property
    def body(self) -> str:
        """The message's body in place of the one that was too long."""
        return json.dumps([CLASS, {"s3BucketName": self.bucket, "s3Key": self.key}])

    @property
    def attributes(self) -> dict[str, Any]:
        """The message attribute by which the Extended Client knows a pointer."""
        return size_attribute(self.size)


def prefix(merchant: str) -> str:
    """Return what the keys of a merchant's bodies begin with."""
    return f"large/{merchant}/"


def offload(s3: "S3Client", bucket: str, merchant: str, body: bytes | str) -> Pointer:
    """Put a body into the bucket; the same one again is the same object, with a new expiry.

    It raises what S3 raises: there is no pointer to send before the body is there.
    """
    content = body.encode() if isinstance(body, str) else body
    key = prefix(merchant) + hashlib.sha256(content).hexdigest()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return Pointer(bucket, key, len(content))


def pointer(text: str) -> Pointer | None:
    """Return the pointer that a body is, or None if it is none; raise Rejected if it is broken."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(found, list) and found and found[0] in _CLASSES):
        return None
    match found[1:]:
        case [{"s3BucketName": str(bucket), "s3Key": str(key)}]:
            return Pointer(bucket, key)
    raise Rejected(Code.FOREIGN_POINTER, "the pointer names no bucket and key")


def fetched(s3: "S3Client", bucket: str, merchant: str, message: Message) -> Message:
    """Return the message with the body that it points to, or as it is if it doesn't point.

    Raise Rejected for a pointer that isn't the merchant's own, or whose body is lost or too large;
    raise Retry where S3 doesn't answer.
    """
    found = own(bucket, merchant, message)
    return replace(message, parcel=_content(s3, found)) if found else message


def own(bucket: str, merchant: str, message: Message) -> Pointer | None:
    """Return the pointer that a message is, None if it is none; raise Rejected if not its own."""
    raw, _ = message.unwrapped()
    found = pointer(raw)
    if found and not (found.bucket == bucket and _is_own(found.key, merchant)):
        reason = "the pointer leads elsewhere than into the merchant's own part of the bucket"
        raise Rejected(Code.FOREIGN_POINTER, reason)
    return found


def _is_own(key: str, merchant: str) -> bool:
    """Tell whether it is the merchant's.  S3 knows no paths, but others who get the key might."""
    rest = key.removeprefix(prefix(merchant))
    return rest not in (key, "") and not {"", ".", ".."} & {*rest.split("/")}


def _content(s3: "S3Client", found: Pointer) -> bytes:
    answer = attempt(lambda one: s3.get_object(Bucket=one.bucket, Key=one.key), found)
    if isinstance(answer, Exception):
        told: Mapping[str, Any] = getattr(answer, "response", None) or {}
        if told.get("Error", {}).get("Code") in _MISSING:
            raise Rejected(Code.POINTER_LOST, "S3 doesn't have what the pointer leads to")
        raise Retry("S3 didn't give what a pointer leads to")
    if answer["ContentLength"] > MAX_BODY:
        answer["Body"].close()
        raise _too_large()
    content = attempt(_read, answer["Body"])
    if isinstance(content, Exception):
        raise Retry("S3 didn't give all of what a pointer leads to")
    if len(content) > MAX_BODY:
        raise _too_large()
    return content


def _read(body: Any) -> bytes:
    """Read the body, and no more than one byte too many, whatever length was told."""
    content = bytearray()
    while len(content) <= MAX_BODY and (part := body.read(_CHUNK)):
        content += part
    body.close()
    return bytes(content)


def _too_large() -> Rejected:
    reason = f"the pointer leads to a body of more than {MAX_BODY} bytes"
    return Rejected(Code.BODY_TOO_LARGE, reason)
