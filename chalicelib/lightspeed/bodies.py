"""Which sale a message carries, and whether it counts."""

from typing import Any
from urllib.parse import parse_qs

from chalicelib import payload
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Status, and for newer versions of the API state -> why there is no sale (yet), or what it is.
STATUSES = {
    "CLOSED": "sale", "ONACCOUNT_CLOSED": "sale", "LAYBY_CLOSED": "sale", "VOIDED": "void",
    "DISPATCHED_CLOSED": "sale", "PICKED_UP_CLOSED": "sale", "SAVED": "parked sale",
    "OPEN": "open sale", "LAYBY": "layby not paid off", "ONACCOUNT": "account not paid off",
    **dict.fromkeys(("AWAITING_DISPATCH", "AWAITING_PICKUP"), "not handed over"),
    "closed": "sale", "voided": "void", "parked": "parked sale", "pending": "open sale",
}  # fmt: skip
#: Fields that only objects of other topics have.
NO_SALES = ({"handle", "sku"}, {"customer_code", "customer_group_id"}, {"product_id", "outlet_id"},
            {"consignment_date"}, {"register_open_time"}, {"supplier_id"})  # fmt: skip
MOST_FIELDS = 50
NOTHING: tuple[Any, ...] = (None, "", [], {}, "null")


def unwrapped(text: str) -> str:
    """Return the JSON that a form holds, or the text itself if it is no form."""
    if text.lstrip()[:1] in {"{", "["} or "payload=" not in text:
        return text
    try:
        fields = parse_qs(text.strip(), max_num_fields=MOST_FIELDS)
    except ValueError as fault:
        raise Rejected(Code.TOO_MANY, f"the form has more than {MOST_FIELDS} fields") from fault
    return fields.get("payload", [""])[0]


def singles(record: Any) -> list[Any]:
    """Take an answer of the API apart: the sale, or the sales, that it has in `data`."""
    for name in ("data", "register_sales", "sales"):
        inside = record.get(name) if isinstance(record, dict) and "id" not in record else None
        if inside:
            return inside if isinstance(inside, list) else [inside]
    return [record]


def sale_of(record: Any) -> Record:
    """Return the sale itself."""
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a sale was expected as an object")
    keys = record.keys()
    if keys & {"register_sale_products", "line_items"} and keys & {"status", "state"}:
        return record
    if "total_price" in keys and "status" in keys:
        raise Rejected(Code.THIN_NOTIFICATION, "push the sale with its lines and payments")
    if any(keys >= marks for marks in NO_SALES):
        raise Ignored("not an event of a sale")
    raise Rejected(Code.UNKNOWN_EVENT, "that is no sale of Lightspeed Retail's")


def is_void(sale: Record) -> bool:
    """Say whether nothing is left of a sale; raise Ignored if there is none yet."""
    status = sale.get("status") or sale.get("state")
    kind = payload.known(STATUSES, status, "status of a sale", Code.UNKNOWN_STATUS)
    if sale.get("deleted_at") not in NOTHING or kind == "void":
        return True
    if kind != "sale":
        raise Ignored(kind)
    return False
