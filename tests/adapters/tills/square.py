"""Orders of Square: every tax in a line's total, and returns whose own totals are zero."""

import json
from typing import Any

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return"})


def write(basket: Basket) -> str:
    def money(amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": basket.currency}

    def line(number: int, item: Item) -> dict[str, Any]:
        return {
            "uid": f"L{number}",
            "name": item.name,
            "quantity": str(item.quantity),
            "base_price_money": money(item.price),
            "total_discount_money": money(item.discount),
            "total_tax_money": money(item.tax),
            "applied_taxes": [{"tax_uid": "T", "applied_money": money(item.tax)}],
            "total_money": money(basket.grossed(item)),
        }

    tax = {"uid": "T", "type": "INCLUSIVE" if basket.included else "ADDITIVE"}
    taxes = [tax | {"percentage": str(basket.rate), "applied_money": money(basket.tax)}]
    lines = [line(*numbered) for numbered in enumerate(basket.items, 1)]
    order = {
        "id": f"O{basket.number}",
        "location_id": "L1",
        "state": "COMPLETED",
        "version": 3,
        "created_at": WHEN,
        "total_money": money(0 if basket.returned else basket.total),
    }
    if basket.returned:
        back = {"return_line_items": lines, "return_taxes": taxes, "source_order_id": "O0"}
        order |= {"returns": [back], "return_amounts": {"total_money": money(basket.total)}}
        order |= {"total_tip_money": money(0)}
    else:
        order |= {"line_items": lines, "taxes": taxes, "total_tip_money": money(basket.tip)}
        order |= {
            "tenders": [
                {"type": kind.upper(), "amount_money": money(amount)}
                for kind, amount in basket.tenders
            ]
        }
    return json.dumps({"order": order})
