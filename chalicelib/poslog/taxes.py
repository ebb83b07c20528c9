"""The taxes of a POSLog transaction: of the ticket, or of its lines."""

from decimal import Decimal
from xml.etree.ElementTree import Element

from chalicelib import model, money
from chalicelib.errors import Code
from chalicelib.poslog.amounts import signed, told
from chalicelib.poslog.elements import Till, flagged, present, text
from chalicelib.poslog.lines import Entry, Sold


def taxes(
    till: Till, retail: Element, found: list[Entry], goods: list[Sold], sign: int
) -> list[model.Tax]:
    """Return each tax once: those of the ticket, or else of its lines, or else their total.

    Whether a tax is inclusive is what its flag says.  `reconciled` may know better.
    """
    # A stamp duty is the merchant's own: the customer doesn't pay it.
    apart = [
        e.body for e in found if e.body.tag == "Tax"
        and e.body.get("TaxType") != "Documentary" and not flagged(e.body, "VoidFlag")
    ]  # fmt: skip
    of_ticket = [_tax(tax, signed(amount, sign, tax), inclusive)
                 for tax in apart for amount, inclusive in _parts(till, tax)]  # fmt: skip
    total = told(till, retail, "TransactionTaxAmount")
    return (
        of_ticket
        or _taxes_of_lines(till, goods)
        or ([model.Tax(amount=sign * abs(total), inclusive=False)] if total else [])
    )


def _parts(till: Till, tax: Element) -> list[tuple[int, bool]]:
    """Return a tax in parts, where the till tells how much of it is in the prices."""
    included, added = till.amount(tax, "TaxIncludeAmount"), till.amount(tax, "TaxExcludeAmount")
    parts = [(amount, told) for amount, told in ((included, True), (added, False)) if amount]
    flag = tax.find("TaxableAmount")
    inclusive = flag is not None and flagged(flag, "TaxIncludedInTaxableAmountFlag")
    return parts or [(till.amount(tax, "Amount") or 0, inclusive)]


def _tax(tax: Element, amount: int, inclusive: bool) -> model.Tax:
    percent = text(tax, "Percent")
    return model.Tax(
        name=text(tax, "@TaxType", "TaxAuthority", "@TaxDescription"),
        rate=_rate(tax, money.decimal(percent)) if percent else None,
        amount=amount, inclusive=inclusive,
    )  # fmt: skip


def _rate(tax: Element, percent: Decimal) -> str:
    """Return a rate as a fraction, which is what some tills write for a percentage.

    What the tax came to tells which: it is far nearer to the one than to the other.
    """
    taxable, amount = text(tax, "TaxableAmount"), text(tax, "Amount")
    if taxable and amount and 0 < percent < 1:
        due = abs(money.decimal(taxable) * percent)
        if due / 2 < abs(money.decimal(amount)):
            return money.quantity(percent)
    return money.quantity(percent.scaleb(-2))


def _taxes_of_lines(till: Till, goods: list[Sold]) -> list[model.Tax]:
    """Return the lines' taxes, added up by name and rate before they are rounded."""
    exact: dict[model.Tax, Decimal] = {}
    for one in goods:
        for tax in present(one.entry.body, "Tax"):
            ((_, inclusive), *_) = _parts(till, tax)
            key, written = _tax(tax, 0, inclusive), text(tax, "Amount") or "0"
            share = one.sign * abs(money.decimal(written, Code.BAD_MONEY))
            exact[key] = exact.get(key, Decimal(0)) + share
    return [
        key.model_copy(update={"amount": money.minor(amount, till.currency)})
        for key, amount in exact.items()
    ]
