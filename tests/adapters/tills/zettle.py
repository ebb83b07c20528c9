"""Purchases of Zettle, as events carry them: refunds in negative amounts."""

import json
from uuid import UUID

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return", "paid back"})
TENDERS = {"cash": "IZETTLE_CASH", "card": "IZETTLE_CARD"}


def write(basket: Basket) -> str:
    sign = -1 if basket.returned else 1

    def row(item: Item) -> dict[str, object]:
        return {
            "name": item.name,
            "quantity": str(sign * item.quantity),
            "unitPrice": item.price,
            "discount": {"amount": item.discount, "quantity": 1} if item.discount else None,
            "vatPercentage": float(basket.rate),
        }

    purchase = {
        "purchaseUuid": str(UUID(int=basket.number)),
        "created": WHEN,
        "currency": basket.currency,
        "amount": sign * (basket.total - basket.tip),
        "vatAmount": sign * basket.tax,
        "taxationMode": "INCLUSIVE" if basket.included else "EXCLUSIVE",
        "products": [row(item) for item in basket.items],
        "refund": basket.returned,
        "refundsPurchaseUuid": str(UUID(int=0)) if basket.returned else None,
        "payments": [
            {
                "type": TENDERS[kind],
                "amount": sign * amount,
                "gratuityAmount": basket.tip if at == 0 else 0,
            }
            for at, (kind, amount) in enumerate(basket.tenders)
        ],
    }
    return json.dumps({"eventName": "PurchaseCreated", "payload": json.dumps(purchase)})
