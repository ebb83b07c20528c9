# ruff: noqa: D101 - Square's own names say what they are
"""What the peer's parser validates: Square's order in, our transaction out.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/parser/
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Money(_Source):
    amount: int
    currency: str


class Item(_Source):
    catalog_object_id: str
    name: str
    quantity: str
    base_price_money: Money
    total_tax_money: Money
    total_money: Money


class Tax(_Source):
    name: str
    type: str
    percentage: str
    applied_money: Money


class Card(_Source):
    card_brand: str
    last_4: str


class CardDetails(_Source):
    card: Card


class Tender(_Source):
    type: str
    amount_money: Money
    card_details: CardDetails | None = None


class Channel(_Source):
    name: str


class Order(_Source):
    id: str
    location_id: str
    version: int
    source: Channel
    customer_id: str
    closed_at: str
    line_items: tuple[Item, ...]
    taxes: tuple[Tax, ...]
    total_money: Money
    total_tip_money: Money
    tenders: tuple[Tender, ...]


class Envelope(_Source):
    """What Square's API answers."""

    order: Order


def transaction(order: Order, merchant: str) -> dict[str, Any]:
    """Return the fields of our transaction."""
    lines = [_line(number, item) for number, item in enumerate(order.line_items, 1)]
    return {
        "merchant": merchant,
        "vendor": "square",
        "id": f"order:{order.id}",
        "revision": order.version,
        "kind": "sale",
        "store_id": order.location_id,
        "occurred_at": order.closed_at.replace("Z", "000+00:00"),
        "currency": order.total_money.currency,
        "exponent": 2,
        "lines": lines,
        "discounts": [],
        "taxes": [
            {"name": tax.name, "rate": f"{float(tax.percentage) / 100:g}",
             "amount": tax.applied_money.amount, "inclusive": tax.type == "INCLUSIVE"}
            for tax in order.taxes
        ],
        "tip": order.total_tip_money.amount,
        "service_charge": 0,
        "rounding": 0,
        "subtotal": sum(line["total"] for line in lines),
        "total": order.total_money.amount,
        "tenders": [_tender(tender) for tender in order.tenders],
        "customer": {"id": order.customer_id},
        "channel": order.source.name,
        "discrepancies": [],
    }  # fmt: skip


def _line(number: int, item: Item) -> dict[str, Any]:
    tax = item.total_tax_money.amount
    return {
        "number": number,
        "kind": "item",
        "item_id": item.catalog_object_id,
        "description": item.name,
        "quantity": item.quantity,
        "unit_price": item.base_price_money.amount,
        "discount": 0,
        "tax": tax,
        "total": item.total_money.amount - tax,
    }


def _tender(tender: Tender) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": tender.type.lower(),
        "amount": tender.amount_money.amount,
        "change": 0,
    }
    if tender.card_details:
        card = tender.card_details.card
        found |= {"card_brand": card.card_brand.lower(), "card_last_four": card.last_4}
    return found
