"""Zettle by PayPal: purchases and refunds, as its events carry them and as its API answers.

https://developer.zettle.com/docs/api/purchase/api-reference-md
Events and API name things differently.  Only what is in both is read, so that a purchase which
comes both ways is known for one and the same, to the letter.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.zettle.fields import IDS, Record
from chalicelib.zettle.purchase import Purchase

#: Events of other things.  A refund is a purchase as well, so that one event is all there is; of
#: what was paid there once were events, too, beside that of the purchase.
NO_SALES = re.compile(
    "(Application|Inventory|Organization|PersonalAssertion|Product|(Card)?Payment|Invoice)[A-Z]|"
    "Test"
)


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read purchases: in events, on pages, in arrays, one a line, or one alone."""
    records = payload.apart(payload.json_records(text), _singles)
    return payload.each(records, lambda one: [Purchase(_opened(one), merchant).transaction()])


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature over two fields of the event: its time, which has no window, and payload.

    https://developer.zettle.com/docs/api/pusher/user-guides/create-subscriptions
    """
    event = signatures.fields(body)
    message = f"{event['timestamp']}.{event['payload']}".encode()
    return signatures.by_hex([headers.get("x-izettle-signature", "")], message, secrets)


def handshake(body: bytes) -> str:
    """Return its name if it is the test that a subscription begins with, before its key is told."""
    return "TestMessage" if signatures.fields(body).get("eventName") == "TestMessage" else ""


def _singles(record: Any) -> list[Any]:
    """Take a page of the API's apart, so that one bad purchase spoils no other."""
    page = record.get("purchases") if isinstance(record, dict) else None
    return page if page and isinstance(page, list) else [record]


def _opened(record: Any) -> Record:
    """Return the purchase itself: an event holds it as text, in which there is JSON again."""
    if isinstance(record, dict) and "eventName" in record:
        if NO_SALES.match(str(record["eventName"])):
            raise Ignored("not an event of a sale")
        if record["eventName"] != "PurchaseCreated":
            raise Rejected(Code.UNKNOWN_EVENT, "unknown event name")
        if not (record := record.get("payload")):
            raise Rejected(Code.THIN_NOTIFICATION, "no payload in the event: push all of it")
        record = payload.json_value(record) if isinstance(record, str) else record
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a purchase is an object")
    if record.get("purchases") == []:
        raise Ignored("page without purchases")
    if not record.keys() & {"amount", "products", "payments"}:
        if any(record.get(name) for name in IDS):
            raise Rejected(Code.THIN_NOTIFICATION, "only an id: push the whole purchase")
        raise Rejected(Code.UNKNOWN_EVENT, "neither a purchase nor an event or page of Zettle's")
    return record
