"""CSV: the exports of any till's back office, by a mapping of its columns.

https://www.rfc-editor.org/rfc/rfc4180
`adapt` reads the columns of `DEFAULT`, which are named in our own words.  Another export needs no
code but a mapping: `Merchant("elm-street-books", csv_export.adapter(Mapping(id="Receipt", ...)))`.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, product

from chalicelib import payload, signatures
from chalicelib.errors import Code, Ignored, Misconfigured, Rejected
from chalicelib.mapping import Lines, Mapping, Tenders, fold
from chalicelib.model import Merchant, Outcome
from chalicelib.tabular.cells import is_number
from chalicelib.tabular.csv_rows import Record, records_of
from chalicelib.tabular.defaults import LINE_KINDS, TENDERS, default
from chalicelib.tabular.rows import Found, Key, adapted, grouped
from chalicelib.tabular.transaction import transaction

#: One row for each line or tender, in which a tender's cells may stand beside a line's.
DEFAULT = default(
    Lines(
        id="line_id", kind="item_kind", kinds=LINE_KINDS, item_id="item_id", sku="sku", gtin="gtin",
        description="item", category="category", quantity="quantity", unit_price="price",
        discount="item_discount", tax="item_tax", tax_included="item_tax_included", total="amount",
        original_line="original_line",
    ),
    Tenders(
        type="tender", types=TENDERS, amount="tender_amount", change="change",
        card_brand="card_brand", card_last_four="card_last_four",
    ),
)  # fmt: skip
#: How a cell begins that a spreadsheet runs.
_FORMULA, _CONTROL = frozenset("=+-@"), frozenset("\t\r")
_PHONE = re.compile(r"\+[\d ()./-]+", re.ASCII)

#: Nobody signs this format in a way of their own.
verify = signatures.verify
#: What comes is one document: it has no records that could come one by one.
WHOLE = True


def adapt(text: str, merchant: Merchant) -> Iterator[Outcome]:
    """Read an export whose columns have the names of `DEFAULT`."""
    return _read(text, merchant, DEFAULT)


@dataclass(frozen=True)
class Adapter:
    """Reads an export by its mapping.  Two of them are equal if their mappings are."""

    mapping: Mapping

    def __call__(self, text: str, merchant: Merchant) -> Iterator[Outcome]:
        return _read(text, merchant, self.mapping)


def adapter(mapping: Mapping) -> Adapter:
    """Return what adapts the exports that `mapping` describes."""
    if any(part and part.path for part in (mapping.lines, mapping.tenders)):
        raise Misconfigured("path: a row of CSV holds no list: leave it out")
    return Adapter(mapping)


def _read(text: str, merchant: Merchant, mapping: Mapping) -> Iterator[Outcome]:
    records = records_of(io.StringIO(text.removeprefix("\ufeff"), newline=""), mapping.delimiter)
    header = _Header(next(records, None), mapping)
    rows = list(islice(records, payload.MAX_RECORDS + 1))
    if not rows:
        return iter([Ignored("an export without rows")])
    found = [header.found(row) for row in payload.counted(rows)]
    reading = partial(transaction, vendor="csv_export", mapping=mapping, merchant=merchant)
    return adapted(grouped(found, mapping), reading)


class _Header:
    """Where each mapped column stands in this file, and what its rows say by that."""

    def __init__(self, first: Record | None, mapping: Mapping) -> None:
        if first is None:
            raise Rejected(Code.EMPTY, "the message holds no row")
        names = [fold(mapping.renamed.get(fold(cell), cell)) for cell in first.cells]
        self.mapping, self.width = mapping, len(names)
        wanted = list(dict.fromkeys(mapping.columns()))
        self.places = {one: names.index(fold(one)) for one in wanted if fold(one) in names}
        if twice := [one for one in self.places if names.count(fold(one)) > 1]:
            raise Rejected(Code.BAD_SHAPE, f"the header has a column twice: {', '.join(twice)}")
        required = wanted if mapping.required is None else mapping.required
        if missing := [one for one in required if one not in self.places]:
            hint = "" if self.width > 1 else "; is the delimiter another?"
            reason = f"the header has no column named {', '.join(missing)}{hint}"
            raise Rejected(Code.BAD_SHAPE, reason)
        self.numbers = mapping.numbers()

    def found(self, record: Record) -> Found:
        """Return what the row says in the mapped columns, and what is wrong with it."""
        cells, count = record.cells, len(record.cells)
        inside = [(name, cells[place]) for name, place in self.places.items() if place < count]
        row = {name: cell.strip() for name, cell in inside if cell and not cell.isspace()}
        skip = self.mapping.skip
        if not record.broken and any(fold(row.get(name, "")) == fold(word) for name, word in skip):
            return Found(row, Ignored("a row that the mapping leaves out"))
        if record.broken or count != self.width:
            wrong = "is not CSV" if record.broken else "has more or fewer cells than the header"
            return Found(row, Rejected(Code.BAD_SHAPE, f"the row {wrong}"), self._guesses(cells))
        formulas = [name for name, cell in inside if self._is_formula(name, cell)]
        reason = f"a cell is a formula, as it would be to a spreadsheet: {', '.join(formulas)}"
        return Found(row, Rejected(Code.BAD_SHAPE, reason) if formulas else None)

    def _guesses(self, cells: list[str]) -> tuple[Key, ...]:
        """Return the ids that a broken row may have: one cell too many shifts all after it."""
        shifts = dict.fromkeys((0, len(cells) - self.width))
        places = [self.places[column] for column in self.mapping.key]
        guesses = [
            tuple(cells[one].strip() if 0 <= one < len(cells) else "" for one in shifted)
            for shift in product(shifts, repeat=len(places))
            for shifted in [map(sum, zip(places, shift, strict=True))]
        ]
        return tuple(guess for guess in guesses if all(guess))

    def _is_formula(self, name: str, cell: str) -> bool:
        if cell[:1] in _CONTROL:
            return True
        if cell.lstrip()[:1] not in _FORMULA:
            return False
        if name in self.numbers:
            return not is_number(cell)
        return name != self.mapping.phone or not _PHONE.fullmatch(cell.strip())
