"""Square: orders, payments and refunds, as webhooks carry them and as the API answers.

https://developer.squareup.com/reference/square/objects/Order (and /Payment, /PaymentRefund)
A payment and its order describe the same money.  `adapt` takes everything, so a merchant who
pushes both must choose `adapt_orders` or `adapt_payments` instead, or every sale counts twice.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.square.orders import order_of
from chalicelib.square.payments import payment_of
from chalicelib.square.reading import Reading, Record
from chalicelib.square.words import NO_SALES, STATUSES, TOPICS


def adapt(text: str, merchant: model.Merchant, by: str = "") -> Iterator[model.Outcome]:
    """Read orders, payments and refunds, each as a transaction of its own."""

    def one(record: Any) -> Iterator[model.Transaction]:
        noun, found = _recognised(record)
        elsewhere = noun == "order" if by == "payment" else (found or {}).get("order_id")
        if by and elsewhere:
            raise Ignored(f"counted by its {by}")
        if not found:
            raise Rejected(Code.THIN_NOTIFICATION, f"push the whole {noun}, as the API answers it")
        if "deadline_duration" in found:
            raise Ignored("a request to a terminal")  # what comes of it is pushed by itself
        status = found.get("state" if noun == "order" else "status")
        if why := payload.known(STATUSES[noun], status, f"{noun} status", Code.UNKNOWN_STATUS):
            raise Ignored(f"{why} {noun}")
        reading = Reading(noun, found, merchant)
        yield order_of(reading, found) if noun == "order" else payment_of(reading, found)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def verify(
    headers: signatures.Headers, body: bytes, url: str, secrets: Sequence[str], _: int
) -> bool:
    """Check the signature over the URL, as it is registered with Square, and the body.

    https://developer.squareup.com/docs/webhooks/step3validate
    """
    given = headers.get("x-square-hmacsha256-signature", "")
    return signatures.by_base64([given], url.encode() + body, secrets)


def adapt_orders(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders; of payments and refunds only those that name no order."""
    return adapt(text, merchant, by="order")


def adapt_payments(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read payments and refunds, and no order."""
    return adapt(text, merchant, by="payment")


def _singles(record: Any) -> list[Any]:
    """Take a page of a list endpoint apart, so that one bad object spoils no other."""
    page = record if isinstance(record, dict) and "location_id" not in record else {}
    listed = {noun: page.get(f"{noun}s") for noun in STATUSES}
    inside = [
        {noun: one} for noun, found in listed.items() if isinstance(found, list) for one in found
    ]
    return inside or [record]


def _recognised(record: Any) -> tuple[str, Record | None]:
    """Return "order", "payment" or "refund", and the object itself if it is there."""
    if not isinstance(record, dict) or record.get("errors"):
        raise Rejected(Code.BAD_SHAPE, "an object was expected, and no errors of the API")
    if "event_id" in record or "data" in record:
        if NO_SALES.match(str(record.get("type"))):
            raise Ignored("not an event of a sale")
        noun = payload.known(TOPICS, record.get("type"), "event type", Code.UNKNOWN_EVENT)
        return noun, ((record.get("data") or {}).get("object") or {}).get(noun)
    if wrapped := next((noun for noun in STATUSES if noun in record), ""):
        return wrapped, record[wrapped]
    if "amount_money" in record:
        refund = record.keys() & {"payment_id", "unlinked", "destination_type"}
        return "refund" if refund else "payment", record
    if record.keys() & {"line_items", "returns"} or {"state", "location_id"} <= record.keys():
        return "order", record
    raise Rejected(Code.UNKNOWN_EVENT, "neither an order nor a payment nor a refund of Square's")
