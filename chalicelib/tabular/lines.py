"""The lines of a transaction, with the signs of its kind.

Signs follow from the kind, not from the file: exports write a refund as -7.00, as 7.00, or in both
ways side by side.  So in a return each column is turned around whose sum is above zero.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from chalicelib import model, money
from chalicelib.errors import Code, Rejected
from chalicelib.mapping import Lines
from chalicelib.tabular import cells
from chalicelib.tabular.reading import Reading
from chalicelib.tabular.rows import Row

#: Kinds whose amounts are negative.
BACK = ("return", "void")
Exact = list[Decimal | None]


class Line(NamedTuple):
    """A line's row and its figures, signed but not yet rounded."""

    row: Row
    quantity: Decimal
    unit_price: Decimal | None
    discount: Decimal | None
    tax: Decimal | None
    tax_included: Decimal | None
    total: Decimal | None


def figures(reading: Reading, kind: str) -> list[Line]:
    """Return the rows that are lines, with the signs that their kind asks for."""
    if not (spec := reading.mapping.lines):
        return []
    rows = _rows(reading, spec)
    back = [-1 if one in BACK else 0 for one in _kinds(reading, rows, kind)]
    quantities = [
        Decimal(sign or 1) if found is None else found
        for sign, found in zip(back, _quantities(reading, spec, rows, back), strict=True)
    ]
    # What was taken off a line that comes back, comes back, too.
    sides = [sign or (-1 if one < 0 else 1) for sign, one in zip(back, quantities, strict=True)]
    columns = (
        (spec.unit_price, [-sign for sign in back]),
        (spec.discount, sides),
        (spec.tax, back),
        (spec.tax_included, back),
        (spec.total, back),
    )
    found = [_column(reading, rows, name, signs) for name, signs in columns]
    return [Line(*parts) for parts in zip(rows, quantities, *found, strict=True)]


def line(reading: Reading, spec: Lines, number: int, found: Line) -> model.Line:
    """Return one line.  Without a total, it is what the goods cost less the discount."""
    row, minor, price, total = found.row, reading.minor, found.unit_price, found.total
    if total is None and price is not None:
        total = price * found.quantity - (found.discount or 0)
    if total is None:
        raise Rejected(Code.BAD_MONEY, "a line has no amount")
    taxes = [minor(one) for one in (found.tax, found.tax_included) if one is not None]
    kind = _text(row, spec.kind, "kind")
    return model.Line(
        number=number, kind=reading.word(spec.kinds, kind, "line_kind") if kind else "item",
        item_id=reading.id("item_id", row, spec.item_id), sku=reading.id("sku", row, spec.sku),
        gtin=reading.id("gtin", row, spec.gtin),
        original_line=reading.id("original_line", row, spec.original_line),
        description=_text(row, spec.description, "description"),
        category=_text(row, spec.category, "category"),
        quantity=money.quantity(found.quantity),
        unit_price=None if price is None else minor(price),
        discount=minor(found.discount or Decimal(0)), tax=sum(taxes) if taxes else None,
        total=minor(total),
    )  # fmt: skip


def turned(values: Exact, signs: Sequence[int]) -> Exact:
    """Turn around the values that must be of one sign together, and have a sum of the other."""
    pairs = list(zip(values, signs, strict=True))
    sums = {sign: sum(value or 0 for value, its in pairs if its == sign) for sign in (1, -1)}
    wrong = [sign for sign, total in sums.items() if total * sign < 0]
    return [-value if value and sign in wrong else value for value, sign in pairs]


def _rows(reading: Reading, spec: Lines) -> list[Row]:
    """Return the rows that are lines; of those with the same line id one."""
    columns = set(spec.columns())
    goods = columns - {spec.id, spec.kind}
    rows: list[Row] = []
    seen: dict[str, Row] = {}
    for row in reading.group.lines:
        here = {column: row[column] for column in columns if column in row}
        if not goods & here.keys():
            continue
        if (line_id := here.get(spec.id)) is not None:
            first = seen.setdefault(str(line_id), here)
            if first != here:
                raise Rejected(Code.BAD_SHAPE, "two rows have the same line id and differ")
            if first is not here:
                continue
        rows.append(row)
    return rows


def _kinds(reading: Reading, rows: list[Row], kind: str) -> list[str]:
    """Return each line's own kind, where rows say it."""
    if kind != "exchange" or reading.group.lines is not reading.group.heads:
        return [kind] * len(rows)
    return [next(iter(reading.kinds([row])), kind) for row in rows]


def _quantities(reading: Reading, spec: Lines, rows: list[Row], back: Sequence[int]) -> Exact:
    style = reading.mapping.decimal
    found = [row.get(spec.quantity) for row in rows]
    return turned([None if cell is None else cells.number(cell, style) for cell in found], back)


def _column(reading: Reading, rows: list[Row], column: str, signs: Sequence[int]) -> Exact:
    found = [row.get(column) for row in rows]
    return turned([None if cell is None else reading.exact(cell) for cell in found], signs)


def _text(row: Row, column: str, name: str) -> str | None:
    value = row.get(column)
    return None if value is None else cells.text(value, name)
