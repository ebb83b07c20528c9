"""JSON lines: what a data warehouse or a back office pours out, by a mapping of its paths.

https://jsonlines.org
`adapt` reads the paths of `DEFAULT`, which are named in our own words: each record is a transaction
with the lists `lines` and `tenders`.  `adapter(Mapping(id="data.id", ...))` reads any other.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from chalicelib import payload, signatures
from chalicelib.errors import Code, Ignored, Misconfigured, Rejected
from chalicelib.mapping import Lines, Mapping, Tenders, fold
from chalicelib.model import Merchant, Outcome
from chalicelib.tabular.defaults import LINE_KINDS, TENDERS, default
from chalicelib.tabular.rows import Found, Group, Row, adapted, grouped
from chalicelib.tabular.transaction import transaction

#: One record for each transaction, with its lines and its tenders inside.
DEFAULT = default(
    Lines(
        path="lines", id="id", kind="kind", kinds=LINE_KINDS, item_id="item_id", sku="sku",
        gtin="gtin", description="item", category="category", quantity="quantity",
        unit_price="price", discount="discount", tax="tax", tax_included="tax_included",
        total="amount", original_line="original_line",
    ),
    Tenders(
        path="tenders", type="type", types=TENDERS, amount="amount", change="change",
        card_brand="card_brand", card_last_four="card_last_four",
    ),
)  # fmt: skip
_BLANK: tuple[Any, ...] = (None, "", [], {})

#: Nobody signs this format in a way of their own.
verify = signatures.verify


def adapt(text: str, merchant: Merchant) -> Iterator[Outcome]:
    """Read records whose fields have the names of `DEFAULT`."""
    return _read(text, merchant, DEFAULT)


@dataclass(frozen=True)
class Adapter:
    """Reads records by its mapping.  Two of them are equal if their mappings are."""

    mapping: Mapping

    def __call__(self, text: str, merchant: Merchant) -> Iterator[Outcome]:
        return _read(text, merchant, self.mapping)


def adapter(mapping: Mapping) -> Adapter:
    """Return what adapts the records that `mapping` describes."""
    if mapping.renamed:
        raise Misconfigured("renamed: only CSV has a header whose names could be renamed")
    return Adapter(mapping)


def _read(text: str, merchant: Merchant, mapping: Mapping) -> Iterator[Outcome]:
    records = payload.json_records(text)
    found = [_found(record, mapping) for record in records]
    if any(part and part.path for part in (mapping.lines, mapping.tenders)):
        pairs = zip(found, records, strict=True)
        groups = [_nested(at, one, record, mapping) for at, (one, record) in enumerate(pairs, 1)]
    else:
        groups = grouped(_guessed(found, records, text, mapping), mapping)
    reading = partial(transaction, vendor="json_lines", mapping=mapping, merchant=merchant)
    return adapted(groups, reading)


def _found(record: Any, mapping: Mapping) -> Found:
    """Return what is at the mapped paths of a record, and what is wrong with it."""
    if isinstance(record, Rejected):
        return Found({}, record)
    row, fault = _row(record, mapping.columns())
    if any(fold(str(row.get(path, ""))) == fold(word) for path, word in mapping.skip):
        return Found(row, Ignored("a record that the mapping leaves out"))
    return Found(row, fault)


def _row(record: Any, paths: Iterable[str]) -> tuple[Row, Rejected | None]:
    """Return what is filled of the paths, and the first fault on the way."""
    row: Row = {}
    fault = None
    for path in dict.fromkeys(paths):
        try:
            value = at(record, path)
        except Rejected as reason:
            fault = fault or reason
            continue
        if value not in _BLANK:
            row[path] = value.strip() if isinstance(value, str) else value
    return row, fault


def at(record: Any, path: str) -> Any:
    """Return what is at a path such as `data.total` or `payments.0.type`, None if nothing is."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for part in path.split("."):
        if record in _BLANK:
            return None
        if isinstance(record, list) and part.isdecimal():
            record = record[int(part)] if int(part) < len(record) else None
        elif isinstance(record, dict):
            record = record.get(part)
        else:
            raise Rejected(Code.BAD_SHAPE, f"{path}: an object was expected on the way to it")
    return record


def _nested(position: int, found: Found, record: Any, mapping: Mapping) -> Group:
    """Return a record that is a transaction by itself, with its lists of lines and tenders."""
    group = Group(position, [found.row], fault=found.fault)
    group.lines = group.tenders = group.heads
    if group.fault:
        return group
    try:
        if mapping.lines and mapping.lines.path:
            group.lines = _list(record, mapping.lines.path, mapping.lines.columns())
        if mapping.tenders and mapping.tenders.path:
            group.tenders = _list(record, mapping.tenders.path, mapping.tenders.columns())
    except Rejected as fault:
        group.fault = fault
    return group


def _list(record: Any, path: str, columns: Iterable[str]) -> list[Row]:
    """Return the rows of a list inside a record: each of them must be an object."""
    found, wanted = at(record, path), tuple(columns)
    if found in _BLANK:
        return []
    if not isinstance(found, list):
        raise Rejected(Code.BAD_SHAPE, f"{path}: a list was expected")
    rows = [_row(one, wanted) for one in payload.counted(found)]
    for _, fault in rows:
        if fault:
            raise fault
    return [row for row, _ in rows]


def _guessed(found: list[Found], records: list[Any], text: str, mapping: Mapping) -> list[Found]:
    """Make out the id in lines that aren't JSON, as they may be of a transaction with others."""
    if not any(isinstance(record, Rejected) for record in records):
        return found
    names = [re.escape(path.rpartition(".")[2]) for path in mapping.key]
    patterns = [re.compile(rf'"{name}"\s*:\s*"?([^",}}\s]+)') for name in names]
    lines = [line for line in text.splitlines() if line.strip()]
    guessed = []
    for one, record, line in zip(found, records, lines, strict=True):
        if isinstance(record, Rejected):
            ids = [match[1] for match in (pattern.search(line) for pattern in patterns) if match]
            guesses = (tuple(ids),) if len(ids) == len(patterns) else ()
            guessed.append(Found(one.row, one.fault, guesses))
        else:
            guessed.append(one)
    return guessed
