"""The kind of a transaction, and all its amounts."""

import re
from decimal import Decimal
from typing import Any

from chalicelib import model
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.mapping import Tenders, fold
from chalicelib.tabular import cells, lines
from chalicelib.tabular.reading import Reading
from chalicelib.tabular.rows import Row

BRANDS: dict[str, Any] = {
    "visa": "visa", "mastercard": "mastercard", "master card": "mastercard", "amex": "amex",
    "american express": "amex", "discover": "discover", "diners": "diners", "jcb": "jcb",
    "diners club": "diners", "unionpay": "unionpay", "china unionpay": "unionpay",
    "maestro": "maestro", "interac": "interac",
}  # fmt: skip
_LAST_FOUR = re.compile(r"(?<!\d)(\d{4})\Z", re.ASCII)


def figures(reading: Reading) -> dict[str, Any]:
    """Return the kind and the amounts, as fields of the transaction."""
    kind = _stated_kind(reading) or _kind_by_sign(reading)
    found = lines.figures(reading, kind)
    sides = {line.quantity < 0 for line in found}
    kind = "exchange" if kind == "sale" and len(sides) > 1 else kind
    sign = -1 if kind in lines.BACK else 0
    spec = reading.mapping.lines
    told = tuple(lines.line(reading, spec, at, one) for at, one in enumerate(found, 1) if spec)
    taxes = _taxes(reading, found, sign)
    extra = {name: _amount(reading, name, sign) or 0 for name in ("tip", "service_charge")}
    extra["rounding"] = _rounding(reading, sign)
    discount = _amount(reading, "discount", sign or int(kind == "sale")) or 0
    subtotal = _amount(reading, "subtotal", sign)
    if subtotal is None and told:
        subtotal = sum(line.total for line in told) - discount
    added = sum(tax.amount for tax in taxes if not tax.inclusive)
    total = _total(reading, sign, subtotal, added + sum(extra.values()))
    if kind == "sale" and total < 0:
        raise Rejected(Code.BAD_MONEY, "the total of a sale is negative")
    return {
        "kind": kind, "lines": told, "taxes": taxes, **extra, "subtotal": subtotal, "total": total,
        "discounts": (model.Discount(amount=discount),) if discount else (),
        "tenders": _tenders(reading, total, sign),
    }  # fmt: skip


def _stated_kind(reading: Reading) -> str:
    """Return the kind as the file says it, "" if it need not and doesn't."""
    kinds = reading.kinds(reading.group.heads)
    if set(kinds) == {"sale", "return"}:
        return "exchange"
    if len(kinds) > 1:
        raise Rejected(Code.BAD_SHAPE, "kind: the rows of one transaction differ")
    if kinds == ["no_sale"]:
        raise Ignored("not a sale")
    if not kinds and reading.mapping.must_have("kind"):
        raise Rejected(Code.UNKNOWN_VALUE, "kind: no row has it")
    return kinds[0] if kinds else ""


def _kind_by_sign(reading: Reading) -> str:
    total = _amount(reading, "total", 0)
    if total is None:
        spec, found = reading.mapping.lines, lines.figures(reading, "sale")
        total = sum(lines.line(reading, spec, 0, one).total for one in found if spec)
    return "return" if total < 0 else "sale"


def _amount(reading: Reading, name: str, sign: int) -> int | None:
    """Return an amount of the whole transaction, of that sign unless it is 0."""
    cell = reading.one(name)
    if cell is None:
        return None
    value = reading.exact(cell)
    return reading.minor(abs(value) * sign if sign else value)


def _rounding(reading: Reading, sign: int) -> int:
    """Return the rounding, which is up or down, as seen from how the total is written."""
    total, rounding = (_amount(reading, name, 0) or 0 for name in ("total", "rounding"))
    return -rounding if total * sign < 0 else rounding


def _total(reading: Reading, sign: int, subtotal: int | None, extra: int) -> int:
    """Return the total that the file states, or else the sum of what it is made of."""
    total = _amount(reading, "total", sign)
    if total is not None:
        return total
    if subtotal is None or reading.mapping.must_have("total"):
        raise Rejected(Code.BAD_MONEY, "the transaction has no total")
    return subtotal + extra


def _taxes(reading: Reading, found: list[lines.Line], sign: int) -> tuple[model.Tax, ...]:
    """Return each tax once: of the whole transaction if it is there, else what the lines say."""
    taxes = []
    for name in ("tax", "tax_included"):
        amount = _amount(reading, name, sign)
        if amount is None:
            parts = [getattr(line, name) for line in found]
            amount = sum(reading.minor(part) for part in parts if part is not None)
        if amount:
            taxes.append(model.Tax(amount=amount, inclusive=name == "tax_included"))
    return tuple(taxes)


def _tenders(reading: Reading, total: int, sign: int) -> tuple[model.Tender, ...]:
    if not (spec := reading.mapping.tenders):
        return ()
    if spec.amounts:
        return _tenders_by_column(reading, spec, sign)
    rows = reading.group.tenders
    paid = [row for row in rows if spec.amount in row]
    if not paid:
        word = reading.agreed(spec.type, "tender", rows)
        row = {column: value for row in rows for column, value in row.items()}
        return (_tender(reading, spec, row, total),) if word is not None else ()
    if rows is not reading.group.heads and len(paid) < len(rows):
        raise Rejected(Code.BAD_MONEY, "a tender has no amount")
    amounts = lines.turned([reading.exact(row[spec.amount]) for row in paid], [sign] * len(paid))
    return tuple(
        _tender(reading, spec, row, reading.minor(amount or Decimal(0)))
        for row, amount in zip(paid, amounts, strict=True)
    )


def _tenders_by_column(reading: Reading, spec: Tenders, sign: int) -> tuple[model.Tender, ...]:
    """Return a tender for each column that has an amount."""
    written = [reading.agreed(column, "tender") for column in spec.amounts]
    exact = [None if cell is None else reading.exact(cell) for cell in written]
    pairs = zip(spec.amounts.values(), lines.turned(exact, [sign] * len(exact)), strict=True)
    found: list[tuple[Any, Decimal]] = [(kind, amount) for kind, amount in pairs if amount]
    return tuple(model.Tender(type=kind, amount=reading.minor(amount)) for kind, amount in found)


def _tender(reading: Reading, spec: Tenders, row: Row, amount: int) -> model.Tender:
    word = cells.text(row.get(spec.type, ""), "tender")
    kind = reading.word(spec.types, word, "tender_type")
    brand, digits = row.get(spec.card_brand), str(row.get(spec.card_last_four, ""))
    last_four = _LAST_FOUR.search(digits)
    change = row.get(spec.change)
    return model.Tender(
        type=kind,
        name=word if kind == "other" and word else None,
        amount=amount,
        change=0 if change is None or amount < 0 else reading.minor(abs(reading.exact(change))),
        card_brand=BRANDS.get(fold(str(brand)), "other") if brand is not None else None,
        card_last_four=last_four[1] if last_four else None,
    )
