"""Sales of Lightspeed as the newer API answers: prices without tax, returns in negatives."""

import json

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "added", "several", "return", "paid back"})
NAMES = {"cash": "Cash", "card": "Credit Card"}


def write(basket: Basket) -> str:
    sign = -1 if basket.returned else 1

    def signed(amount: int) -> str:
        return basket.major(sign * amount)

    def line(item: Item) -> dict[str, object]:
        return {
            "name": item.name,
            "quantity": sign * item.quantity,
            "price": basket.major(item.price),
            "discount_total": signed(item.discount),
            "price_total": signed(item.total),
            "tax_total": signed(item.tax),
        }

    sale = {
        "id": f"{basket.number:032x}",
        "state": "closed",
        "sale_date": WHEN,
        "updated_at": WHEN,
        "return_for": "1" if basket.returned else None,
        "total_price": signed(basket.subtotal),
        "total_tax": signed(basket.tax),
        "line_items": [line(item) for item in basket.items],
        "payments": [
            {"name": NAMES[kind], "amount": signed(amount)} for kind, amount in basket.tenders
        ],
    }
    return json.dumps({"data": sale})
