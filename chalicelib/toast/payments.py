"""Payments: which of them are money, what came back of them, and how they became tenders."""

import re
from typing import Any

from chalicelib import model, payload
from chalicelib.errors import Code
from chalicelib.toast.reading import Reading, Record

#: Status -> whether it is money.  It is made for cards: other payments may well stay OPEN.
STATUSES = {
    "CAPTURED": True, "CAPTURE_IN_PROGRESS": True, "AUTHORIZED": True, "AUTHORIZED_AT_RISK": True,
    "PROCESSING": True, "OPEN": False, "ERROR": False, "ERROR_NETWORK": False, "DENIED": False,
    "CANCELLED": False, "VOIDED": False, "VOIDED_AT_RISK": False, "PROCESSING_VOID": False,
}  # fmt: skip
REFUNDS = {"NONE": False, "PARTIAL": True, "FULL": True}
TYPES = {
    "CASH": "cash", "CREDIT": "card", "GIFTCARD": "gift_card", "HOUSE_ACCOUNT": "account",
    "REWARDCARD": "loyalty", "LEVELUP": "wallet", "TOAST_SV": "store_credit", "OTHER": "other",
    "UNDETERMINED": "other",
}  # fmt: skip
BRANDS = {
    "VISA": "visa", "MASTERCARD": "mastercard", "AMEX": "amex", "DISCOVER": "discover",
    "JCB": "jcb", "DINERS": "diners", "MAESTRO": "maestro", "INTERAC": "interac",
    **dict.fromkeys(("CIT", "LASER", "SOLO", "EFTPOS", "WRIGHT_EXPRESS", "VOYAGER", "UNKNOWN"),
                    "other"),
}  # fmt: skip


def counts(paid: Record) -> bool:
    """Say whether a payment is money, or surely will be."""
    status = paid.get("paymentStatus") or "CAPTURED"
    found = payload.known(STATUSES, status, "status of a payment", Code.UNKNOWN_STATUS)
    return not paid.get("voidInfo") and (found or (status == "OPEN" and not _is_card(paid)))


def refunded(paid: Record) -> bool:
    """Say whether anything of a payment came back."""
    status = paid.get("refundStatus") or "NONE"
    return payload.known(REFUNDS, status, "refundStatus", Code.UNKNOWN_STATUS)


def _is_card(paid: Record) -> bool:
    return paid.get("type") == "CREDIT"


def tender(reading: Reading, paid: Record, amount: int) -> model.Tender:
    """Return what a payment settled, or what of it came back.  `amount` has the tip in it."""
    kind = reading.word(TYPES, paid.get("type") or "UNDETERMINED", "tender_type")
    brand, digits = paid.get("cardType"), str(paid.get("last4Digits"))
    change = reading.amount(paid, "amountTendered") - reading.amount(paid, "amount")
    known: Any = reading.word(BRANDS, brand, "card_brand") if brand and _is_card(paid) else None
    return model.Tender(
        type=kind, amount=amount, change=max(change, 0) if kind == "cash" and amount > 0 else 0,
        card_brand=known,
        card_last_four=digits if _is_card(paid) and re.fullmatch("[0-9]{4}", digits) else None,
    )  # fmt: skip
