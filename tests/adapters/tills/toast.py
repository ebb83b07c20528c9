"""Orders of Toast: one check, its tips beside the payments, refunds on the payments."""

import json
from typing import Any

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several"})


def write(basket: Basket) -> str:
    def number(amount: int) -> float:
        return float(basket.major(amount))

    def selection(at: int, item: Item) -> dict[str, Any]:
        # Its own amounts never have the tax in them, whatever the menu's prices do.
        net = item.total - (item.tax if basket.included else 0)
        tax = {"rate": basket.rate / 100, "taxAmount": number(item.tax), "type": "PERCENT"}
        return {
            "guid": f"s{at}",
            "displayName": item.name,
            "quantity": item.quantity,
            "receiptLinePrice": number(item.price),
            "preDiscountPrice": number(net + item.discount),
            "price": number(net),
            "tax": number(item.tax),
            "taxInclusion": "INCLUDED" if basket.included else "NOT_INCLUDED",
            "appliedTaxes": [tax],
        }

    payments = [
        {
            "guid": kind,
            "type": {"cash": "CASH", "card": "CREDIT"}[kind],
            "amount": number(amount - tip),
            "tipAmount": number(tip),
            "paymentStatus": "CAPTURED",
        }
        for kind, amount, tip in _tipped(basket)
    ]
    check = {
        "guid": f"c{basket.number}",
        "paymentStatus": "CLOSED",
        "paidDate": WHEN,
        "selections": [selection(*numbered) for numbered in enumerate(basket.items, 1)],
        "payments": payments,
        "amount": number(basket.total - basket.tip - basket.tax),
        "taxAmount": number(basket.tax),
        "totalAmount": number(basket.total - basket.tip),
    }
    return json.dumps({"guid": "o1", "checks": [check], "approvalStatus": "APPROVED"})


def _tipped(basket: Basket) -> list[tuple[str, int, int]]:
    """Spread the tip over the payments, as each holds its own."""
    left, found = basket.tip, []
    for kind, amount in basket.tenders:
        found.append((kind, amount, min(left, amount)))
        left -= min(left, amount)
    return found
