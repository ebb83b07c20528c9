"""Lightspeed's lines: prices without tax, in fractions of a minor unit, discounted or not."""

import re
from decimal import Decimal

from chalicelib import model, money
from chalicelib.lightspeed.bodies import NOTHING, Record
from chalicelib.lightspeed.reading import Reading, exact

GIFT_CARD = re.compile("gift ?card", re.IGNORECASE)
#: The product that stands for a discount on the whole sale.
DISCOUNT = "vend-discount"


def goods_of(reading: Reading) -> tuple[list[model.Line], list[model.Discount]]:
    """Return the lines, and the discounts on the whole that stand among them."""
    lines, discounts = list[model.Line](), list[model.Discount]()
    discounted = _price_is_discounted(reading)
    for number, line in enumerate(reading.lines, 1):
        total = _total(reading, line, discounted=discounted)
        if line.get("sku") == DISCOUNT:
            off = -reading.share(total)
            discounts.append(model.Discount(name=line.get("name") or None, amount=off))
        else:
            lines.append(_line(reading, number, line, total))
    return lines, discounts


def _price_is_discounted(reading: Reading) -> bool:
    """Say whether prices are after their discounts: the total of the sale tells."""
    extra = sum((reading.exact(one, "value") for _, one in reading.adjustments), Decimal(0))
    told = reading.minor(reading.header("total_price") - extra)
    before = sum((_total(reading, one, discounted=True) for one in reading.lines), Decimal(0))
    after = sum((_total(reading, one, discounted=False) for one in reading.lines), Decimal(0))
    return abs(reading.minor(before) - told) <= abs(reading.minor(after) - told)


def _total(reading: Reading, line: Record, *, discounted: bool) -> Decimal:
    """Return what a line came to, without tax."""
    for name in ("price_total", "total_price"):
        if line.get(name) not in NOTHING:
            return reading.exact(line, name)
    price = exact(line, "price") - (0 if discounted else exact(line, "discount"))
    return price * reading.exact(line, "quantity")


def _line(reading: Reading, number: int, line: Record, total: Decimal) -> model.Line:
    quantity = reading.exact(line, "quantity")
    off = line.get("discount_total")
    discount = reading.exact(line, "discount_total") if off else exact(line, "discount") * quantity
    gift = line.get("gift_card_number") or GIFT_CARD.search(str(line.get("name")))
    return model.Line(
        number=number, kind="gift_card" if gift else "item",
        item_id=line.get("product_id") or None, sku=line.get("sku") or None,
        description=line.get("name") or None, quantity=money.quantity(quantity),
        unit_price=reading.minor(exact(line, "price")) or None, discount=reading.minor(discount),
        tax=reading.minor(_tax(reading, line)), total=reading.share(total),
    )  # fmt: skip


def taxes_of(reading: Reading) -> tuple[model.Tax, ...]:
    """Return what each rate comes to.  Webhooks name taxes in a list beside the lines only."""
    found = dict[tuple[str | None, str | None], Decimal]()
    for line in reading.lines:
        key = line.get("tax_name") or None, _rate(line)
        found[key] = found.get(key, Decimal(0)) + _tax(reading, line)
    listed = {
        (one["name"], _rate(one, "rate")): reading.exact(one, "tax" if "tax" in one else "amount")
        for one in reading.sale.get("taxes") or () if one.get("name")
    }  # fmt: skip
    told, summed = (sum(taxes.values(), Decimal(0)) for taxes in (listed, found))
    if listed and found.keys() <= {(None, None)} and reading.minor(told) == reading.minor(summed):
        found = listed
    return tuple(
        model.Tax(name=name, rate=rate, amount=share, inclusive=False)
        for (name, rate), tax in found.items()
        if (share := reading.share(tax))
    )


def _tax(reading: Reading, line: Record) -> Decimal:
    for name in ("tax_total", "total_tax"):
        if line.get(name) not in NOTHING:
            return reading.exact(line, name)
    return exact(line, "tax") * reading.exact(line, "quantity")


def _rate(record: Record, name: str = "tax_rate") -> str | None:
    return None if record.get(name) in NOTHING else money.quantity(record[name])
