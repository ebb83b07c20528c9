"""Payments, told apart by the names that the merchant gave to the ways of paying."""

import re
from typing import Any

from chalicelib import model
from chalicelib.lightspeed.bodies import Record

#: Words in a name -> type of tender: the first that fits.  "rounding" is none, but is told as one.
_WORDS = {
    "rounding": "round",
    "gift_card": "gift ?card",
    "loyalty": "loyalty|points",
    "store_credit": "credit note|store credit",
    "cash": r"\bcash\b",
    "check": "che(ck|que)",
    "card": "card|eftpos|visa|amex|american express|lightspeed payments|stripe|tyro|windcave|"
            "worldpay|square|zettle|sumup",
    "account": "account",
    "wallet": "pay ?pal|alipay|wechat|apple pay|google pay",
    "bank": "bank|transfer|direct debit",
    "voucher": "voucher|coupon",
}  # fmt: skip
_TENDERS = {kind: re.compile(words, re.IGNORECASE) for kind, words in _WORDS.items()}
#: Lightspeed's own numbers of ways of paying, which are the same for every retailer.
_NUMBERS = {"1": "cash", "3": "card", "118": "gift_card"}


def kind(name: str) -> str | None:
    """Return the type of tender that a name tells of, "rounding", or None."""
    return next((kind for kind, words in _TENDERS.items() if words.search(name)), None)


def _names(payment: Record) -> list[str]:
    """Return what a payment is called: webhooks name the retailer's way of paying, and its like."""
    kinds = [payment.get(field) or {} for field in ("retailer_payment_type", "payment_type")]
    told = (payment.get("name"), payment.get("label"), *(one.get("name") for one in kinds))
    return [str(name) for name in told if name]


def _kind(payment: Record, names: list[str]) -> str | None:
    found = next((found for name in names if (found := kind(name))), None)
    return found or _NUMBERS.get(str(payment.get("payment_type_id")))


def split(payments: list[tuple[Record, int]]) -> tuple[list[model.Tender], int, bool]:
    """Return the tenders, the rounding of the total, and whether a payment told nothing.

    Cash that is rounded down is told as a payment of what is missing.
    """
    tenders, rounding, unknown = list[model.Tender](), 0, False
    for payment, amount in payments:
        names = _names(payment)
        found: Any = _kind(payment, names)
        unknown |= found is None
        if found == "rounding":
            rounding -= amount
        else:
            name = names[0] if names else None
            tenders.append(model.Tender(type=found or "other", name=name, amount=amount))
    return tenders, rounding, unknown
