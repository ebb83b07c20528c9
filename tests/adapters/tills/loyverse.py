"""Receipts of Loyverse: returns in positive amounts, lines with their added tax."""

import json
from typing import Any

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return", "paid back"})


def write(basket: Basket) -> str:
    def number(amount: int) -> float:
        return float(basket.major(amount))

    def line(item: Item) -> dict[str, Any]:
        tax = {"type": "INCLUDED" if basket.included else "ADDED", "rate": basket.rate}
        return {
            "item_name": item.name,
            "quantity": item.quantity,
            "price": number(item.price),
            "total_discount": number(item.discount),
            "line_taxes": [tax | {"money_amount": number(item.tax)}],
            "total_money": number(basket.grossed(item)),
        }

    receipt = {
        "receipt_number": f"1-{basket.number}",
        "receipt_type": "REFUND" if basket.returned else "SALE",
        "refund_for": "1-0" if basket.returned else None,
        "created_at": WHEN,
        "line_items": [line(item) for item in basket.items],
        "total_discount": number(sum(item.discount for item in basket.items)),
        "total_money": number(basket.total),
        "tip": number(basket.tip),
        "payments": [
            {"type": {"cash": "CASH", "card": "SUMUP"}[kind], "money_amount": number(amount)}
            for kind, amount in basket.tenders
        ],
    }
    return json.dumps({"type": "receipts.update", "receipts": [receipt]})
