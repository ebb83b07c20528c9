"""An order of Square's as our event, by the least code: nothing checked, nothing cleaned.

For the variants that have no adapter.  It is right for the orders of `till` alone, and says of
them what ours says (tests/test_benchmarks.py).
"""

import json
from typing import Any

MERCHANT = "bench-shop"
TYPE = "tillbridge.transaction.v1"
FILTERS = ("merchant", "vendor", "kind", "store_id", "currency")
_TENDERS = {"CASH": "cash", "CARD": "card"}


def transaction(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as our transaction's fields."""
    tax = order["taxes"][0]
    lines = [_line(number, line) for number, line in enumerate(order["line_items"], 1)]
    return {
        "merchant": MERCHANT,
        "vendor": "square",
        "id": f"order:{order['id']}",
        "revision": order["version"],
        "kind": "sale",
        "store_id": order["location_id"],
        "occurred_at": order["closed_at"].replace("Z", "000+00:00"),
        "currency": order["total_money"]["currency"],
        "exponent": 2,
        "lines": lines,
        "discounts": [],
        "taxes": [
            {"name": tax["name"], "rate": f"{float(tax['percentage']) / 100:g}",
             "amount": tax["applied_money"]["amount"], "inclusive": tax["type"] == "INCLUSIVE"}
        ],
        "tip": order["total_tip_money"]["amount"],
        "service_charge": 0,
        "rounding": 0,
        "subtotal": sum(line["total"] for line in lines),
        "total": order["total_money"]["amount"],
        "tenders": [_tender(tender) for tender in order["tenders"]],
        "customer": {"id": order["customer_id"]},
        "channel": order["source"]["name"],
        "discrepancies": [],
    }  # fmt: skip


def body(found: dict[str, Any], identity: str) -> str:
    """Return the CloudEvents JSON of a transaction."""
    envelope = {
        "specversion": "1.0",
        "id": identity,
        "source": f"/tillbridge/{MERCHANT}/square",
        "type": TYPE,
        "subject": found["id"],
        "time": found["occurred_at"],
        "datacontenttype": "application/json",
        "data": found,
    }
    return json.dumps(envelope, ensure_ascii=False)


def attributes(found: dict[str, Any]) -> dict[str, Any]:
    """Return the message attributes to filter subscriptions by."""
    named = {name: found[name] for name in FILTERS} | {"type": TYPE}
    return {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}


def _line(number: int, line: dict[str, Any]) -> dict[str, Any]:
    tax = line["total_tax_money"]["amount"]
    return {
        "number": number,
        "kind": "item",
        "item_id": line["catalog_object_id"],
        "description": line["name"],
        "quantity": line["quantity"],
        "unit_price": line["base_price_money"]["amount"],
        "discount": 0,
        "tax": tax,
        "total": line["total_money"]["amount"] - tax,
    }


def _tender(tender: dict[str, Any]) -> dict[str, Any]:
    found = {
        "type": _TENDERS[tender["type"]],
        "amount": tender["amount_money"]["amount"],
        "change": 0,
    }
    card = tender.get("card_details", {}).get("card")
    if card:
        found |= {"card_brand": card["card_brand"].lower(), "card_last_four": card["last_4"]}
    return found
