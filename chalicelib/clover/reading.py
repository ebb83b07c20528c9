"""What orders, payments and refunds share: currency, amounts, times, unknown words."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected

Record = dict[str, Any]
NOTHING: tuple[Any, ...] = (None, "", [], {})


def elements(record: Record, name: str) -> list[Record]:
    """Return a collection of Clover's, which is a list in an object; [] if it isn't there."""
    found = record.get(name)
    listed = found.get("elements") if isinstance(found, dict) else found
    if listed not in NOTHING and not isinstance(listed, list):
        raise Rejected(Code.BAD_SHAPE, f"{name} must have its elements in a list")
    return listed or []


def expanded(record: Record, name: str) -> bool:
    """Say whether a collection is there, and not only where it can be had."""
    found = record.get(name)
    return bool(found) and (isinstance(found, list) or "elements" in (found or {}))


def identity(noun: str, record: Any) -> str:
    """Return an id of ours, such as order:ZK6BEAGXBPGST."""
    found = record.get("id") if isinstance(record, dict) else None
    if not isinstance(found, str) or not found:
        raise Rejected(Code.MISSING_ID, f"the {noun} has no id")
    return f"{noun}:{found}"


def amount(record: Record, name: str) -> int:
    """Return an amount in minor units.  One that is left out is nothing."""
    return money.whole(record.get(name) or 0)


def latest(*records: Record) -> int:
    """Return the last change in milliseconds: it may be older than the creation."""
    names = ("modifiedTime", "createdTime", "clientCreatedTime")
    found = [_ms(one[name]) for one in records for name in names if one.get(name)]
    return max(found, default=0)


def _ms(value: Any) -> int:
    times.from_epoch_ms(value)
    return int(value)


class Reading:
    """An object of Clover's, in the currency of its order or of the merchant."""

    def __init__(self, merchant: model.Merchant, record: Record, currency: Any = None) -> None:
        told = currency or record.get("currency") or merchant.currency
        self.exponent, self.currency = money.exponent(told), str(told)
        self.merchant, self.record = merchant, record
        self.named = dict[str, None]()

    def word(self, table: Mapping[str, Any], found: object, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.named[f"unknown_{what}"] = None
        return table.get(str(found), "other")

    def transaction(self, *moments: Any, **fields: Any) -> model.Transaction:
        """Return a transaction of the first of the moments that there is."""
        record = self.record
        known = (*moments, record.get("clientCreatedTime"), record.get("createdTime"))
        device = record.get("device") or {}
        return model.Transaction(
            merchant=self.merchant.id, vendor="clover", currency=self.currency,
            exponent=self.exponent, register_id=device.get("id") or None,
            occurred_at=times.from_epoch_ms(next(filter(None, known), None)),
            discrepancies=tuple(self.named), **fields,
        )  # fmt: skip

    def void(self, found: str, revision: int) -> model.Transaction:
        """Return what leaves nothing of a transaction: newer than it was, at any rate."""
        return self.transaction(
            id=found, revision=revision + 1, kind="void", original=found, total=0
        )


def customer(order: Record) -> model.Customer | None:
    """Return the first customer of an order."""
    found: Iterator[Record] = iter(elements(order, "customers"))
    if not (one := next(found, None)):
        return None
    mails, phones = elements(one, "emailAddresses"), elements(one, "phoneNumbers")
    told = {
        "id": one.get("id") or None,
        "email": mails[0].get("emailAddress") if mails else None,
        "phone": phones[0].get("phoneNumber") if phones else None,
    }
    return model.Customer(**told) if any(told.values()) else None
