"""The sales that every variant is handed: orders of Square, and the events that carry them."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "000000000000", "us-east-1"
_GOODS = ("Flat white", "Rye bread", "Paperback, “Winter”", "Apfelstrudel", "あんパン", "Tote bag")
_CURRENCY = "USD"


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function of its invocation."""

    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    function_name: str = "tillbridge-bench-bench_shop"
    invoked_function_arn: str = (
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tillbridge-bench-bench_shop"
    )
    memory_limit_in_mb: int = 256
    ends: float = 0

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends - time.monotonic()) * 1000)


def context(seconds: float = 120) -> Context:
    return Context(ends=time.monotonic() + seconds)


def event(numbers: Iterable[int]) -> dict[str, Any]:
    """Return the Lambda event of a batch: one order a message."""
    return {"Records": [_record(number) for number in numbers]}


def order(number: int) -> str:
    """Return an order as Square's API answers it, of about 2.9 kB: 6 items, tax, tip, 2 tenders."""
    lines = [_line(place, name, 350 + 45 * place) for place, name in enumerate(_GOODS, 1)]
    gross = sum(line["total_money"]["amount"] for line in lines)
    tax, tip = sum(line["total_tax_money"]["amount"] for line in lines), 500
    total = gross + tip
    found = {
        "id": f"CAISENgvlJ6jLWAzERDz{number:012}",
        "location_id": "057P5VYJ4A5X1",
        "state": "COMPLETED",
        "version": 4,
        "source": {"name": "Register"},
        "customer_id": f"CUST{number % 977:012}",
        "created_at": "2026-11-23T10:15:30.123Z",
        "updated_at": "2026-11-23T10:17:02.456Z",
        "closed_at": "2026-11-23T10:17:02.456Z",
        "line_items": lines,
        "taxes": [
            {"uid": "state-tax", "name": "Sales tax", "type": "ADDITIVE", "percentage": "8.5",
             "applied_money": _money(tax)}
        ],
        "total_money": _money(total),
        "total_tax_money": _money(tax),
        "total_tip_money": _money(tip),
        "tenders": [
            {"id": f"T1-{number}", "type": "CASH", "amount_money": _money(1000),
             "cash_details": {"buyer_tendered_money": _money(1000)}},
            {"id": f"T2-{number}", "type": "CARD", "amount_money": _money(total - 1000),
             "tip_money": _money(tip),
             "card_details": {"status": "CAPTURED", "entry_method": "EMV",
                              "card": {"card_brand": "VISA", "last_4": "1111"}}},
        ],
    }  # fmt: skip
    return json.dumps({"order": found}, ensure_ascii=False, separators=(",", ":"))


def _line(place: int, name: str, price: int) -> dict[str, Any]:
    gross = price * place
    tax = round(gross * 85 / 1000)
    return {
        "uid": f"line-{place}",
        "catalog_object_id": f"BEMYCSMIJL46OCDV4K{place:04}",
        "name": name,
        "quantity": str(place),
        "base_price_money": _money(price),
        "applied_taxes": [{"tax_uid": "state-tax", "applied_money": _money(tax)}],
        "total_tax_money": _money(tax),
        "total_money": _money(gross + tax),
    }


def _money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": _CURRENCY}


def _record(number: int) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": order(number),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tillbridge-bench-bench-shop",
        "awsRegion": REGION,
    }
