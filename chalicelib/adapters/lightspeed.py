"""Lightspeed Retail X-Series (Vend): sales, as sale.update carries them and as the API answers.

https://x-series-api.lightspeedhq.com/docs/webhooks (and /sales_statuses, /sales_returns)

A webhook is a form whose field `payload` holds the sale as JSON.  Prices have no tax in them, up to
five decimals, and are text or numbers as they please; times without an offset are UTC; nothing
names a currency.  A sale counts once it is closed, and a void of it is a later revision.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from chalicelib import model, money, payload, signatures, times
from chalicelib.errors import Code, Rejected
from chalicelib.lightspeed import bodies
from chalicelib.lightspeed.bodies import NOTHING, Record
from chalicelib.lightspeed.payments import split

GIFT_CARD = re.compile("gift ?card", re.IGNORECASE)
#: The product that stands for a discount on the whole sale.
DISCOUNT = "vend-discount"
#: What the total has in it beside the lines.  They say that more types may come.
ADJUSTMENTS = {
    "TIP": "tip", "DISCOUNT": "discount",
    **dict.fromkeys(("NON_CASH_FEE", "SURCHARGE"), "service_charge"),
}  # fmt: skip
#: The one type that no total has in it.
APART = "ECOM_CUSTOM_CHARGE"


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read sales: a webhook's form, one sale, an array, or an answer of the API."""

    def one(record: Any) -> Iterator[model.Transaction]:
        sale = bodies.sale_of(record)
        void = bodies.is_void(sale)
        reading = _Reading(sale, merchant)
        yield reading.void() if void else _sale(reading)

    records = payload.json_records(bodies.unwrapped(text))
    return payload.each(payload.apart(records, bodies.singles), one)


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check `signature=<hex>,algorithm=HMAC-SHA256` over the form: the app's client secret.

    https://x-series-api.lightspeedhq.com/docs/webhooks
    """
    parts = dict(part.strip().split("=", 1) for part in headers["x-signature"].split(","))
    known = parts.get("algorithm") == "HMAC-SHA256"
    return signatures.by_hex([parts["signature"]] if known else [], body, secrets)


class _Reading:
    """What all parts of a sale share: currency, exact amounts, and what rounding carries over."""

    def __init__(self, sale: Record, merchant: model.Merchant) -> None:
        self.sale, self.merchant = sale, merchant
        payments = sale.get("register_sale_payments") or sale.get("payments") or ()
        self.payments = [one for one in payments if one.get("deleted_at") in NOTHING]
        named = {one["currency"] for one in self.payments if one.get("currency")}
        if len(named) > 1:
            raise Rejected(Code.MIXED_CURRENCY, "not all payments are of the same currency")
        told = next(iter(named), merchant.currency)
        self.exponent, self.currency = money.exponent(told), str(told)
        self.lines = sale.get("register_sale_products") or sale.get("line_items") or ()
        self.carried, self.unknown, self.sign = Decimal(0), dict[str, None](), 1
        adjusted = [(_adjustment(one), one) for one in sale.get("adjustments") or ()]
        self.adjustments = [(kind, one) for kind, one in adjusted if kind != APART]
        back = sale.get("return_for") not in NOTHING or sale.get("is_return") is True
        if back and not any(_exact(line, "quantity") < 0 for line in self.lines):
            self.sign = -1  # a return that is written in positive amounts is a return all the same

    def exact(self, record: Record, name: str) -> Decimal:
        return self.sign * _exact(record, name)

    def minor(self, major: Decimal) -> int:
        return money.minor(major, self.currency)

    def share(self, major: Decimal) -> int:
        """Round, and carry what was cut off over to the next: unit prices have five decimals."""
        self.carried += major
        found = self.minor(self.carried)
        self.carried -= Decimal(found).scaleb(-self.exponent)
        return found

    def header(self, name: str) -> Decimal:
        return self.exact(self.holder(name), name)

    def holder(self, name: str) -> Record:
        """Return what tells a total: in webhooks that is `totals`, in answers the sale itself."""
        totals: Any = self.sale.get("totals")
        inside = self.sale.get(name) in NOTHING and isinstance(totals, dict)
        found: Record = totals if inside else self.sale
        return found

    def time(self, name: str) -> str:
        return times.instant(self.sale.get(name), "UTC")

    def void(self) -> model.Transaction:
        return self.transaction(2, kind="void", original=self.id, total=0)

    @property
    def id(self) -> str:
        found = self.sale.get("id")
        if not isinstance(found, str) or not found:
            raise Rejected(Code.MISSING_ID, "the sale has no id")
        return found.lower()

    def transaction(self, rank: int, **fields: Any) -> model.Transaction:
        """Return a transaction; `rank` orders what happened within one second."""
        sale = self.sale
        updated = times.epoch_ms(self.time("updated_at")) if sale.get("updated_at") else 0
        number = sale.get("receipt_number") or sale.get("invoice_number")
        return model.Transaction(
            merchant=self.merchant.id, vendor="lightspeed", id=self.id, revision=updated + rank,
            occurred_at=self.time("sale_date" if sale.get("sale_date") else "created_at"),
            currency=self.currency, exponent=self.exponent, store_id=sale.get("outlet_id") or None,
            register_id=sale.get("register_id") or None,
            receipt_number=str(number) if number else None, channel=sale.get("source") or None,
            customer=_customer(sale), discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip


def _exact(record: Record, name: str) -> Decimal:
    """Return an amount or a quantity, as text or as a number.  One that is left out is nothing."""
    return money.decimal(record.get(name) or 0, Code.BAD_MONEY)


def _sale(reading: _Reading) -> model.Transaction:
    sale, discounted = reading.sale, _price_is_discounted(reading)
    lines, discounts = list[model.Line](), list[model.Discount]()
    for number, line in enumerate(reading.lines, 1):
        total = _total(reading, line, discounted=discounted)
        if line.get("sku") == DISCOUNT:
            off = -reading.share(total)
            discounts.append(model.Discount(name=line.get("name") or None, amount=off))
        else:
            lines.append(_line(reading, number, line, total))
    extras, off_whole = _adjusted(reading)
    discounts += off_whole
    taxes = _taxes(reading)
    tenders, rounding, unknown = split([(one, _paid(reading, one)) for one in reading.payments])
    if unknown:
        reading.unknown["unknown_tender_type"] = None
    due = _due(reading, sum(one.amount for one in tenders) - rounding)
    source = sale.get("return_for")
    goods = sum(line.total for line in lines) - sum(one.amount for one in discounts)
    return reading.transaction(
        1, kind=_kind(lines, due), original=str(source).lower() if source else None,
        lines=tuple(lines), discounts=tuple(discounts), taxes=taxes, rounding=rounding,
        subtotal=goods if lines else None, total=due + rounding, tenders=tuple(tenders), **extras,
    )  # fmt: skip


def _adjustment(found: Record) -> str:
    return str(found.get("adjustment_type") or found.get("type") or "").upper()


def _adjusted(reading: _Reading) -> tuple[dict[str, int], list[model.Discount]]:
    """Return tip and charge, and discounts on the whole: what the total has in it beside the lines.

    https://x-series-api.lightspeedhq.com/changelog/2019-10-adding-adjustments-to-sales
    """
    extras, discounts = {"tip": 0, "service_charge": 0}, list[model.Discount]()
    for told, one in reading.adjustments:
        share = reading.share(reading.exact(one, "value"))
        if told not in ADJUSTMENTS:
            reading.unknown["unknown_adjustment"] = None
        kind = ADJUSTMENTS.get(told, "service_charge")
        if kind == "discount":
            discounts.append(model.Discount(name=one.get("name") or None, amount=-share))
        else:
            extras[kind] += share
    return extras, discounts


def _taxes(reading: _Reading) -> tuple[model.Tax, ...]:
    """Return what each rate comes to.  Webhooks name taxes in a list beside the lines only."""
    found = dict[tuple[str | None, str | None], Decimal]()
    for line in reading.lines:
        key = line.get("tax_name") or None, _rate(line)
        found[key] = found.get(key, Decimal(0)) + _tax(reading, line)
    listed = {
        (one["name"], _rate(one, "rate")): reading.exact(one, "tax" if "tax" in one else "amount")
        for one in reading.sale.get("taxes") or () if one.get("name")
    }  # fmt: skip
    told, exact = (sum(taxes.values(), Decimal(0)) for taxes in (listed, found))
    if listed and found.keys() <= {(None, None)} and reading.minor(told) == reading.minor(exact):
        found = listed
    return tuple(
        model.Tax(name=name, rate=rate, amount=share, inclusive=False)
        for (name, rate), tax in found.items()
        if (share := reading.share(tax))
    )


def _price_is_discounted(reading: _Reading) -> bool:
    """Say whether prices are after their discounts: the total of the sale tells."""
    extra = sum((reading.exact(one, "value") for _, one in reading.adjustments), Decimal(0))
    told = reading.minor(reading.header("total_price") - extra)
    before = sum((_total(reading, one, discounted=True) for one in reading.lines), Decimal(0))
    after = sum((_total(reading, one, discounted=False) for one in reading.lines), Decimal(0))
    return abs(reading.minor(before) - told) <= abs(reading.minor(after) - told)


def _total(reading: _Reading, line: Record, *, discounted: bool) -> Decimal:
    """Return what a line came to, without tax."""
    for name in ("price_total", "total_price"):
        if line.get(name) not in NOTHING:
            return reading.exact(line, name)
    price = _exact(line, "price") - (0 if discounted else _exact(line, "discount"))
    return price * reading.exact(line, "quantity")


def _tax(reading: _Reading, line: Record) -> Decimal:
    for name in ("tax_total", "total_tax"):
        if line.get(name) not in NOTHING:
            return reading.exact(line, name)
    return _exact(line, "tax") * reading.exact(line, "quantity")


def _rate(record: Record, name: str = "tax_rate") -> str | None:
    return None if record.get(name) in NOTHING else money.quantity(record[name])


def _line(reading: _Reading, number: int, line: Record, total: Decimal) -> model.Line:
    quantity = reading.exact(line, "quantity")
    off = line.get("discount_total")
    discount = reading.exact(line, "discount_total") if off else _exact(line, "discount") * quantity
    gift = line.get("gift_card_number") or GIFT_CARD.search(str(line.get("name")))
    return model.Line(
        number=number, kind="gift_card" if gift else "item",
        item_id=line.get("product_id") or None, sku=line.get("sku") or None,
        description=line.get("name") or None, quantity=money.quantity(quantity),
        unit_price=reading.minor(_exact(line, "price")) or None, discount=reading.minor(discount),
        tax=reading.minor(_tax(reading, line)), total=reading.share(total),
    )  # fmt: skip


def _kind(lines: list[model.Line], total: int) -> str:
    # A line of nothing is one of the sale's that was taken out of its return.
    back = [line.quantity.startswith("-") for line in lines if line.quantity != "0"]
    if any(back):
        return "return" if all(back) else "exchange"
    return "return" if total < 0 else "sale"


def _due(reading: _Reading, paid: int) -> int:
    """Return the total: the header may be rounded, or not, and what was paid tells which."""
    if reading.holder("total_price").get("total_price") in NOTHING:
        raise Rejected(Code.BAD_MONEY, "total_price is missing")
    price, tax = reading.header("total_price"), reading.header("total_tax")
    ways = (reading.minor(price + tax), reading.minor(price) + reading.minor(tax))
    return next((due for due in ways if due == paid), ways[0])


def _paid(reading: _Reading, one: Record) -> int:
    return reading.minor(reading.exact(one, "amount"))


def _customer(sale: Record) -> model.Customer | None:
    """Return the customer, unless it is the one that stands for everybody who walks in."""
    told = sale.get("customer")
    found: Record = told if isinstance(told, dict) else {}
    if found.get("customer_code") == "WALKIN":
        return None
    known = {
        "id": sale.get("customer_id") or found.get("id"), "email": found.get("email"),
        "phone": found.get("phone") or found.get("mobile"),
    }  # fmt: skip
    known = {name: value for name, value in known.items() if value not in NOTHING}
    return model.Customer(**known) if known else None
