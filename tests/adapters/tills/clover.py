"""Orders of Clover with their payments, and refunds by themselves."""

import json
from typing import Any

from tests.adapters.baskets import Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several"})
SOLD = 1_773_480_600_000
LABELS = {"cash": "com.clover.tender.cash", "card": "com.clover.tender.credit_card"}


def write(basket: Basket) -> str:
    return json.dumps(
        {
            "id": f"{basket.number:013}",
            "currency": basket.currency,
            "paymentState": "PAID",
            "total": basket.total - basket.tip,
            "isVat": basket.included,
            "createdTime": SOLD,
            "lineItems": {"elements": [_line(basket, item) for item in basket.items]},
            "payments": {"elements": list(_payments(basket))},
        }
    )


def _line(basket: Basket, item: Item) -> dict[str, Any]:
    """Return a row for all pieces of an item: by its price for one, sold as so many units."""
    return {
        "name": item.name,
        "price": item.price,
        "unitQty": 1000 * item.quantity,
        "discounts": {"elements": [{"amount": -item.discount}] if item.discount else []},
        "taxRates": {"elements": [{"name": "VAT", "rate": basket.rate * 100_000}]},
    }


def _payments(basket: Basket) -> Any:
    """Spread tip and taxes over the payments, which leave the tip out of their amount."""
    tip, tax = basket.tip, basket.tax
    for kind, amount in basket.tenders:
        part = min(tip, amount)
        yield {
            "result": "SUCCESS",
            "tender": {"labelKey": LABELS[kind]},
            "amount": amount - part,
            "tipAmount": part,
            "taxAmount": tax,
            "createdTime": SOLD,
        }
        tip, tax = tip - part, 0
