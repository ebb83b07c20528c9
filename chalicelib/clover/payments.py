"""Payments: which of them are money, and how they became tenders."""

import re
from typing import Any

from chalicelib import model, payload
from chalicelib.clover.reading import Reading, Record, amount, elements
from chalicelib.errors import Code, Ignored, Rejected

#: Result -> whether it is money, or what it is instead.
RESULTS = {
    "SUCCESS": "money", "AUTH_COMPLETED": "money", "VOID_FAILED": "money", "VOIDED": "void",
    "VOIDING": "void", "FAIL": "failed", "INITIATED": "pending", "PENDING": "pending",
    "OFFLINE_RETRYING": "pending", "AUTH": "uncaptured",
}  # fmt: skip
#: The last word of a tender's labelKey, such as com.clover.tender.cash.
TENDERS = {
    "cash": "cash", "credit_card": "card", "debit_card": "card", "manual_card": "card",
    "check": "check", "external_gift_card": "gift_card", "gift_card": "gift_card",
    "external_payment": "other", "store_credit": "store_credit", "house_account": "account",
    "ebt": "other", "wallet": "wallet", "paypal": "wallet", "venmo": "wallet",
}  # fmt: skip
BRANDS = {
    "VISA": "visa", "MC": "mastercard", "AMEX": "amex", "DISCOVER": "discover", "JCB": "jcb",
    "DINERS_CLUB": "diners", "MAESTRO": "maestro", "INTERAC": "interac", "UNION_PAY": "unionpay",
    **dict.fromkeys(("EBT", "EFTPOS_AUSTRALIA", "GIFT_CARD", "GIROCARD", "OTHER", "PRIVATE",
                     "UNKNOWN"), "other"),
}  # fmt: skip


def state(paid: Record) -> str:
    """Return "money", "void", "pending", "failed" or "uncaptured".

    A payment that was voided may still say SUCCESS: only the reason tells.
    """
    found = payload.known(RESULTS, paid.get("result"), "result of a payment", Code.UNKNOWN_STATUS)
    return "void" if paid.get("voidReason") or paid.get("voidStatus") else found


def settled(order: Record) -> list[Record]:
    """Return the payments of an order that are money; none if all of them were voided.

    Raise Ignored while the order isn't paid.
    """
    if order.get("testMode") is True:
        raise Ignored("test order")
    payments = [(state(paid), paid) for paid in elements(order, "payments")]
    live = [paid for found, paid in payments if found == "money"]
    if payments and all(found == "void" for found, _ in payments):
        return []
    states = {"OPEN": "open order", "PARTIALLY_PAID": "partly paid order", "PAID": "",
              "REFUNDED": "", "CREDITED": "", "PARTIALLY_REFUNDED": ""}  # fmt: skip
    told = order.get("paymentState")
    covered = live and sum(amount(paid, "amount") for paid in live) >= amount(order, "total")
    why = "" if covered else "open order"
    if told:
        why = payload.known(states, told, "paymentState", Code.UNKNOWN_STATUS)
    if why:
        raise Ignored(why)
    if not live:
        raise Ignored("pending payment")
    return live


def tender(reading: Reading, paid: Record, total: int) -> model.Tender:
    """Return what a payment, a refund or a credit settled: `total` has the tip in it."""
    card = paid.get("cardTransaction") or {}
    label = (paid.get("tender") or {}).get("labelKey")
    word = str(label).rpartition(".")[2] if label else "credit_card" if card else None
    handed, brand, digits = amount(paid, "cashTendered"), card.get("cardType"), card.get("last4")
    change = handed - amount(paid, "amount") if handed and total > 0 else 0
    kind: Any = reading.word(TENDERS, word, "tender_type")
    return model.Tender(
        type=kind, amount=total, change=max(change, 0),
        card_brand=reading.word(BRANDS, brand, "card_brand") if brand else None,
        card_last_four=digits if re.fullmatch("[0-9]{4}", str(digits)) else None,
    )  # fmt: skip


def surcharge(payments: list[Record]) -> int:
    """Return what was charged beside the order, such as for paying by card."""
    charges = (one for paid in payments for one in elements(paid, "additionalCharges"))
    found = sum(amount(one, "amount") for one in charges)
    if found < 0:
        raise Rejected(Code.BAD_MONEY, "an additional charge is negative")
    return found
