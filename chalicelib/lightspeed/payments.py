"""Payments, told apart by the names that the merchant gave to the ways of paying."""

import re
from typing import Any

from chalicelib import model

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


def kind(name: str) -> str | None:
    """Return the type of tender that a name tells of, "rounding", or None."""
    return next((kind for kind, words in _TENDERS.items() if words.search(name)), None)


def split(payments: list[tuple[str, int]]) -> tuple[list[model.Tender], int, bool]:
    """Return the tenders, the rounding of the total, and whether a name told nothing.

    Cash that is rounded down is told as a payment of what is missing.
    """
    tenders, rounding, unknown = list[model.Tender](), 0, False
    for name, amount in payments:
        found: Any = kind(name)
        unknown |= found is None
        if found == "rounding":
            rounding -= amount
        else:
            tenders.append(model.Tender(type=found or "other", name=name or None, amount=amount))
    return tenders, rounding, unknown
