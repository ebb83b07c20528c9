"""What a message holds: orders, payments, refunds, credits, pages of them, or a webhook's ids."""

from typing import Any

from chalicelib.clover.reading import Order, Record, raw, tolerant
from chalicelib.errors import Code, Ignored, Rejected

#: What an order is known by, whichever of these fields a version of the API sends.
ORDER = {"total", "paymentState", "lineItems", "payments", "isVat", "groupLineItems"}
#: An object that isn't expanded holds no more than these.
REFERENCE = {"id", "href", "merchant", "employee", "device", "order", "orderRef"}
#: The letters before an id in a webhook: apps, customers, cash adjustments, employees and so on.
NO_SALES = ("A", "C", "CA", "E", "I", "IC", "IG", "IM", "M", "SH")
EVENTS = ("CREATE", "UPDATE", "DELETE")


def singles(record: Any) -> list[Any]:
    """Take pages, webhooks and orders apart, so that one bad refund spoils no sale.

    A single is (noun, record, the order it is in); what isn't an object stays as it is.
    """
    page = record.get("elements") if isinstance(record, dict) else None
    found: list[Any] = []
    for one in page if isinstance(page, list) else [record]:
        found += _parts(one) if isinstance(one, dict) else [one]
    return found


def _parts(record: Record) -> list[tuple[str, Any, Order]]:
    if isinstance(shops := record.get("merchants"), dict):
        return [("notice", one, Order({})) for one in _notices(shops)]
    noun = _noun(record)
    order = Order(record if noun == "order" else {})
    found: dict[Any, tuple[str, Any, Order]] = {"": (noun, order or record, order)}
    if noun == "order" or (noun == "payment" and not record.get("order")):
        for holder in (record, *tolerant(record, "payments")):  # payments may repeat refunds
            for inside in ("refund", "credit"):
                for one in tolerant(holder, f"{inside}s"):
                    found.setdefault((inside, str(one.get("id"))), (inside, one, order))
    return list(found.values())


def _notices(shops: Record) -> list[Any]:
    """Return the events of a webhook, one for each object: there is one for each tap on a till."""
    events = [(shop, one) for shop, some in shops.items() for one in raw(some)]
    unique = {}
    for shop, one in events:
        unique[shop, str(one.get("objectId") if isinstance(one, dict) else one)] = one
    return list(unique.values())


def _noun(record: Record) -> str:
    """Tell what an object is by its fields, as Clover's objects don't say it."""
    given = {name for name, value in record.items() if value not in (None, "")}
    if given & ORDER:
        return "order"
    if "price" in given:  # a line item
        return ""
    if {"payment", "amount"} <= given:
        return "refund"
    if given & {"creditRefunds", "voided"} or {"orderRef", "amount"} <= given:
        return "credit"
    return "payment" if given & {"result", "tender"} or {"order", "amount"} <= given else ""


def refused(noun: str, record: Record) -> Exception:
    """Return why a record is neither an order, nor a payment, a refund or a credit."""
    if noun == "notice":
        return _of_event(record)
    if "verificationCode" in record:
        return Ignored("verification of a webhook")
    if "id" in record and record.keys() <= REFERENCE:
        return Rejected(Code.THIN_NOTIFICATION, "only a reference: push the order, expanded")
    return Rejected(Code.UNKNOWN_EVENT, "neither an order, nor a payment, a refund or a credit")


def _of_event(event: Record) -> Exception:
    letters = str(event.get("objectId")).partition(":")[0]
    if letters in NO_SALES:
        return Ignored("not an event of a sale")
    if letters not in ("O", "P") or event.get("type") not in EVENTS:
        return Rejected(Code.UNKNOWN_EVENT, "unknown object or type of event")
    what = "the order" if letters == "O" else "the order of the payment"
    reason = f"a webhook holds an id only: push {what}, with all its parts expanded"
    return Rejected(Code.THIN_NOTIFICATION, reason)
