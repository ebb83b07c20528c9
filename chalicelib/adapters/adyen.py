"""Adyen: notifications of payments, and the terminal's own answers.

https://docs.adyen.com/development-resources/webhooks/webhook-types (and /point-of-sale)

Adyen knows payments and no basket, so nothing here has lines, and all of it says "payment_only".
An authorisation counts; its capture adds nothing.  What undoes it is a later revision of the same
transaction, so that the order in which the two arrive doesn't matter.  A refund is one of its own.
A terminal's answer and the notification of it are one payment, under one id.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.adyen.notifications import flag, notified
from chalicelib.adyen.seen import Record
from chalicelib.adyen.terminal import answered
from chalicelib.errors import Code, Ignored, Rejected


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read notifications, item by item, and terminals' answers."""

    def one(single: tuple[Any, Any]) -> Iterator[model.Transaction]:
        live, item = single
        if not isinstance(item, dict):
            raise Rejected(Code.BAD_SHAPE, "an item of a notification was expected as an object")
        if flag(live, "live") is False:
            raise Ignored("test mode")
        if response := item.get("SaleToPOIResponse"):
            yield answered(merchant, response)
        elif "SaleToPOIRequest" in item:
            raise Ignored("not an event of a sale")  # the terminal tells of itself
        else:
            yield notified(merchant, item)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def verify(
    _headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature inside each of the items, which covers eight of their fields only.

    https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
    """
    keys = [bytes.fromhex(secret) for secret in secrets]
    items = [one["NotificationRequestItem"] for one in signatures.fields(body)["notificationItems"]]
    signed = [
        signatures.by_base64([one["additionalData"]["hmacSignature"]], _signed(one), keys)
        for one in items
    ]
    return bool(signed) and all(signed)


def _signed(item: Record) -> bytes:
    amount = item["amount"]
    names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
    parts = [*(item.get(name) for name in names), amount["value"], amount["currency"],
             item["eventCode"], item["success"]]  # fmt: skip
    return ":".join("" if part is None else str(part) for part in parts).encode()


def _singles(record: Any) -> Iterator[Any]:
    """Yield (live, item) for each item of a notification."""
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a notification was expected as an object")
    items = record.get("notificationItems")
    for item in items if isinstance(items, list) and items else [record]:
        inside = item.get("NotificationRequestItem", item) if isinstance(item, dict) else item
        yield record.get("live"), inside
