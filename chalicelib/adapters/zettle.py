"""Zettle by PayPal: purchases, as the event PurchaseCreated carries them and as the API answers.

https://developer.zettle.com/docs/api/pusher (and /purchase)

An event holds its purchase as JSON in a text.  A refund is a purchase of its own, in negative
amounts; nothing is ever voided, and the purchase that it refunds is marked and stays as it was.
Rows are discounted first, then the purchase as a whole.
"""

import base64
import re
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from chalicelib import model, money, payload, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
EVENTS = {"PurchaseCreated": True} | dict.fromkeys(
    ("ApplicationConnectionRemoved", "InventoryBalanceChanged", "InventoryTrackingStarted",
     "InventoryTrackingStopped", "OrganizationUpdated", "PersonalAssertionDeleted",
     "ProductCreated", "ProductDeleted", "ProductUpdated", "TestMessage"), False
)  # fmt: skip
LINES = {"PRODUCT": "item", "CUSTOM_AMOUNT": "item", "GIFTCARD": "gift_card"}
#: An invoice isn't paid yet, but it is sold, and nothing tells of it again.
TENDERS = {
    "IZETTLE_CARD": "card", "IZETTLE_CARD_ONLINE": "card", "IZETTLE_CASH": "cash",
    "IZETTLE_INVOICE": "account", "SWISH": "wallet", "VIPPS": "wallet", "MOBILE_PAY": "wallet",
    "PAYPAL": "wallet", "VENMO": "wallet", "STORE_CREDIT": "store_credit", "KLARNA": "other",
    "GIFTCARD": "gift_card",
}  # fmt: skip
BRANDS = {
    "VISA": "visa", "MASTERCARD": "mastercard", "AMERICAN_EXPRESS": "amex", "AMEX": "amex",
    "MAESTRO": "maestro", "DINERS": "diners", "JCB": "jcb", "UNIONPAY": "unionpay",
    "DISCOVER": "discover", "DANKORT": "other", "ELECTRON": "other", "V_PAY": "other",
    "VISA_ELECTRON": "other", "UNKNOWN": "other",
}  # fmt: skip
MODES = {"INCLUSIVE": True, "EXCLUSIVE": False}
LAST_FOUR = re.compile("[*x•]([0-9]{4})$", re.IGNORECASE)


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read purchases: events, one purchase, an array, or a page of the API's."""

    def one(record: Any) -> Iterator[model.Transaction]:
        purchase = _recognised(record)
        yield _purchase(_Reading(purchase, merchant))

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def _singles(record: Any) -> list[Any]:
    """Take a page apart, so that one bad purchase spoils no other."""
    listed = record.get("purchases") if isinstance(record, dict) else None
    return listed if isinstance(listed, list) and listed else [record]


def _recognised(record: Any) -> Record:
    """Return the purchase itself."""
    if isinstance(record, dict) and "eventName" in record:
        if not payload.known(EVENTS, record["eventName"], "eventName", Code.UNKNOWN_EVENT):
            raise Ignored("not an event of a sale")
        inside = record.get("payload")
        record = payload.json_value(inside) if isinstance(inside, str) else inside
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a purchase was expected as an object")
    if record.get("purchases") == []:
        raise Ignored("no purchases")
    if "amount" not in record or "products" not in record:
        raise Rejected(Code.UNKNOWN_EVENT, "neither a purchase of Zettle's nor an event of one")
    return record


class _Reading:
    """What all parts of a purchase share: currency, sign, and words in it that nobody knew."""

    def __init__(self, purchase: Record, merchant: model.Merchant) -> None:
        self.purchase, self.merchant = purchase, merchant
        currency = purchase.get("currency") or merchant.currency
        self.exponent, self.currency = money.exponent(currency), str(currency)
        if purchase.get("refund") not in (None, True, False):
            raise Rejected(Code.BAD_SHAPE, "refund must be true or false")
        self.sign = -1 if purchase.get("refund") else 1
        self.unknown = dict[str, None]()

    def amount(self, record: Record, name: str) -> int:
        """Return an amount, negative in a refund.  One that is left out is nothing."""
        found = money.whole(record.get(name) or 0)
        return -abs(found) if self.sign < 0 else found

    def word(self, table: Mapping[str, Any], found: object, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(str(found), "other")

    def discount(self, found: Any, of: int, value: object = None) -> int:
        """Return a discount: as it is told, or a part of the amount `of`, or so much a piece."""
        if value is None and found:
            value = found.get("value")
        if value is not None:
            worth = Decimal(abs(money.whole(value)))
        elif not found:
            return 0
        elif found.get("amount") is not None:
            pieces = money.decimal(found.get("quantity") or 1)
            worth = abs(money.whole(found["amount"]) * pieces)
        else:
            worth = abs(of) * money.decimal(found.get("percentage")).scaleb(-2)
        return self.sign * money.rounded(worth)


def _purchase(reading: _Reading) -> model.Transaction:
    purchase, sign = reading.purchase, reading.sign
    lines = tuple(_line(reading, *each) for each in enumerate(purchase["products"] or (), 1))
    goods = sum(line.total for line in lines)
    discounts, left = [], goods
    for found in purchase.get("discounts") or ():
        taken = reading.discount(found, left)
        discounts.append(model.Discount(name=found.get("name") or None, amount=taken))
        left -= taken
    payments = purchase.get("payments") or ()
    tenders = tuple(_tender(reading, paid) for paid in payments)
    tip = sum(reading.amount(paid, "gratuityAmount") for paid in payments)
    charge = reading.amount(purchase.get("serviceCharge") or {}, "amount")
    total = reading.amount(purchase, "amount")
    if total * sign < 0:
        raise Rejected(Code.BAD_MONEY, "the amount of a purchase is negative, but it is no refund")
    # A payment has its gratuity in it; whether the purchase has, nothing says.
    if sum(tender.amount for tender in tenders) == total + tip:
        total += tip
    moment = purchase.get("created") or purchase.get("timestamp")
    when = times.instant(moment) if isinstance(moment, str) else times.from_epoch_ms(moment)
    source = _first(purchase, "refundsPurchaseUUID1", "refundsPurchaseUuid", "refundsPurchaseUUID")
    number = purchase.get("purchaseNumber")
    return model.Transaction(
        merchant=reading.merchant.id, vendor="zettle", id=_identity(purchase),
        revision=_refunds(purchase), kind="return" if sign < 0 else "sale",
        original=_uuid(source) if source and sign < 0 else None,
        receipt_number=str(number) if number else None, occurred_at=when,
        currency=reading.currency, exponent=reading.exponent, lines=lines,
        discounts=tuple(discounts), taxes=_taxes(reading, lines), tip=tip, service_charge=charge,
        subtotal=left if lines else None, total=total, tenders=tenders,
        channel=purchase.get("source") or None, discrepancies=tuple(reading.unknown),
    )  # fmt: skip


def _line(reading: _Reading, number: int, row: Record) -> model.Line:
    """Return a row.  A unit price is positive in refunds as well: the quantity isn't."""
    quantity = money.decimal(row.get("quantity"))
    if reading.sign < 0:
        quantity = -abs(quantity)
    price = money.whole(row.get("unitPrice"))
    gross = money.rounded(price * quantity)
    discount = reading.discount(row.get("discount"), gross, row.get("discountValue"))
    named = filter(None, (row.get("name"), row.get("variantName")))
    return model.Line(
        number=number, kind=reading.word(LINES, row.get("type") or "PRODUCT", "product_type"),
        item_id=row.get("variantUuid") or row.get("productUuid") or None,
        sku=row.get("sku") or None, gtin=row.get("barcode") or None,
        description=" ".join(named) or None, quantity=money.quantity(quantity), unit_price=price,
        discount=discount, total=gross - discount,
    )  # fmt: skip


def _taxes(reading: _Reading, lines: tuple[model.Line, ...]) -> tuple[model.Tax, ...]:
    """Return the tax of each rate.  Only their sum is told: each has its part of that."""
    purchase, tax = reading.purchase, reading.amount(reading.purchase, "vatAmount")
    mode = purchase.get("taxationMode") or "INCLUSIVE"
    inclusive = payload.known(MODES, mode, "taxationMode")
    if not tax:
        return ()
    parts: dict[Decimal, Decimal] = {}
    for line, row in zip(lines, purchase["products"] or (), strict=True):
        rate = money.decimal(row.get("vatPercentage") or 0).scaleb(-2)
        if rate:
            share = line.total * rate / (1 + rate if inclusive else 1)
            parts[rate] = parts.get(rate, Decimal(0)) + share
    shares = money.spread(tax, list(parts.values()))
    made = [
        model.Tax(rate=money.quantity(rate), amount=share, inclusive=inclusive)
        for rate, share in zip(parts, shares, strict=True)
    ]
    if not made:
        made.append(model.Tax(amount=tax, inclusive=inclusive))
    return tuple(made)


def _tender(reading: _Reading, paid: Record) -> model.Tender:
    known, kind = paid.get("attributes") or {}, paid.get("type")
    brand, digits = known.get("cardType"), LAST_FOUR.search(str(known.get("maskedPan") or ""))
    return model.Tender(
        type=reading.word(TENDERS, kind, "tender_type"), amount=reading.amount(paid, "amount"),
        change=money.whole(known.get("changeAmount") or 0) if reading.sign > 0 else 0,
        card_brand=reading.word(BRANDS, brand, "card_brand") if brand else None,
        card_last_four=digits[1] if digits else None,
    )  # fmt: skip


def _identity(purchase: Record) -> str:
    found = _first(purchase, "purchaseUUID1", "purchaseUuid", "purchaseUUID")
    if not found:
        raise Rejected(Code.MISSING_ID, "the purchase has no purchaseUUID1 or purchaseUuid")
    return _uuid(found)


def _uuid(found: Any) -> str:
    """Return a UUID as events write it, from the base64 of old answers as well."""
    try:
        short = isinstance(found, str) and len(found) == 22  # noqa: PLR2004 - 16 bytes in base64
        raw = base64.urlsafe_b64decode(found + "==") if short else None
        return str(uuid.UUID(bytes=raw) if raw else uuid.UUID(found))
    except (ValueError, AttributeError, TypeError) as fault:
        raise Rejected(Code.MISSING_ID, "a purchase's id is no UUID") from fault


def _refunds(purchase: Record) -> int:
    """Return how often a purchase was refunded: nothing else of it ever changes."""
    listed = _first(purchase, "refundedByPurchaseUUIDs1", "refundedByPurchaseUuids",
                    "refundedByPurchaseUUIDs")  # fmt: skip
    return len(listed) if isinstance(listed, list) else int(purchase.get("refunded") is True)


def _first(record: Record, *names: str) -> Any:
    return next((record[name] for name in names if record.get(name)), None)
