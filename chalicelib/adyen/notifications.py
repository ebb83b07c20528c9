"""Adyen's notifications: what each tells of a payment or of a refund.

https://docs.adyen.com/development-resources/webhooks/webhook-types
"""

from typing import Any

from chalicelib import model, payload
from chalicelib.adyen.seen import Record, Seen, customer
from chalicelib.adyen.words import EVENTS, NO_SALES
from chalicelib.errors import Code, Ignored, Rejected

SUCCESS = {"true": True, "false": False, True: True, False: False}


def flag(found: Any, name: str) -> bool | None:
    """Return a flag, which Adyen writes as text; None where there is none."""
    if found in (None, ""):
        return None
    if found not in SUCCESS or not isinstance(found, str | bool):
        raise Rejected(Code.BAD_SHAPE, f"{name} must be true or false")
    return SUCCESS[found]


def notified(merchant: model.Merchant, item: Record) -> model.Transaction:
    """Return what a notification tells of a payment or of a refund."""
    effect, amount = _effect(item), item.get("amount") or {}
    own, original = item.get("pspReference"), item.get("originalReference")
    seen = Seen(merchant, item.get("eventDate"), amount.get("currency"))
    if item.get("eventCode") == "EXPIRE":  # it may name the payment as its own
        original = original or own
    if effect.startswith("void"):
        undone = ("refund", own) if effect.endswith("refund") else ("payment", original)
        return seen.void(seen.id(*undone))
    extra = item.get("additionalData") or {}
    total, back = seen.minor(amount.get("value")), effect == "return"
    if effect == "sale" and not total:
        raise Ignored("nothing was paid")  # a card was checked, or stored
    total = -total if back else total
    reference = original if effect == "adjusted" else own
    return seen.transaction(
        seen.id("refund" if back else "payment", reference), total,
        kind="return" if back else "sale",
        original=f"payment:{original}" if back and original else None,
        tenders=(seen.tender(item.get("paymentMethod"), extra.get("cardSummary"), total),),
        store_id=extra.get("store") or None, register_id=extra.get("terminalId") or None,
        receipt_number=item.get("merchantReference") or None, customer=customer(extra),
    )  # fmt: skip


def _effect(item: Record) -> str:
    """Return what a notification does to a payment or refund; raise Ignored if it does nothing."""
    code = item.get("eventCode")
    if code in NO_SALES:
        raise Ignored(NO_SALES[str(code)])
    effect = payload.known(EVENTS, code, "eventCode", Code.UNKNOWN_EVENT)
    if (success := flag(item.get("success"), "success")) is None:
        raise Rejected(Code.UNKNOWN_STATUS, "success is missing")
    if not success:
        raise Ignored("it did not succeed")
    return _undone(item) if effect == "either" else effect


def _undone(item: Record) -> str:
    """Return what became of a payment that was to be cancelled, or refunded if it was too late."""
    action = (item.get("additionalData") or {}).get("modification.action")
    return payload.known({"cancel": "void", "refund": "return"}, action, "modification.action")
