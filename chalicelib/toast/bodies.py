"""Which order a message carries, of which restaurant, and whether its checks count."""

import re
from typing import Any

from chalicelib import payload
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Where a message says what it is about.
TOPICS = ("toastTransactionType", "eventType", "eventCategory")
#: Topic -> what it is about.  The loyalty API is known to tell of checks without their order.
SALES = {"order_updated": "order", "channel_order_updated": "order",
         "LOYALTY_ACCRUE": "check", "LOYALTY_REVERSE": "check"}  # fmt: skip
NO_SALES = re.compile(
    "partner|menu|stock|in_stock|out_of_stock|restaurant_|availability_|ordering_schedule|"
    "packaging|guest_order_|gift_card|"
    "LOYALTY_(SEARCH|INQUIRE|REDEEM)"
)
NOTHING: tuple[Any, ...] = (None, "", [], {})
#: Status -> why there is no transaction (yet), or nothing.  A PAID check lacks its tip, no more.
APPROVALS = {"APPROVED": "", "NEEDS_APPROVAL": "order to be approved",
             "NOT_APPROVED": "order not approved", "FUTURE": "order for the future"}  # fmt: skip
CHECKS = {"CLOSED": "", "PAID": "", "OPEN": "open check"}


def singles(record: Any) -> list[Any]:
    """Take orders apart into (message, check), so that an open or a bad check holds no other up."""
    details = record.get("details") if isinstance(record, dict) else None
    order = details.get("order") if isinstance(details, dict) else record
    checks = order.get("checks") if isinstance(order, dict) else None
    return (
        [(record, check) for check in checks]
        if isinstance(checks, list) and checks
        else [(record, None)]
    )


def order_of(record: Any) -> tuple[Record, str | None]:
    """Return the order, and the restaurant if the message names it."""
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "an order or an event of one was expected")
    store = None
    if topics := [record[name] for name in TOPICS if record.get(name)]:
        if any(NO_SALES.match(str(topic)) for topic in topics):
            raise Ignored("no event of an order")
        payload.known(SALES, topics[0], "event type", Code.UNKNOWN_EVENT)
        details = record.get("details") or {}
        store, record = details.get("restaurantGuid") or None, details.get("order") or {"guid": ""}
    if "checks" not in record:
        code = Code.THIN_NOTIFICATION if "guid" in record else Code.UNKNOWN_EVENT
        raise Rejected(code, "no checks in it: push the whole order, as the orders webhook does")
    return record, store


def is_void(order: Record, check: Any) -> bool:
    """Say whether a check counts no more, or raise why there is nothing to publish."""
    if flag(order, "createdInTestMode"):
        raise Ignored("order in test mode")
    if flag(order, "excessFood"):
        raise Ignored("excess food")
    if check is None and order["checks"] in NOTHING:
        raise Ignored("order without checks")
    if not isinstance(check, dict):
        raise Rejected(Code.BAD_SHAPE, "checks must be objects in an array")
    if any(flag(found, name) for found in (order, check) for name in ("voided", "deleted")):
        return True
    approval, status = order.get("approvalStatus") or "APPROVED", check.get("paymentStatus")
    why = payload.known(APPROVALS, approval, "approvalStatus", Code.UNKNOWN_STATUS)
    if why := why or payload.known(CHECKS, status, "paymentStatus", Code.UNKNOWN_STATUS):
        raise Ignored(why)
    return False


def flag(record: Record, name: str) -> bool:
    """Return a flag: "false" and the like are no flags, and would be taken for true."""
    if record.get(name) not in (None, "", True, False):
        raise Rejected(Code.BAD_SHAPE, f"{name} must be true or false")
    return bool(record.get(name))
