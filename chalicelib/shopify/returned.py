"""Lines and taxes of a refund: what came back is negative, though Shopify writes it positive."""

from chalicelib import money
from chalicelib.shopify import lines
from chalicelib.shopify.reading import Reading, Record, text

#: A tax's name and rate -> its amount.
Taxes = dict[tuple[str | None, str | None], int]


def returned(reading: Reading) -> tuple[list[Record], Taxes]:
    """Return the lines of a refund, and its taxes."""
    found, taxes = list[Record](), Taxes()
    refund, amount = reading.record, reading.amount
    for one in refund.get("refund_line_items") or ():
        goods = one.get("line_item") or {}
        named = [(text(tax.get("title")), lines.rate(tax)) for tax in goods.get("tax_lines") or ()]
        found.append(_goods(reading, one, goods))
        _add(taxes, -amount(one, "total_tax"), *named)
    adjustments = refund.get("order_adjustments") or ()
    shipping = [one for one in adjustments if one.get("kind") == "shipping_refund"]
    # While a refund is pending, its shipping is taken back with the other sign: their sum counts.
    repaid = -abs(sum(amount(one, "amount") for one in shipping))
    found.append(_line("shipping", repaid, "Shipping"))
    _add(taxes, -abs(sum(amount(one, "tax_amount") for one in shipping)))
    if not shipping:  # new versions of the API tell it apart; some tell it in both places
        for one in refund.get("refund_shipping_lines") or ():
            found.append(_line("shipping", -amount(one, "subtotal_amount"), "Shipping"))
            _add(taxes, -_shipping_tax(reading, one))
    # Calculated less paid back, so it has our sign: less was paid back where it is positive.
    # Pending refunds leave pairs of it behind that cancel out.
    others = [one for one in adjustments if one not in shipping]
    found.append(_line("fee", -amount(refund, "total_duties"), "Duties"))
    found.append(_line("other", sum(amount(one, "amount") for one in others), "Refund discrepancy"))
    _add(taxes, sum(amount(one, "tax_amount") for one in others))
    return [line for line in found if line["total"] or line["kind"] in {"item", "gift_card"}], taxes


def _goods(reading: Reading, one: Record, goods: Record) -> Record:
    gross, told = lines.gross(reading, goods, one), reading.amount
    known = one.get("subtotal") is not None or one.get("subtotal_set")
    subtotal = told(one, "subtotal") if known else gross
    return lines.item(reading, goods) | {
        "quantity": money.quantity(-money.decimal(one.get("quantity"))),
        "discount": subtotal - gross if gross else 0, "tax": -told(one, "total_tax"),
        "total": -subtotal, "original_line": text(one.get("line_item_id")),
    }  # fmt: skip


def _line(kind: str, total: int, description: str) -> Record:
    quantity = "-1" if total < 0 else "1"
    return {"kind": kind, "description": description, "quantity": quantity, "total": total}


def _shipping_tax(reading: Reading, one: Record) -> int:
    """Return the part of shipping's tax that goes with the part of shipping paid back."""
    found = one.get("shipping_line") or {}
    charged, part = lines.shipping(reading, found), reading.amount(one, "subtotal_amount")
    return round(lines.taxed(reading, found) * part / charged) if charged else 0


def _add(taxes: Taxes, amount: int, *named: tuple[str | None, str | None]) -> None:
    """Add to the tax's amount.  Of several in one amount none can be told apart."""
    name = named[0] if len(named) == 1 else (None, None)
    if amount:
        taxes[name] = taxes.get(name, 0) + amount
