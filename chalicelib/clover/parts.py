"""Lines, discounts, charges and taxes.

Clover sends prices, percentages and rates, and only the total of it all.  The figures between are
worked out here as its own tills do (OrderCalc in the Android SDK), rounding half up: discounts are
parts of the same base, and tax is rounded once for each rate, not once for each line.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from chalicelib import model, money
from chalicelib.clover.reading import Record, amount, flag, inner, summed
from chalicelib.errors import Code, Rejected

#: What is sold, but no revenue: its name is all there is to tell a gift card from a donation.
NO_REVENUE = re.compile("(gift)|(donat|charit)", re.IGNORECASE)


class _Rate(NamedTuple):
    id: Any
    name: Any
    rate: Decimal
    flat: int
    #: The sum of all rates inside the line's price; 0 where they are added to it.
    inside: Decimal


class Parts:
    """What an order sells, and what becomes of its price: all that its total holds."""

    def __init__(self, order: Record) -> None:
        self.vat, self.order = flag(order, "isVat"), order
        # What was exchanged isn't in the total any more; what was refunded still is.
        items = [one for one in inner(order, "lineItems") if not flag(one, "exchanged")]
        sold = [(one, _line(number, one)) for number, one in enumerate(items, 1)]
        self.goods = [(one, line) for one, line in sold if line.kind != "fee"]
        base = sum(line.total for _, line in self.goods)
        self.discounts = discounts(order, base) if sold else []
        left = base - sum(one.amount for one in self.discounts)
        self.factor = Decimal(left) / base if base > 0 else Decimal(1)
        self.lines = [_fee(one, line, left) if line.kind == "fee" else line for one, line in sold]
        if sold:
            self.lines += _charges(order, len(sold) + 1, left)
        self.subtotal = sum(one.total for one in self.lines) - base + left
        self.charge = money.rounded(left * _fraction(order.get("serviceCharge") or {}))

    def taxes(self) -> list[model.Tax]:
        """Return what each rate comes to."""
        bases: dict[_Rate, list[int]] = {}
        for item, line in self.goods:
            for rate in _rates(item, vat=self.vat):
                bases.setdefault(rate, []).append(line.total)
        found = [] if flag(self.order, "taxRemoved") else bases.items()
        return [self._tax(rate, totals) for rate, totals in found]

    def _tax(self, rate: _Rate, totals: list[int]) -> model.Tax:
        taxable = money.rounded(sum(totals) * self.factor)
        return model.Tax(
            name=rate.name or None, inclusive=self.vat,
            rate=money.quantity(rate.rate) if rate.rate else None,
            amount=money.rounded(taxable * rate.rate / (1 + rate.inside)) + rate.flat * len(totals),
        )  # fmt: skip

    def returned(self, refund: Record) -> list[model.Line]:
        """Return the lines of a refund: each at its share of what the order's discounts left.

        A refund that names no lines may be all that is marked as refunded.
        """
        wanted = [one.get("id") for one in inner(refund, "lineItems")]
        if not wanted:
            return self._marked
        return self._back(line for one, line in self.goods if one.get("id") in wanted)

    @cached_property
    def _marked(self) -> list[model.Line]:
        return self._back(line for one, line in self.goods if flag(one, "refunded"))

    def _back(self, lines: Iterable[model.Line]) -> list[model.Line]:
        return [_taken_back(number, one, self.factor) for number, one in enumerate(lines, 1)]


def _charges(order: Record, number: int, left: int) -> list[model.Line]:
    """Return the charges of an order as lines.  A percentage is one of what discounts left."""
    live = [one for one in inner(order, "additionalCharges") if not one.get("deletedTime")]
    return [
        model.Line(
            number=place, kind="shipping" if one.get("type") == "DELIVERY_FEE" else "fee",
            total=amount(one, "amount") + money.rounded(left * _fraction(one)),
        )
        for place, one in enumerate(live, number)
    ]  # fmt: skip


def _line(number: int, item: Record) -> model.Line:
    """Return a line: one unit, or a weight in thousandths at a price for the whole."""
    weighed = item.get("unitQty") not in (None, "")
    quantity = money.decimal(item["unitQty"]).scaleb(-3) if weighed else Decimal(1)
    price, name = amount(item, "price"), item.get("name") or None
    full = money.rounded(price * quantity) + summed(inner(item, "modifications"), "amount")
    off = sum(one.amount for one in discounts(item, full))
    return model.Line(
        number=number, kind=_kind(item, str(name)), item_id=(item.get("item") or {}).get("id"),
        sku=item.get("itemCode") or None, description=name, quantity=money.quantity(quantity),
        unit_price=price, discount=off, total=full - off,
    )  # fmt: skip


def _fee(item: Record, line: model.Line, left: int) -> model.Line:
    """Return a fee.  One without a price is a percentage, in ten-thousandths, of what is left."""
    share = money.decimal(item.get("percentage") or 0).scaleb(-6)
    if line.total or not share:
        return line
    return line.model_copy(update={"unit_price": None, "total": money.rounded(left * share)})


def _kind(item: Record, name: str) -> Any:
    if flag(item, "isOrderFee"):
        return "fee"
    if item.get("isRevenue") in (None, "") or flag(item, "isRevenue"):
        return "item"
    found = NO_REVENUE.search(name)
    return "other" if not found else "gift_card" if found[1] else "donation"


def _taken_back(number: int, line: model.Line, factor: Decimal) -> model.Line:
    total = money.rounded(line.total * factor)
    return line.model_copy(update={
        "number": number, "original_line": str(line.number), "total": -total,
        "discount": -(line.discount + line.total - total),
        "quantity": money.quantity(-money.decimal(line.quantity)),
    })  # fmt: skip


def discounts(record: Record, base: int) -> list[model.Discount]:
    """Return discounts, negative amounts or percentages, which never take off more than `base`."""
    base = max(base, 0)
    left, found = base, []
    for one in inner(record, "discounts"):
        off = min(abs(amount(one, "amount")) + money.rounded(base * _fraction(one)), left)
        found.append(model.Discount(name=one.get("name") or None, amount=off))
        left -= off
    return found


def _fraction(record: Record) -> Decimal:
    """Return a percentage: the newer field counts ten-thousandths of a percent."""
    if exact := record.get("percentageDecimal"):
        return money.decimal(exact).scaleb(-6)
    return money.decimal(record.get("percentage") or 0).scaleb(-2)


def _rates(item: Record, *, vat: bool) -> list[_Rate]:
    found = inner(item, "taxRates")
    rates = [money.decimal(one.get("rate") or 0).scaleb(-7) for one in found]
    if any(rate < 0 for rate in rates):
        raise Rejected(Code.BAD_MONEY, "the rate of a tax is negative")
    inside = sum(rates, Decimal(0)) if vat else Decimal(0)
    # Beside a rate, taxAmount says nothing: it is 0 or left over.
    flats = [
        0 if rate else amount(one, "taxAmount") for one, rate in zip(found, rates, strict=True)
    ]
    return [
        _Rate(one.get("id"), one.get("name"), rate, flat, inside)
        for one, rate, flat in zip(found, rates, flats, strict=True)
    ]


def stated(records: Iterable[Record], name: str, *, vat: bool) -> list[model.Tax]:
    """Return taxes as payments, refunds and credits tell them: by rate if that is all of it."""
    records = list(records)
    total, by_rate = summed(records, "taxAmount"), dict[Any, int]()
    for one in (one for record in records for one in inner(record, name)):
        key = (one.get("name") or None, one.get("rate"), flag(one, "isVat") or vat)
        by_rate[key] = by_rate.get(key, 0) + amount(one, "taxAmount")
    if total and sum(by_rate.values()) != total:
        by_rate = {(None, None, vat): total}
    return [
        model.Tax(name=known, rate=_share(rate), amount=part, inclusive=inclusive)
        for (known, rate, inclusive), part in by_rate.items()
        if part
    ]


def _share(rate: Any) -> str | None:
    """Return a rate as a fraction: Clover counts ten-millionths."""
    return money.quantity(money.decimal(rate).scaleb(-7)) if rate else None
