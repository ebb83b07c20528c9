"""Payments, refunds and credits: which of them are money, and how they became tenders."""

import re
from typing import Any

from chalicelib import model, payload
from chalicelib.clover.reading import Order, Reading, Record, amount, flag, inner, needed, summed
from chalicelib.errors import Code, Ignored, Rejected

#: What payments, refunds and credits came to.  Only "paid" moved money, "voided" took it back.
RESULTS = {
    "SUCCESS": "paid", "AUTH_COMPLETED": "paid", "VOID_FAILED": "paid", "VOIDED": "voided",
    "VOIDING": "half voided", "FAIL": "failed", "INITIATED": "initiated", "AUTH": "authorised",
    "PENDING": "pending", "OFFLINE_RETRYING": "offline", "DISCOUNT": "discounted",
}  # fmt: skip
#: paymentState -> whether the order is final.  Where it isn't, its payments may still cover it.
STATES = {
    "PAID": True, "REFUNDED": True, "PARTIALLY_REFUNDED": True, "CREDITED": True,
    "OPEN": False, "PARTIALLY_PAID": False,
}  # fmt: skip
#: A payment that is voided can still say SUCCESS: then one of these tells.
VOIDED = ("voidReason", "voidStatus", "voidPaymentRef")
#: Charges that are in the amount of the payment.  All others come on top of it.
IN_THE_AMOUNT = ("DELIVERY_FEE", "CASH_DISCOUNT")
#: Clover's own tenders.  Merchants name further ones as they like.
BUILT_IN = "com.clover.tender."
TENDERS = {
    "cash": "cash", "credit_card": "card", "debit_card": "card", "external_pin_debit": "card",
    "check": "check", "gift_card": "gift_card", "external_gift_card": "gift_card",
    "external_payment": "other",
}  # fmt: skip
BRANDS = {
    "VISA": "visa", "MC": "mastercard", "AMEX": "amex", "DISCOVER": "discover", "JCB": "jcb",
    "DINERS_CLUB": "diners", "CHINA_UNION_PAY": "unionpay", "MAESTRO": "maestro",
    "INTERAC": "interac",
    **dict.fromkeys(("SOLO", "LASER", "CARTE_BLANCHE", "UNKNOWN", "EBT", "GIROCARD", "RUPAY",
                     "EFTPOS", "BANCNET", "OTHER"), "other"),
}  # fmt: skip


def fate(record: Record, noun: str, order: Order | None = None) -> str:
    """Return what became of a payment, refund or credit, in the words of `RESULTS`."""
    said = record.get("status" if noun == "refund" else "result")
    if said in (None, "") and record.get("amount") is None:
        raise Rejected(Code.THIN_NOTIFICATION, f"only a reference to a {noun}: expand it")
    if said in (None, "") and noun != "payment":
        said = "SUCCESS"  # only newer versions tell it of refunds and credits
    found = payload.known(RESULTS, said, f"result of a {noun}", Code.UNKNOWN_STATUS)
    if noun == "payment":
        voided = order.once(_voided) if order else set()
        told = any(map(record.get, VOIDED)) and said != "VOID_FAILED"
        undone = told or record.get("id") in voided
    else:
        back = record.get("deletedTime") or inner(record, "creditRefunds")
        undone = flag(record, "voided") or bool(back)
    return "voided" if found == "paid" and undone else found


def _voided(order: Order) -> set[Any]:
    """Return the ids of the payments that an order says were voided."""
    voids = inner(order, "voids")
    refs = (ref for one in voids for ref in (one, one.get("voidPaymentRef") or {}))
    return {ref.get("id") for ref in refs} - {None}


def settled(order: Order) -> list[Record] | None:
    """Return the payments that count, or None if the order was undone; raise if neither is."""
    state = order.get("paymentState") or "OPEN"
    final = payload.known(STATES, state, "paymentState", Code.UNKNOWN_STATUS)
    voids, credited = inner(order, "voids"), inner(order, "credits")
    fates = [(fate(one, "payment", order), one) for one in inner(order, "payments")]
    live = [one for found, one in fates if found == "paid"]
    if order.get("deletedTimestamp"):
        return None
    if any(found == "half voided" for found, _ in fates):
        raise Ignored("a payment is being voided")
    if live:
        if final or summed(live, "amount") >= needed(order, "total"):
            return live
        raise Ignored("partly paid order")
    if voids or any(found == "voided" for found, _ in fates):
        return None
    if credited:
        raise Ignored("counted by its credits")
    if state == "CREDITED":
        raise Rejected(Code.THIN_NOTIFICATION, "push the order with its credits expanded")
    if not final and _may_be_paid(order):
        raise Rejected(Code.THIN_NOTIFICATION, "push the order with its payments expanded")
    if not final:
        raise Ignored("open order")
    return live


def _may_be_paid(order: Record) -> bool:
    """Tell whether an order is locked, which is all that old versions say of one that is paid."""
    known = order.get("paymentState") or order.get("payments")
    return order.get("state") == "locked" and not known


def on_top(record: Record) -> int:
    """Return surcharges: neither the amount of a payment nor the total of an order has them."""
    charges = inner(record, "additionalCharges")
    return summed((one for one in charges if one.get("type") not in IN_THE_AMOUNT), "amount")


def tender(reading: Reading, paid: Record, total: int, via: Record | None = None) -> model.Tender:
    """Return what a payment settled.  `via` is the payment that a refund goes back to."""
    own = paid.get("overrideMerchantTender") or paid.get("tender")
    via = {} if own else via or {}
    kind = own or via.get("tender") or {}
    card = paid.get("cardTransaction") or via.get("cardTransaction") or {}
    brand, digits = card.get("cardType"), card.get("last4")
    key = str(kind.get("labelKey") or "")
    named = "credit_card" if card else "external_payment"
    word = key.removeprefix(BUILT_IN) if key.startswith(BUILT_IN) else named
    gift, handed = brand == "GIFT_CARD", amount(paid, "cashTendered")
    return model.Tender(
        type="gift_card" if gift else reading.word(TENDERS, word, "tender_type"),
        name=kind.get("label") or None, amount=total,
        change=max(handed - total, 0) + amount(paid, "cashbackAmount") if total > 0 else 0,
        card_brand=reading.word(BRANDS, brand, "card_brand") if brand and not gift else None,
        card_last_four=digits if re.fullmatch("[0-9]{4}", str(digits)) else None,
    )  # fmt: skip
