"""Loyverse: receipts, as the webhook receipts.update carries them and as the API answers.

https://developer.loyverse.com/docs/#tag/Receipts

A receipt is a sale or a refund, both in positive amounts, and names no currency.  A refund is a
receipt of its own.  One that is cancelled keeps its number and becomes a void: of a sale, nothing
is left of it; of a refund, the sale stands again.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import model, money, payload, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Type -> kind, and the sign of what it says in positive amounts.
TYPES = {"SALE": ("sale", 1), "REFUND": ("return", -1)}
TOPICS = {"receipts.update": True} | dict.fromkeys(
    ("customers.update", "inventory_levels.update", "items.update", "shifts.create"), False
)
TAXES = {"INCLUDED": True, "ADDED": False}
TENDERS = {
    "CASH": "cash", "CHECK": "check", "OTHER": "other",
    **dict.fromkeys(("NONINTEGRATEDCARD", "IZETTLE", "NICEPAY", "SUMUP", "TYRO", "VANTIV",
                     "WORLDPAY", "YOCO"), "card"),
}  # fmt: skip


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read receipts: one, an array, a page of the API's or a webhook's."""

    def one(record: Any) -> Iterator[model.Transaction]:
        receipt = _recognised(record)
        kind, sign = payload.known(TYPES, receipt.get("receipt_type"), "receipt_type")
        reading = _Reading(receipt, merchant, sign)
        yield _void(reading) if receipt.get("cancelled_at") else _receipt(reading, kind)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def _singles(record: Any) -> list[Any]:
    """Take a list of receipts apart, so that a bad one spoils no other."""
    page = record if isinstance(record, dict) and _of_receipts(record) else {}
    listed = page.get("receipts")
    return listed if isinstance(listed, list) and listed else [record]


def _of_receipts(record: Record) -> bool:
    return record.get("type") in (None, "receipts.update")


def _recognised(record: Any) -> Record:
    """Return the receipt itself."""
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a receipt was expected as an object")
    if "receipt_type" in record or "receipt_number" in record:
        return record
    if _of_receipts(record) and record.get("receipts") == []:
        raise Ignored("no receipts")
    if not payload.known(TOPICS, record.get("type"), "event type", Code.UNKNOWN_EVENT):
        raise Ignored("not an event of a sale")
    raise Rejected(Code.BAD_SHAPE, "receipts must be a list")


class _Reading:
    """What all parts of a receipt share: currency, sign, and words in it that nobody knew."""

    def __init__(self, receipt: Record, merchant: model.Merchant, sign: int) -> None:
        self.exponent = money.exponent(merchant.currency)
        self.receipt, self.merchant, self.sign = receipt, merchant, sign
        self.unknown = dict[str, None]()

    def amount(self, record: Record, name: str) -> int:
        """Return an amount, with the sign of the receipt.  One that is left out is nothing."""
        found = record.get(name)
        if found in (None, ""):
            return 0
        return self.sign * money.minor(found, self.merchant.currency)

    def word(self, table: Mapping[str, Any], found: object, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if str(found) not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(str(found), "other")

    def transaction(self, *dates: Any, **fields: Any) -> model.Transaction:
        receipt, zone = self.receipt, self.merchant.timezone
        number, buyer = receipt.get("receipt_number"), receipt.get("customer_id")
        if not isinstance(number, str) or not number:
            raise Rejected(Code.MISSING_ID, "the receipt has no receipt_number")
        changes = [receipt.get(name) for name in ("created_at", "updated_at", "cancelled_at")]
        known = [times.epoch_ms(times.instant(one, zone)) for one in changes if one]
        when = next(filter(None, (*dates, receipt.get("receipt_date"), changes[0])), None)
        return model.Transaction(
            merchant=self.merchant.id, vendor="loyverse", id=number, receipt_number=number,
            revision=max(known, default=0), occurred_at=times.instant(when, zone),
            currency=str(self.merchant.currency), exponent=self.exponent,
            store_id=receipt.get("store_id") or None, channel=receipt.get("source") or None,
            register_id=receipt.get("pos_device_id") or None,
            customer=model.Customer(id=buyer) if buyer else None,
            discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip


def _receipt(reading: _Reading, kind: str) -> model.Transaction:
    receipt, sign = reading.receipt, reading.sign
    if receipt.get("total_money") in (None, ""):
        raise Rejected(Code.BAD_MONEY, "total_money is missing")
    if (total := reading.amount(receipt, "total_money")) * sign < 0:
        raise Rejected(Code.BAD_MONEY, "the total of a receipt is negative")
    lines = tuple(_line(reading, *each) for each in enumerate(receipt.get("line_items") or (), 1))
    spread = sum(line.discount for line in lines)
    rest = reading.amount(receipt, "total_discount") - spread if lines else 0
    tenders = tuple(_tender(reading, paid) for paid in receipt.get("payments") or ())
    tip, charge = reading.amount(receipt, "tip"), reading.amount(receipt, "surcharge")
    # Nothing says whether the total has them in it.  Where they were paid on top, it hasn't.
    if sum(tender.amount for tender in tenders) == total + tip + charge:
        total += tip + charge
    return reading.transaction(
        kind=kind, original=receipt.get("refund_for") or None if kind == "return" else None,
        lines=lines, discounts=(model.Discount(amount=rest),) if rest else (),
        subtotal=sum(line.total for line in lines) - rest if lines else None,
        taxes=tuple(_taxes(reading)), tip=tip, service_charge=charge, total=total, tenders=tenders,
    )  # fmt: skip


def _void(reading: _Reading) -> model.Transaction:
    receipt = reading.receipt
    original = receipt.get("receipt_number")
    return reading.transaction(
        receipt.get("cancelled_at"), kind="void", original=original or None, total=0
    )


def _line(reading: _Reading, number: int, line: Record) -> model.Line:
    """Return a line.  Loyverse's total of it holds added taxes, and its price no modifiers."""
    taxes = [(reading.amount(tax, "money_amount"), _inclusive(tax))
             for tax in line.get("line_taxes") or ()]  # fmt: skip
    added = sum(amount for amount, inclusive in taxes if not inclusive)
    quantity = money.decimal(line.get("quantity"))
    return model.Line(
        number=number, item_id=line.get("item_id") or None, sku=line.get("sku") or None,
        description=" ".join(filter(None, (line.get("item_name"), line.get("variant_name")))),
        quantity=money.quantity(reading.sign * quantity),
        unit_price=abs(reading.amount(line, "price")),
        discount=reading.amount(line, "total_discount"), tax=sum(amount for amount, _ in taxes),
        total=reading.amount(line, "total_money") - added,
    )  # fmt: skip


def _taxes(reading: _Reading) -> Iterator[model.Tax]:
    """Return the taxes of the receipt, or where it has no list of them, those of its lines."""
    lines = reading.receipt.get("line_items") or ()
    listed = reading.receipt.get("total_taxes") or [
        tax for line in lines for tax in line.get("line_taxes") or ()
    ]
    for tax in listed:
        rate = tax.get("rate")
        yield model.Tax(
            name=tax.get("name") or None, amount=reading.amount(tax, "money_amount"),
            rate=None if rate is None else money.quantity(money.decimal(rate).scaleb(-2)),
            inclusive=_inclusive(tax),
        )  # fmt: skip


def _inclusive(tax: Record) -> bool:
    return payload.known(TAXES, tax.get("type"), "type of a tax")


def _tender(reading: _Reading, paid: Record) -> model.Tender:
    """Return what a payment settled.  Its name is the merchant's own, in any language."""
    details = paid.get("payment_details") or {}
    digits = re.search("[0-9]{4}$", str(details.get("card_number") or ""))
    return model.Tender(
        type=reading.word(TENDERS, paid.get("type"), "tender_type"), name=paid.get("name") or None,
        amount=reading.amount(paid, "money_amount"), card_last_four=digits[0] if digits else None,
    )  # fmt: skip
