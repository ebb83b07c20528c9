"""Which of Shopify's bodies is which: their topic was in a header, so their fields must tell."""

from typing import Any

from chalicelib.errors import Code, Ignored, Rejected

#: Financial status -> why there is no sale (yet); empty where there is one.
STATUSES = {
    "paid": "", "partially_refunded": "", "refunded": "", "pending": "unpaid", "voided": "voided",
    "authorized": "uncaptured", "expired": "expired", "partially_paid": "partly paid",
}  # fmt: skip
_WRAPPERS = ("order", "refund", "transaction", "tender_transaction", "draft_order")
_PAGES = {f"{noun}s" for noun in _WRAPPERS}
#: Fields that only bodies of another kind have -> why those are not counted.
_NO_SALES = (
    ({"kind", "gateway"}, "counted by its order"),
    ({"remote_reference", "payment_method"}, "counted by its order"),
    ({"invoice_sent_at"}, "draft order"),
    ({"abandoned_checkout_url"}, "checkout"),
    ({"order_id", "tracking_numbers"}, "fulfillment"),
)
#: Changes without what they change, and ids alone: of an edit, a return, a deletion.
_THIN = ({"order_edit"}, {"return_line_items"}, {"total_return_line_items"})
_REFUND = {"refund_line_items", "order_adjustments", "refund_shipping_lines"}


def singles(record: Any) -> list[Any]:
    """Take pages, and orders with refunds, apart, so that one bad object spoils no other."""
    inside = _inside(record)
    listed = inside if isinstance(inside, list) else [inside]
    return [one for single in listed for one in (single, *_refunds_in(single))]


def _inside(record: Any) -> Any:
    """Return what the API or EventBridge has wrapped: an object, or a page of them."""
    if isinstance(record, dict) and record.keys() >= {"payload", "metadata"}:
        record = record["payload"]
    if not isinstance(record, dict) or record.keys() & {"id", "line_items"}:
        return record
    names = (name for noun in _WRAPPERS for name in (noun, f"{noun}s"))
    return next((record[name] for name in names if record.get(name)), record)


def _refunds_in(order: Any) -> list[Any]:
    """Return the refunds inside an order.  They count as soon as its sale does."""
    if not isinstance(order, dict) or order.get("test") is True:
        return []
    refunds, status = order.get("refunds"), order.get("financial_status")
    if not isinstance(refunds, list) or not isinstance(status, str) or STATUSES.get(status, "?"):
        return []
    known = {"order_id": order.get("id"), "currency": order.get("currency")}
    return [known | refund if isinstance(refund, dict) else refund for refund in refunds]


def noun(record: Any) -> str:
    """Return "order" or "refund"; raise for everything else."""
    if not isinstance(record, dict) or record.get("errors"):
        raise Rejected(Code.BAD_SHAPE, "an object was expected, and no errors of the API")
    fields = record.keys()
    ids_alone = "id" in fields and fields <= {"id", "admin_graphql_api_id"}
    if ids_alone or any(fields >= marks for marks in _THIN):
        raise Rejected(Code.THIN_NOTIFICATION, "push the whole order (topic orders/updated)")
    for marks, why in _NO_SALES:
        if fields >= marks:
            raise Ignored(why)
    if fields and fields <= _PAGES:
        raise Ignored("empty page")
    if "financial_status" in fields or fields >= {"line_items", "total_price"}:
        return "order"
    if not fields & _REFUND and not fields >= {"order_id", "transactions"}:
        raise Rejected(Code.UNKNOWN_EVENT, "neither an order nor a refund of Shopify's")
    if "id" not in fields and "shipping" in fields:
        raise Ignored("calculation of a refund")
    if "transactions" not in fields:
        raise Rejected(Code.THIN_NOTIFICATION, "push the whole refund, with its transactions")
    return "refund"
