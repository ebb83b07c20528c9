"""Zettle by PayPal: purchases and refunds, as its events carry them and as its API answers.

https://developer.zettle.com/docs/api/purchase/api-reference-md
Events and API name things differently.  Only what is in both is read, so that a purchase which
comes both ways is known for one and the same, to the letter.
"""

import base64
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalicelib import model, money, payload, signatures, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Events of other things.  A refund is a purchase as well, so that one event is all there is; of
#: what was paid there once were events, too, beside that of the purchase.
NO_SALES = re.compile(
    "(Application|Inventory|Organization|PersonalAssertion|Product|(Card)?Payment|Invoice)[A-Z]|"
    "Test"
)
#: The API's name, the event's, and the API's old one, whose value is in base64.
IDS = ("purchaseUUID1", "purchaseUuid", "purchaseUUID")
ORIGINALS = ("refundsPurchaseUUID1", "refundsPurchaseUuid", "refundsPurchaseUUID")
REFUNDS = ("refundedByPurchaseUUIDs1", "refundedByPurchaseUuids", "refundedByPurchaseUUIDs")
#: Lists that events and the API once had beside that of payments, and what is in them.
OLD_PAYMENTS = {"cardPayments": "IZETTLE_CARD", "cashPayments": "IZETTLE_CASH"}
LINES = {"PRODUCT": "item", "CUSTOM_AMOUNT": "item", "GIFTCARD": "gift_card"}
#: An invoice is a sale on account: no second purchase comes when it is paid, but refunds do.
TENDERS = {
    "IZETTLE_CARD": "card", "IZETTLE_CARD_ONLINE": "card", "IZETTLE_TAP_ON_PHONE": "card",
    "IZETTLE_PAYMENT_LINK": "card", "PAYPAL_KEYIN": "card", "IZETTLE_CASH": "cash",
    "IZETTLE_INVOICE": "account", "PAYPAL_INVOICE": "account", "SWISH": "wallet",
    "VIPPS": "wallet", "MOBILE_PAY": "wallet", "PAYPAL": "wallet", "VENMO": "wallet",
    "STORE_CREDIT": "store_credit", "GIFTCARD": "gift_card", "KLARNA": "other", "CUSTOM": "other",
}  # fmt: skip
#: Without the spaces, hyphens and underscores that some spellings have.
BRANDS = {
    "VISA": "visa", "VISAELECTRON": "visa", "VPAY": "visa", "MASTERCARD": "mastercard",
    "MAESTRO": "maestro", "AMEX": "amex", "AMERICANEXPRESS": "amex", "DISCOVER": "discover",
    "DINERS": "diners", "JCB": "jcb", "UNIONPAY": "unionpay", "INTERAC": "interac",
}  # fmt: skip
TAXATION = {"INCLUSIVE": "inclusive", "EXCLUSIVE": "exclusive"}
NOTHING = (None, "")
UUID = re.compile(r"[0-9A-Za-z]{8}(-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}")
BASE64 = re.compile(r"[0-9A-Za-z_-]{22}(==)?")


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read purchases: in events, on pages, in arrays, one a line, or one alone."""
    records = payload.apart(payload.json_records(text), _singles)
    return payload.each(records, lambda one: [_Purchase(_opened(one), merchant).transaction()])


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature over two fields of the event: its time, which has no window, and payload.

    https://developer.zettle.com/docs/api/pusher/user-guides/create-subscriptions
    """
    event = signatures.fields(body)
    message = f"{event['timestamp']}.{event['payload']}".encode()
    return signatures.by_hex([headers.get("x-izettle-signature", "")], message, secrets)


def handshake(body: bytes) -> str:
    """Return its name if it is the test that a subscription begins with, before its key is told."""
    return "TestMessage" if signatures.fields(body).get("eventName") == "TestMessage" else ""


def _singles(record: Any) -> list[Any]:
    """Take a page of the API's apart, so that one bad purchase spoils no other."""
    page = record.get("purchases") if isinstance(record, dict) else None
    return page if page and isinstance(page, list) else [record]


def _opened(record: Any) -> Record:
    """Return the purchase itself: an event holds it as text, in which there is JSON again."""
    if isinstance(record, dict) and "eventName" in record:
        if NO_SALES.match(str(record["eventName"])):
            raise Ignored("not an event of a sale")
        if record["eventName"] != "PurchaseCreated":
            raise Rejected(Code.UNKNOWN_EVENT, "unknown event name")
        if not (record := record.get("payload")):
            raise Rejected(Code.THIN_NOTIFICATION, "no payload in the event: push all of it")
        record = payload.json_value(record) if isinstance(record, str) else record
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a purchase is an object")
    if record.get("purchases") == []:
        raise Ignored("page without purchases")
    if not record.keys() & {"amount", "products", "payments"}:
        if any(record.get(name) for name in IDS):
            raise Rejected(Code.THIN_NOTIFICATION, "only an id: push the whole purchase")
        raise Rejected(Code.UNKNOWN_EVENT, "neither a purchase nor an event or page of Zettle's")
    return record


class _Purchase:
    """What all parts of a purchase share: its kind, and the words in it that nobody knew."""

    def __init__(self, found: Record, merchant: model.Merchant) -> None:
        self.found, self.merchant, self.named = found, merchant, dict[str, None]()
        self.id, self.original = _uuid(found, IDS), _uuid(found, ORIGINALS)
        if not self.id:
            raise Rejected(Code.MISSING_ID, f"the purchase has none of {', '.join(IDS)}")
        self.currency = found.get("currency") or merchant.currency
        self.rows, self.payments = found.get("products") or [], _payments(found)
        self.charge = found.get("serviceCharge") or {}
        self.kind = self._kind(money.whole(found.get("amount")), found.get("refund"))

    def _kind(self, amount: int, refund: Any) -> Any:
        """Events needn't say `refund`: there the original's id tells, or the sign."""
        if refund is not None and not isinstance(refund, bool):
            raise Rejected(Code.UNKNOWN_VALUE, "refund is neither true nor false")
        if refund is not None and amount and refund != (amount < 0):
            self.named["refund_mark_and_sign_disagree"] = None
        return "return" if refund or self.original or amount < 0 else "sale"

    def signed(self, amount: Any) -> int:
        """Return an amount, negative in a return.  One that is left out is nothing."""
        found = 0 if amount in NOTHING else money.whole(amount)
        return -abs(found) if self.kind == "return" else found

    def word(self, table: Mapping[str, str], found: Any, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if not isinstance(found, str) or found not in table:
            self.named[f"unknown_{what}"] = None
            return "other"
        return table[found]

    def transaction(self) -> model.Transaction:
        found = self.found
        lines = tuple(self._line(number, row) for number, row in enumerate(self.rows, 1))
        rows = sum(line.total for line in lines)
        discounts = self._discounts(rows)
        subtotal = rows - sum(one.amount for one in discounts)
        tenders = tuple(map(self._tender, self.payments))
        tip = sum(self.signed(one.get("gratuityAmount")) for one in self.payments)
        total = self.signed(found["amount"])
        if sum(tender.amount for tender in tenders) == total + tip:
            total += tip  # the amounts of payments hold the tip; that of the purchase needn't
        when = found.get("timestamp") or found.get("created")  # a late report is created later
        return model.Transaction(
            merchant=self.merchant.id, vendor="zettle", id=str(self.id), revision=_revision(found),
            kind=self.kind, original=self.original, channel=found.get("source") or None,
            store_id=_code((found.get("site") or {}).get("uuid")),
            receipt_number=_code(found.get("purchaseNumber")),
            occurred_at=times.from_epoch_ms(when) if isinstance(when, int)
            else times.instant(when, self.merchant.timezone),
            currency=str(self.currency), exponent=money.exponent(self.currency),
            lines=lines, discounts=discounts, tip=tip, total=total,
            taxes=self._taxes([line.total for line in lines], subtotal),
            service_charge=self.signed(self.charge.get("amount")),
            subtotal=subtotal if lines else None, tenders=tenders, discrepancies=tuple(self.named),
        )  # fmt: skip

    def _line(self, number: int, row: Record) -> model.Line:
        """Return a row.  Prices are never negative: what comes back has a negative quantity."""
        quantity, price = _quantity(row), money.whole(row.get("unitPrice"))
        quantity = -abs(quantity) if self.kind == "return" else quantity
        gross, taken = money.rounded(quantity * price), row.get("discountValue")
        if taken in NOTHING:
            taken = _reduction(row.get("discount") or {}, gross)
        discount = abs(money.whole(taken)) * (-1 if quantity < 0 else 1)
        name = " ".join(word for word in (row.get("name"), row.get("variantName")) if word)
        return model.Line(
            number=number, kind=self.word(LINES, row.get("type") or "PRODUCT", "product_type"),
            item_id=_code(row.get("variantUuid") or row.get("productUuid")),
            sku=_code(row.get("sku")), gtin=_code(row.get("barcode")),
            description=name or None, unit_price=price,
            quantity=money.quantity(quantity), discount=discount, total=gross - discount,
        )  # fmt: skip

    def _discounts(self, rest: int) -> tuple[model.Discount, ...]:
        """Return the discounts on the whole: each on what rows and the ones before it leave."""
        discounts = []
        for one in self.found.get("discounts") or ():
            amount = self.signed(_reduction(one, rest))
            discounts.append(model.Discount(name=one.get("name") or None, amount=amount))
            rest -= amount
        return tuple(discounts)

    def _taxes(self, totals: list[int], subtotal: int) -> tuple[model.Tax, ...]:
        """Return the tax of each rate, worked out row by row as Zettle does.

        If they aren't together what Zettle says, then its one figure is all that is returned.
        """
        found, by_rate = self.found, dict[str, int]()
        whole = self.signed(found.get("vatAmount") or found.get("taxAmount"))
        mode = self.word(TAXATION, found.get("taxationMode") or "INCLUSIVE", "taxation_mode")
        inclusive, name = mode != "exclusive", found.get("taxationType") or "VAT"
        share = Decimal(subtotal) / (sum(totals) or 1)
        nets = [share * total for total in totals]
        nets.append(Decimal(self.signed(self.charge.get("amount"))))
        for net, row in zip(nets, (*self.rows, self.charge), strict=True):
            rates = _rates(row)
            base = net / (1 + sum(rates)) if inclusive else net
            for rate in rates:
                told = money.quantity(rate)
                by_rate[told] = by_rate.get(told, 0) + money.rounded(base * rate)
        if sum(by_rate.values()) != whole:
            by_rate = {next(iter(by_rate)) if len(by_rate) == 1 else "": whole}
        return tuple(model.Tax(name=name, rate=rate or None, amount=amount, inclusive=inclusive)
                     for rate, amount in by_rate.items() if amount)  # fmt: skip

    def _tender(self, found: Record) -> model.Tender:
        """Return a payment.  Its amount is what was handed over less the change, tip included."""
        if found.get("currency") not in (*NOTHING, self.currency):
            raise Rejected(Code.MIXED_CURRENCY, "a payment is in another currency than the sale")
        details = found.get("attributes") or {}
        amount = self.signed(money.whole(found.get("amount")))
        brand = re.sub("[ _-]", "", details.get("cardType") or "").upper()
        digits = re.search("[0-9]{4}$", details.get("maskedPan") or "")
        return model.Tender(
            type=self.word(TENDERS, found.get("type"), "tender_type"),
            name=found.get("type") or None, amount=amount,
            change=_change(details, amount) if amount > 0 else 0,
            card_brand=self.word(BRANDS, brand, "card_brand") if brand else None,
            card_last_four=digits[0] if digits else None,
        )  # fmt: skip


def _uuid(found: Record, names: tuple[str, ...]) -> str | None:
    """Return the first of these ids that is there, in the one form that all of them share."""
    value = next((found[name] for name in names if found.get(name)), None)
    if isinstance(value, str) and UUID.fullmatch(value):
        return value.lower()
    if isinstance(value, str) and BASE64.fullmatch(value):
        return str(uuid.UUID(bytes=base64.urlsafe_b64decode(value[:22] + "==")))
    if value is None:
        return None
    raise Rejected(Code.MISSING_ID, f"one of {', '.join(names)} is no UUID")


def _revision(found: Record) -> int:
    """Return how often it was refunded: nothing else of a purchase ever changes."""
    refunds: Any = next((found[name] for name in REFUNDS if found.get(name)), [])
    if not isinstance(refunds, list):
        raise Rejected(Code.BAD_SHAPE, "the ids of refunds are a list")
    return max(len(refunds), int(found.get("refunded") is True))


def _payments(found: Record) -> list[Record]:
    """Return all payments.  The old lists have the details of a payment in the payment itself."""
    old = [
        {"type": kind, "attributes": one, **one}
        for name, kind in OLD_PAYMENTS.items()
        for one in found.get(name) or ()
    ]
    return [*(found.get("payments") or ()), *old]


def _change(details: Record, amount: int) -> int:
    """Return the change of a payment: not all that tell what was handed over tell it."""
    if details.get("changeAmount") not in NOTHING:
        return money.whole(details["changeAmount"])
    handed = details.get("handedAmount")
    return 0 if handed in NOTHING else max(money.whole(handed) - amount, 0)


def _quantity(found: Record) -> Decimal:
    quantity = found.get("quantity")
    return Decimal(1) if quantity in NOTHING else money.decimal(quantity)


def _rates(row: Record) -> list[Decimal]:
    """Return the rates of tax on a row as fractions: several where states and cities tax."""
    found = [one.get("percentage") for one in row.get("taxRates") or ()]
    rates = [money.decimal(rate or 0) for rate in found or [row.get("vatPercentage")]]
    return [rate.scaleb(-2) for rate in rates if rate > 0]


def _reduction(discount: Record, base: int) -> int:
    """Return what a discount takes off `base`: as told, else by its amount or percentage."""
    if discount.get("value") not in NOTHING:
        return money.whole(discount["value"])
    if discount.get("amount") not in NOTHING:
        return money.rounded(money.whole(discount["amount"]) * _quantity(discount))
    return money.rounded(base * money.decimal(discount.get("percentage") or 0).scaleb(-2))


def _code(found: Any) -> str | None:
    """Return an id that moves no money, or none: a barcode typed wrong spoils no sale."""
    code = str(found).strip() if isinstance(found, str | int) else ""
    return code if 0 < len(code) <= 256 and code.isprintable() else None  # noqa: PLR2004
