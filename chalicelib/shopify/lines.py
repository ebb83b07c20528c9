"""Lines, discounts and taxes of an order, as fields of our lines yet to be numbered."""

from collections.abc import Iterator
from typing import Any

from chalicelib import model, money
from chalicelib.errors import Code
from chalicelib.shopify.reading import Reading, Record, text

_TIP_MARKS = ("tip", "tip_payment_gateway", "tip_payment_method")


def total(lines: list[Record]) -> int:
    """Return the sum of the lines' totals."""
    return sum(line["total"] for line in lines)


def is_tip(order: Record, item: Record) -> bool:
    """Tell whether a line is the tip, which total_tip_received tells again."""
    if any(item.get(mark) for mark in _TIP_MARKS):
        return True
    tip = money.decimal(order.get("total_tip_received") or 0, Code.BAD_MONEY)
    return tip > 0 and item.get("title") == "Tip" and not item.get("product_id")


def item(reading: Reading, found: Record) -> Record:
    """Return what a line says of the goods, sold or taken back."""
    return {
        "kind": "gift_card" if found.get("gift_card") is True else "item",
        "item_id": text(found.get("variant_id")) or text(found.get("product_id")),
        "sku": text(found.get("sku")),
        "description": text(found.get("name")) or text(found.get("title")),
        "unit_price": reading.amount(found, "price") if found else None,
    }


def sold(reading: Reading, found: Record) -> Record:
    """Return a line of goods.  Beside allocated discounts, its total_discount tells but a part."""
    discount = _allocated(reading, found) or reading.amount(found, "total_discount")
    return item(reading, found) | {
        "quantity": money.quantity(found.get("quantity")), "discount": discount,
        "tax": taxed(reading, found), "total": gross(reading, found, found) - discount,
    }  # fmt: skip


def gross(reading: Reading, found: Record, counted: Record) -> int:
    """Return the price of as many as are `counted`, before discounts."""
    amount = reading.amount(found, "price") * money.decimal(counted.get("quantity"))
    return money.rounded(amount)


def shipped(reading: Reading, order: Record) -> Iterator[Record]:
    """Yield the lines of shipping, but for those that an edit took away."""
    for found in order.get("shipping_lines") or ():
        if found.get("is_removed") is not True:
            price, charged = reading.amount(found, "price"), shipping(reading, found)
            yield {
                "kind": "shipping", "description": text(found.get("title")), "unit_price": price,
                "discount": price - charged, "tax": taxed(reading, found), "total": charged,
            }  # fmt: skip


def shipping(reading: Reading, found: Record) -> int:
    """Return what was charged for shipping, after discounts."""
    if found.get("discounted_price_set") or found.get("discounted_price"):
        return reading.amount(found, "discounted_price")
    return reading.amount(found, "price") - _allocated(reading, found)


def fees(reading: Reading, order: Record) -> Iterator[Record]:
    """Yield what was charged beside goods and shipping, unless the prices contain it."""
    included = order.get("duties_included") is True
    duties = 0 if included else reading.amount(order, "original_total_duties")
    other = reading.amount(order, "original_total_additional_fees")
    for name, amount in (("Duties", duties), ("Additional fees", other)):
        if amount:
            yield {"kind": "fee", "description": name, "total": amount}


def unallocated(reading: Reading, order: Record, goods: list[Record]) -> list[model.Discount]:
    """Return the order's own discount, which old versions of the API allocate to no line."""
    items = order.get("line_items") or ()
    if not items or any("discount_allocations" in found for found in items):
        return []
    amount = reading.amount(order, "total_discounts") - sum(line["discount"] for line in goods)
    code: Record = next(iter(order.get("discount_codes") or ()), {})
    return [model.Discount(name=text(code.get("code")), amount=amount)] if amount > 0 else []


def taxes(reading: Reading, order: Record, bare: int) -> tuple[model.Tax, ...]:
    """Return the order's taxes.  Its lines tell them again.

    Where it isn't told, its prices include them if it costs as much as is due without them, `bare`.
    """
    told, total_price = order.get("taxes_included"), reading.amount(order, "total_price")
    inclusive = told is True or (told is None and total_price == bare)
    found = order.get("tax_lines") or ()
    if not found and reading.amount(order, "total_tax"):
        found = [{"price": order.get("total_tax"), "price_set": order.get("total_tax_set")}]
    return tuple(
        model.Tax(
            name=text(tax.get("title")), rate=rate(tax), amount=reading.amount(tax, "price"),
            inclusive=inclusive,
        )
        for tax in found
    )  # fmt: skip


def taxed(reading: Reading, found: Record) -> int:
    """Return the taxes of a line together."""
    return sum(reading.amount(tax, "price") for tax in found.get("tax_lines") or ())


def rate(tax: Record) -> str | None:
    """Return the rate of a tax, which Shopify writes as a fraction, too."""
    return None if tax.get("rate") is None else money.quantity(tax["rate"])


def removed(refund: Any) -> bool:
    """Tell whether an edit or an exchange took lines out, and nothing was paid back for them.

    It minds no bad refund, as that must not take the sale with it.
    """
    match refund:
        case {"refund_line_items": [*items]} if not (
            refund.get("transactions") or refund.get("order_adjustments")
        ):
            return any(isinstance(one, dict) and one.get("subtotal") for one in items)
    return False


def _allocated(reading: Reading, found: Record) -> int:
    return sum(reading.amount(one, "amount") for one in found.get("discount_allocations") or ())
