"""Square's orders, with what they take back.

https://developer.squareup.com/reference/square/objects/Order
"""

from typing import Any, NamedTuple

from chalicelib import model, money
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.square.reading import Reading, Record, tender
from chalicelib.square.words import LINES, TAXES

#: What is charged beside lines, taxes and tip.
CHARGES = ("service_charge_money", "card_surcharge_money")


def order_of(reading: Reading, order: Record) -> model.Transaction:
    """Return an order: what was sold, and what came back."""
    returns, tenders = order.get("returns") or [], order.get("tenders") or []
    kind = "sale" if not returns else "exchange" if order.get("line_items") else "return"
    total, tip, service_charge = _figures(reading, order, kind)
    if not total and tenders and all(one.get("type") == "NO_SALE" for one in tenders):
        raise Ignored("the drawer was opened without a sale")
    sides = [_Side(1, order, ""), *(_Side(-1, one, "return_") for one in returns)]
    taxes, lines = _taxes(reading, sides), _lines(reading, sides)
    source, *more = {one.get("source_order_id") for one in returns} or {None}
    buyer = next((one["customer_id"] for one in (order, *tenders) if one.get("customer_id")), None)
    return reading.transaction(
        # Not updated_at: a later refund moves that, and the sale must stay where it was.
        order.get("closed_at") or order.get("created_at"),
        kind=kind, original=f"order:{source}" if source and not more else None,
        customer=model.Customer(id=buyer) if buyer else None,
        channel=(order.get("source") or {}).get("name"), lines=lines, taxes=taxes,
        subtotal=sum(line.total for line in lines) if lines else None,
        rounding=sum(side.sign * reading.amount(side.found.get("rounding_adjustment") or {},
                                                "amount_money") for side in sides),
        tip=tip, service_charge=service_charge, total=total,
        # Unlike a payment's amount_money, a tender's has the tip in it.
        tenders=tuple(tender(reading, one.get("type"), reading.amount(one, "amount_money"), one)
                      for one in tenders if kind != "return" and not _void(one)),
    )  # fmt: skip


class _Side(NamedTuple):
    """What an order sells, or one of what it takes back: its sign, itself, what its lists are."""

    sign: int
    found: Record
    prefix: str

    def all(self, name: str) -> list[Record]:
        return self.found.get(f"{self.prefix}{name}") or []


def _taxes(reading: Reading, sides: list[_Side]) -> tuple[model.Tax, ...]:
    found = [(side.sign, tax) for side in sides for tax in side.all("taxes")]
    rates = [money.decimal(tax.get("percentage") or "0").scaleb(-2) for _, tax in found]
    return tuple(model.Tax(
        name=tax.get("name"), rate=money.quantity(rate) if rate else None,
        amount=sign * reading.amount(tax, "applied_money"),
        inclusive=reading.word(TAXES, str(tax.get("type")), "tax_type") == "inclusive",
    ) for (sign, tax), rate in zip(found, rates, strict=True))  # fmt: skip


def _lines(reading: Reading, sides: list[_Side]) -> tuple[model.Line, ...]:
    items = [(side.sign, side.all("taxes"), line)
             for side in sides for line in side.all("line_items")]  # fmt: skip
    return tuple(_line(reading, number, *item) for number, item in enumerate(items, 1))


def _figures(reading: Reading, order: Record, kind: str) -> list[int]:
    """Return total, tip and service charge: in a return the top says 0, in an exchange the sale."""
    net, back = order.get("net_amounts") or {}, order.get("return_amounts") or {}
    sold = order if order.get("total_money") else net
    found = {"sale": sold, "exchange": net, "return": back or net}[kind]
    if not found.get("total_money"):
        raise Rejected(Code.BAD_MONEY, "neither return_amounts nor net_amounts has a total")
    top = "total_" if found is order else ""
    charge = sum(reading.amount(found, f"{top}{name}") for name in CHARGES)
    tip = reading.amount(found, f"{top}tip_money")
    amounts = [reading.amount(found, "total_money"), tip, charge]
    return [-abs(amount) for amount in amounts] if kind == "return" else amounts


def _line(reading: Reading, number: int, sign: int, taxes: Any, line: Record) -> model.Line:
    """Return a line.  Square's total of it holds every tax, and its share of charges."""
    amount = reading.amount
    charged = sum(amount(line, f"total_{name}") for name in CHARGES)
    apart = charged + sum(amount(one, "applied_money") for one in _added(taxes, line))
    return model.Line(
        number=number, item_id=line.get("catalog_object_id"), description=line.get("name"),
        kind=reading.word(LINES, line.get("item_type") or "ITEM", "item_type"),
        quantity=money.quantity(sign * abs(money.decimal(line.get("quantity")))),
        unit_price=amount(line, "base_price_money") or None,
        discount=sign * amount(line, "total_discount_money"),
        tax=sign * amount(line, "total_tax_money"), original_line=line.get("source_line_item_uid"),
        total=sign * (amount(line, "total_money") - apart),
    )  # fmt: skip


def _added(taxes: Any, line: Record) -> list[Record]:
    """Return the taxes on top of a line's price, which is all that aren't known to be inside."""
    if applied := line.get("applied_taxes"):
        inclusive = {one.get("uid") for one in taxes if one.get("type") == "INCLUSIVE"}
        return [one for one in applied if one.get("tax_uid") not in inclusive]
    # Before Square's version 2020-02-26 a line could hold the taxes themselves.
    own = line.get("taxes") or line.get("return_taxes") or ()
    return [one for one in own if one.get("type") != "INCLUSIVE"]


def _void(tender: Record) -> bool:
    """Tell whether a tender paid nothing in the end."""
    details = [tender.get(name) or {} for name in tender if name.endswith("_details")]
    return any(one.get("status") in {"VOIDED", "FAILED"} for one in details)
