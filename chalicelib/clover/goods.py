"""Line items, discounts and taxes of an order.  Clover rounds per line, and per rate."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chalicelib import model, money
from chalicelib.clover.reading import Reading, Record, amount, elements
from chalicelib.errors import Code

#: What is no revenue is a gift card or a donation, by its name alone.
_NO_REVENUE = {"gift_card": re.compile("gift", re.IGNORECASE),
               "donation": re.compile("donat|charit", re.IGNORECASE)}  # fmt: skip
#: A rate of 825000 is 8.25 %.
_RATE = -7


class Goods:
    """What was sold: lines, the order's own discounts, and taxes."""

    def __init__(self, reading: Reading, order: Record, told_tax: int | None) -> None:
        self.reading, self.order = reading, order
        # What was exchanged for something else is no more among what was sold.
        self.items = [
            one for one in elements(order, "lineItems") if one.get("exchanged") is not True
        ]
        self.lines = tuple(self._line(*each) for each in enumerate(self.items, 1))
        self.gross = sum(line.total for line in self.lines)
        self.discounts = [self._discount(one, self.gross) for one in elements(order, "discounts")]
        self.inclusive = order.get("isVat") is True
        self.taxes = self._taxes(told_tax)

    @property
    def subtotal(self) -> int:
        return self.gross - sum(one.amount for one in self.discounts)

    @property
    def added(self) -> int:
        return sum(tax.amount for tax in self.taxes if not tax.inclusive)

    def fit(self, due: int) -> None:
        """Take over Clover's rounding of discounts in per cent, which it spreads over the lines."""
        off = self.subtotal - due
        if self.discounts and off and abs(off) <= len(self.lines):
            last = self.discounts.pop()
            self.discounts.append(last.model_copy(update={"amount": last.amount + off}))

    def _line(self, number: int, one: Record) -> model.Line:
        weight = one.get("unitQty")
        quantity = money.decimal(weight).scaleb(-3) if weight else Decimal(1)
        price = amount(one, "price") + sum(
            amount(extra, "amount") for extra in elements(one, "modifications")
        )
        whole = money.rounded(price * quantity)
        discount = sum(self._discount(off, whole).amount for off in elements(one, "discounts"))
        item = one.get("item") or {}
        return model.Line(
            number=number, kind=self._kind(one), item_id=item.get("id") or None,
            sku=one.get("itemCode") or None, description=one.get("name") or None,
            quantity=money.quantity(quantity), unit_price=price, discount=discount,
            total=whole - discount,
        )  # fmt: skip

    def _kind(self, one: Record) -> Any:
        if one.get("isRevenue") is not False:
            return "item"
        name = str(one.get("name"))
        return next((kind for kind, words in _NO_REVENUE.items() if words.search(name)), "other")

    def _discount(self, one: Record, of: int) -> model.Discount:
        """Return a discount, which is a negative amount or a part of what it is taken of."""
        if one.get("amount"):
            taken = abs(money.whole(one["amount"]))
        else:
            part = money.decimal(one.get("percentage") or 0, Code.BAD_MONEY).scaleb(-2)
            taken = money.rounded(of * part)
        return model.Discount(name=one.get("name") or None, amount=taken)

    def _taxes(self, told: int | None) -> tuple[model.Tax, ...]:
        """Return the tax of each rate; what the payments tell of all taxes is right, if they do."""
        if self.order.get("taxRemoved") is True:
            return ()
        rates: dict[tuple[str | None, Decimal], int] = {}
        for one, line in zip(self.items, self._after_discounts(), strict=True):
            for tax in elements(one, "taxRates"):
                rate = money.decimal(tax.get("rate") or 0).scaleb(_RATE)
                key = (tax.get("name") or None, rate)
                base = line / (1 + rate) if self.inclusive else line
                rates[key] = rates.get(key, 0) + money.rounded(base * rate)
        amounts = list(rates.values())
        if told is not None and told != sum(amounts):
            amounts = money.spread(told, amounts)
        found = [
            model.Tax(name=name, rate=money.quantity(rate), amount=part, inclusive=self.inclusive)
            for (name, rate), part in zip(rates, amounts, strict=True)
        ]
        if told and not found:
            found = [model.Tax(amount=told, inclusive=self.inclusive)]
        return tuple(one for one in found if one.amount)

    def _after_discounts(self) -> Sequence[Decimal]:
        """Return the lines' totals, less their parts of the order's discounts."""
        totals = [Decimal(line.total) for line in self.lines]
        return [one * self.subtotal / self.gross for one in totals] if self.gross else totals
