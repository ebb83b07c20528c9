"""Quarantine: a message that can't be read is set aside whole, with the reasons beside it.

It goes to the merchant's dead-letter queue, where SQS itself puts what failed too often.  The body
is the till's own with card data and personal data masked, so that moving it back to the queue is
all that a redrive takes; the reasons are message attributes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.calls import queue_url, text_attributes
from chalicelib.cards import mask
from chalicelib.errors import Rejected, Retry
from chalicelib.packing import CONTENT_ENCODING, fitted
from chalicelib.payload import declared
from chalicelib.receive import Message
from chalicelib.sanitise import Policy

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from chalicelib.parcels import Pointer

LIMIT = 1024 * 1024
#: Room for the attributes, which SQS counts as part of the message.
ATTRIBUTES = 16 * 1024
REASONS_TOLD = 50


@dataclass(frozen=True)
class Quarantine:
    """Sets messages aside in one merchant's dead-letter queue."""

    sqs: "SQSClient"
    arn: str
    merchant: str
    policy: Policy = "drop"
    key: bytes = b""
    #: Puts into the bucket what no queue takes, even when it is packed.
    offload: "Callable[[bytes], Pointer] | None" = None

    def put(self, message: Message, reasons: Sequence[Rejected]) -> None:
        """Send the message there: as text, else packed, else a pointer to it."""
        try:
            body, encoding = message.body(), ""
        except Rejected:
            body, encoding = message.raw, message.encoding
            if message.parcel is not None:
                body = message.parcel
        text, extra = self._fitted(_masked(body, self.policy, self.key), encoding)
        attributes = {
            "merchant": self.merchant,
            "code": reasons[0].code.value,
            "reasons": _listed(reasons[:REASONS_TOLD]),
            "rejected": str(len(reasons)),
            "source": message.source_arn,
            "message_id": message.id,
        }
        told = text_attributes((name, value) for name, value in attributes.items() if value)
        self.sqs.send_message(
            QueueUrl=queue_url(self.sqs, self.arn),
            MessageBody=text,
            MessageAttributes=told | extra,
        )

    def _fitted(self, body: bytes, encoding: str) -> tuple[str, dict[str, Any]]:
        """Return the body as SQS takes it, and the attributes that say how to read it."""
        kept = text_attributes([(CONTENT_ENCODING, encoding)] if encoding else [])
        text, packed = fitted(body, LIMIT - ATTRIBUTES)
        if not packed:
            return text, kept
        if not encoding and len(text) <= LIMIT - ATTRIBUTES:
            return text, text_attributes([(CONTENT_ENCODING, packed)])
        if self.offload is None:
            raise Retry("the message is too long for the dead-letter queue")
        aside = self.offload(body)
        return aside.body, kept | aside.attributes


def _masked(body: bytes | str, policy: Policy, key: bytes) -> bytes:
    """Return the body masked; bytes in an unknown encoding keep their values one by one."""
    from chalicelib.masking import mask_body  # noqa: PLC0415 - most functions start without it

    if isinstance(body, str):
        return mask_body(body, policy, key).encode("utf-8", "surrogatepass")
    encoding = declared(body) or "utf-8"
    try:
        return mask_body(body.decode(encoding), policy, key).encode(encoding)
    except (UnicodeError, LookupError):
        return mask_body(body.decode("latin-1"), policy, key).encode("latin-1", "replace")


def _listed(reasons: Sequence[Rejected]) -> str:
    """Return as many of the reasons as there is room for, as JSON."""
    listed = json.dumps([_told(reason) for reason in reasons], ensure_ascii=False)
    return listed if len(listed.encode()) <= ATTRIBUTES * 3 // 4 else _listed(reasons[:-1])


def _told(reason: Rejected) -> dict[str, str | int]:
    told: dict[str, str | int] = {"code": reason.code.value, "reason": mask(reason.reason)[:200]}
    if reason.position:
        told["position"] = reason.position
    if reason.subject:
        told["transaction"] = reason.subject
    return told
