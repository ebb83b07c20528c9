"""The tests' own till, whose records say no more than a test needs."""

from collections.abc import Iterator
from typing import Any

from chalicelib import payload
from chalicelib.errors import Ignored
from chalicelib.model import Merchant, Outcome, Transaction


def adapt(text: str, merchant: Merchant) -> Iterator[Outcome]:
    """Read {"id", "rev", "total", "name", "lines"}, or {"open": true}."""
    return payload.each(payload.json_records(text), lambda record: [_one(record, merchant)])


def _one(record: dict[str, Any], merchant: Merchant) -> Transaction:
    if record.get("open"):
        raise Ignored("open order")
    line = {"number": 1, "total": record["total"], "description": record.get("name")}
    more = [{"number": 1, "total": 0, "description": text} for text in record.get("lines", ())]
    return Transaction.model_validate(
        {
            "merchant": merchant.id,
            "vendor": "test",
            "id": record["id"],
            "revision": record.get("rev", 0),
            "kind": "sale",
            "occurred_at": "2026-11-23T10:00:00+00:00",
            "currency": "EUR",
            "exponent": 2,
            "lines": (line, *more),
            "subtotal": record["total"],
            "total": record["total"],
        }
    )


def sale(identity: object, total: int = 100, rev: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": str(identity), "total": total, "rev": rev, **more}
