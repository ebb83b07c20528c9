"""Orders of Shopify with their transactions, and refunds by themselves."""

import json
from typing import Any

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return", "paid back"})
GATEWAYS = {"cash": "cash", "card": "shopify_payments"}


def write(basket: Basket) -> str:
    return json.dumps(_refund(basket) if basket.returned else _order(basket))


def _order(basket: Basket) -> dict[str, Any]:
    discount = sum(item.discount for item in basket.items)
    return {
        "id": basket.number,
        "currency": basket.currency,
        "financial_status": "paid",
        "taxes_included": basket.included,
        "created_at": WHEN,
        "updated_at": WHEN,
        "line_items": [_line(basket, *numbered) for numbered in enumerate(basket.items, 1)],
        "subtotal_price": basket.major(basket.subtotal),
        "total_discounts": basket.major(discount),
        "total_tax": basket.major(basket.tax),
        "total_tip_received": basket.major(basket.tip),
        "total_price": basket.major(basket.total),
        "transactions": _transactions(basket, "sale"),
    }


def _line(basket: Basket, number: int, item: Item) -> dict[str, Any]:
    rate = basket.rate / 100
    return {
        "id": number,
        "title": item.name,
        "quantity": item.quantity,
        "price": basket.major(item.price),
        "total_discount": "0.00",
        "discount_allocations": [{"amount": basket.major(item.discount)}],
        "tax_lines": [{"title": "VAT", "rate": rate, "price": basket.major(item.tax)}],
    }


def _refund(basket: Basket) -> dict[str, Any]:
    lines = [
        {
            "line_item_id": number,
            "quantity": item.quantity,
            "subtotal": float(basket.major(item.total)),
            "total_tax": float(basket.major(item.tax)),
            "line_item": _line(basket, number, item),
        }
        for number, item in enumerate(basket.items, 1)
    ]
    return {
        "id": basket.number,
        "order_id": 1,
        "created_at": WHEN,
        "refund_line_items": lines,
        "order_adjustments": [],
        "transactions": _transactions(basket, "refund"),
    }


def _transactions(basket: Basket, kind: str) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "kind": kind,
            "status": "success",
            "gateway": GATEWAYS[tender],
            "amount": basket.major(amount),
            "currency": basket.currency,
        }
        for number, (tender, amount) in enumerate(basket.tenders, 1)
    ]
