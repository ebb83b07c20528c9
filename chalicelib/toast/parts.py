"""Selections and service charges become lines, taxes and sums: of a check, or of a refund."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chalicelib import model, money
from chalicelib.toast.bodies import flag
from chalicelib.toast.reading import Reading, Record, exact

#: A selection or charge -> its amount and taxes, or None where it doesn't count.
Counted = Callable[[Record], tuple[Decimal, list[Record]] | None]
LINES = {
    "NONE": "item", "OPEN_ITEM": "item", "SPECIAL_REQUEST": "item", "PORTION": "item",
    "TOAST_CARD_SELL": "gift_card", "TOAST_CARD_RELOAD": "gift_card",
    "HOUSE_ACCOUNT_PAY_BALANCE": "deposit",
}  # fmt: skip
CHARGES = {"SERVICE_CHARGE": "service_charge", "CREDIT_CARD_SURCHARGE": "service_charge",
           "FUNDRAISING_CAMPAIGN": "donation", "CASH_ROUNDING": "rounding"}  # fmt: skip
#: Whether the menu's prices hold the tax.  Toast's own amounts never do.
INCLUSION = {"INCLUDED": "inclusive", "NOT_INCLUDED": "added", "INHERITED": "added"}


def sold(part: Record) -> tuple[Decimal, list[Record]] | None:
    """Count a part of a check, unless it was voided.  A price is after every discount."""
    taxes = part.get("appliedTaxes") or [{"taxAmount": part.get("tax")}]
    amount = exact(part, "chargeAmount" if "chargeAmount" in part else "price")
    return None if flag(part, "voided") else (amount, taxes)


def taken_back(refund: Record) -> Counted:
    """Count the parts that say they came back by this refund."""
    key = (refund.get("refundTransaction") or {}).get("guid")

    def counted(part: Record) -> tuple[Decimal, list[Record]] | None:
        details = part.get("refundDetails") or {}
        if not key or (details.get("refundTransaction") or {}).get("guid") != key:
            return None
        amount, tax = abs(exact(details, "refundAmount")), abs(exact(details, "taxRefundAmount"))
        return -amount, [{"taxAmount": -tax}]

    return counted


class Parts:
    """Lines, taxes and charges, and the sum of them all."""

    def __init__(self, reading: Reading, counted: Counted, sign: int) -> None:
        self.reading, self.sign = reading, sign
        self.lines: list[model.Line] = []
        self.charged = {"service_charge": 0, "rounding": 0, "gratuity": 0}
        self.taxed: dict[tuple[Any, Any, bool], Decimal] = {}
        selections = reading.each("selections")
        for number, one in enumerate(selections, 1):
            if found := counted(one):
                self._select(number, one, *found)
        for number, one in enumerate(reading.each("appliedServiceCharges"), 1 + len(selections)):
            if found := counted(one):
                self._charge(number, one, *found)
        self.taxes = tuple(self._tax(*key, amount) for key, amount in self.taxed.items() if amount)

    def _select(self, number: int, one: Record, price: Decimal, taxes: list[Record]) -> None:
        """Add a line.  The price has its modifiers in it, which therefore are no lines."""
        reading, sign = self.reading, self.sign
        kind = reading.word(LINES, one.get("selectionType") or "NONE", "selection_type")
        inclusion = one.get("taxInclusion") or "NOT_INCLUDED"
        inclusive = reading.word(INCLUSION, inclusion, "tax_inclusion") == "inclusive"
        tax = self._taxes(taxes, inclusive=inclusive)
        whole = abs(price) == abs(exact(one, "price"))
        quantity = one.get("quantity") if whole and one.get("quantity") is not None else 1
        before = exact(one, "preDiscountPrice") if whole else abs(price)
        self.lines.append(model.Line(
            number=number, kind="gift_card" if kind == "item" and flag(one, "deferred") else kind,
            item_id=(one.get("item") or {}).get("guid") or None, sku=one.get("plu") or None,
            description=one.get("displayName") or None,
            quantity=money.quantity(sign * money.decimal(quantity)),
            unit_price=reading.amount(one, "receiptLinePrice") or None,
            discount=sign * max(reading.minor(before - abs(price)), 0), tax=reading.minor(tax),
            total=reading.share(price + tax if inclusive else price),
            original_line=str(number) if sign < 0 else None,
        ))  # fmt: skip

    def _charge(self, number: int, one: Record, amount: Decimal, taxes: list[Record]) -> None:
        category = one.get("serviceChargeCategory") or "SERVICE_CHARGE"
        kind = self.reading.word(CHARGES, category, "service_charge")
        self._taxes(taxes, inclusive=False)
        if kind == "donation":
            self.lines.append(model.Line(
                number=number, kind=kind, description=one.get("name") or None,
                quantity=str(self.sign), total=self.reading.share(amount),
            ))  # fmt: skip
        else:
            kind = "gratuity" if flag(one, "gratuity") else kind
            name = kind if kind in self.charged else "service_charge"
            self.charged[name] += self.reading.share(amount)

    def _taxes(self, taxes: list[Record], *, inclusive: bool) -> Decimal:
        """Add taxes to those of their name and rate, and return their sum."""
        for tax in taxes:
            rate = tax.get("rate") if tax.get("type") in (None, "PERCENT") else None
            key = tax.get("name") or None, money.quantity(rate) if rate else None, inclusive
            self.taxed[key] = self.taxed.get(key, Decimal(0)) + exact(tax, "taxAmount")
        return sum((exact(tax, "taxAmount") for tax in taxes), Decimal(0))

    def _tax(self, name: Any, rate: Any, inclusive: bool, amount: Decimal) -> model.Tax:
        rounded = self.reading.minor(amount) if inclusive else self.reading.share(amount)
        return model.Tax(name=name, rate=rate, amount=rounded, inclusive=inclusive)

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def total(self) -> int:
        """What all of it comes to, but for a gratuity."""
        added = sum(tax.amount for tax in self.taxes if not tax.inclusive)
        return self.subtotal + added + self.charged["service_charge"] + self.charged["rounding"]

    def fields(self) -> dict[str, Any]:
        """Return the fields of a transaction, but for its total and its tip."""
        charged = {name: self.charged[name] for name in ("service_charge", "rounding")}
        subtotal = self.subtotal if self.lines else None
        return {"lines": tuple(self.lines), "taxes": self.taxes, "subtotal": subtotal} | charged
