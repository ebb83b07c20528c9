"""JSON lines in our own names."""

import json

from tests.adapters.baskets import WHEN, Basket

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return", "paid back"})


def write(basket: Basket) -> str:
    tax = "tax_included" if basket.included else "tax"
    lines = [
        {
            "item": item.name,
            "quantity": item.quantity,
            "price": basket.major(item.price),
            "discount": basket.major(item.discount),
            "amount": basket.major(item.total),
            tax: basket.major(item.tax),
        }
        for item in basket.items
    ]
    tenders = [{"type": kind, "amount": basket.major(amount)} for kind, amount in basket.tenders]
    return json.dumps(
        {
            "id": f"{basket.number:012}",
            "kind": "return" if basket.returned else "sale",
            "date": WHEN,
            "total": basket.major(basket.total),
            "tip": basket.major(basket.tip),
            "lines": lines,
            "tenders": tenders,
        }
    )
