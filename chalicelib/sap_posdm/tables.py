"""SAP's flat tables, joined into transactions that hold their lines, as the adapter reads them.

https://help.sap.com/docs/CARAB (/POSDW/BAPI_POSTR_CREATE; IDocs /POSDW/POSTR_CREATEMULTIPLE)

The rows of every table name their transaction by the same five fields, and what belongs to a line
names that by its number.  What names a transaction or a line that isn't there is refused: as a
record of its own, or with its transaction.  Each set of tables in a document is read by itself.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from chalicelib import payload
from chalicelib.errors import Code, Rejected
from chalicelib.sap_posdm.fields import Record, first, identifier, line_number, many

Key = tuple[object, ...]

NESTED, HEADS, LINES = "IT_TRANSACTION", "TRANSACTION", "RETAILLINEITEM"
#: What names a transaction, each field under one of these names.
KEY = (
    ("RETAILSTOREID",), ("BUSINESSDAYDATE",), ("TRANSACTIONTYPECODE", "TRANSTYPECODE"),
    ("WORKSTATIONID",), ("TRANSACTIONSEQUENCENUMBER", "TRANSNUMBER"),
)  # fmt: skip
#: Tables -> what their rows are called inside a transaction, and inside a line.
OF_TRANSACTIONS = {
    LINES: LINES, "TENDER": "TENDER", "TRANSACTIONDISCOUNT": "DISCOUNT", "TRANSACTIONTAX": "TAX",
    "TRANSACTIONEXT": "EXTENSIONS", "TRANSACTIONLOYALTY": "LOYALTY",
    "POSTVOIDDETAILS": "POSTVOIDDETAILS", "ADDITIONALS": "ADDITIONALS",
}  # fmt: skip
OF_LINES = {"LINEITEMDISCOUNT": "DISCOUNT", "LINEITEMTAX": "TAX", "LINEITEMVOID": "LINEITEMVOID"}
TABLES = {HEADS, *OF_TRANSACTIONS, *OF_LINES}
#: Segments of IDocs whose names are cut off, or other ones than the tables'.
SEGMENTS = {
    "TRANSACTIONDISCO": "TRANSACTIONDISCOUNT", "TRANSACTIONLOYAL": "TRANSACTIONLOYALTY",
    "TRANSACTEXTENSIO": "TRANSACTIONEXT",
}  # fmt: skip
#: Envelopes (SOAP, IDoc, an object of tables) that stand around a set of tables at most.
_AROUND = 5


def documents(text: str) -> list[Any]:
    """Return the records of JSON, or what an XML document holds, as JSON would have it."""
    if text.lstrip().startswith("<"):
        return [_plain(payload.xml_root(text))]
    return payload.json_records(text)


def transactions(value: Any, around: int = _AROUND) -> Iterator[Any]:
    """Yield what stands in envelopes and tables; one that can't be had as a `Rejected`."""
    for part in many(value):
        if not isinstance(part, dict):
            continue
        named = _lists(part)
        if NESTED in named:
            yield from named[NESTED] or [{}]
        elif named.keys() & {*KEY[0], *KEY[2]}:
            yield part  # a transaction by itself
        elif named.keys() & TABLES:
            yield from _Join(named).found.values()
        elif around:
            for one in named.values():
                yield from transactions(one, around - 1)


def _name(name: str) -> str:
    """Return a table's or a field's name: of a segment `_-POSDW_-E1BPTENDER` it is TENDER."""
    local = name.rpartition("}")[2].upper()
    for prefix in ("_-POSDW_-", "/POSDW/", "E1BP"):
        local = local.removeprefix(prefix)
    return SEGMENTS.get(local, local)


def _plain(element: Element) -> Any:
    """Return an element as text, a list of its items, or a record of its children."""
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(_name(child.tag), []).append(_plain(child))
    if not found:
        return (element.text or "").strip()
    if found.keys() == {"ITEM"}:
        return found["ITEM"]
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}


def _lists(part: Record) -> dict[str, list[Any]]:
    """Return what stands under each name, as a list: rows may stand in `item`."""
    found: dict[str, list[Any]] = {}
    for name, one in part.items():
        wrapped = isinstance(one, dict) and [_name(inner) for inner in one] == ["ITEM"]
        rows = next(iter(one.values())) if wrapped else one
        found.setdefault(_name(name), []).extend(many(rows))
    return found


class _Join:
    """One set of tables: what is found of each transaction, be it a reason to refuse it."""

    def __init__(self, named: dict[str, list[Any]]) -> None:
        self.found: dict[Key, Any] = {}
        self.lines: dict[Key, Record] = {}
        for table in (HEADS, *OF_TRANSACTIONS, *OF_LINES):
            for place, row in enumerate(named.get(table, ())):
                try:
                    self._put(table, row)
                except Rejected as reason:
                    self.found[table, place] = reason

    def _put(self, table: str, row: Any) -> None:
        if not isinstance(row, dict):
            raise Rejected(Code.BAD_SHAPE, f"{table}: a row is no record")
        row = {name.upper(): one for name, one in row.items()}
        fields = (first(row, *names) for names in KEY)
        key: Key = tuple("" if one is None else identifier(one) for one in fields)
        if table == HEADS:
            self._begin(key, row)
        elif key not in self.found:
            self._refuse(key, f"{table}: a row whose transaction isn't there")
        elif not isinstance(self.found[key], Rejected):
            self._add(key, table, row)

    def _begin(self, key: Key, row: Record) -> None:
        if key in self.found:
            self._refuse(key, "two transactions of the same number")
        else:
            self.found[key] = _holding(row, OF_TRANSACTIONS)

    def _add(self, key: Key, table: str, row: Record) -> None:
        line = (*key, line_number(row)) if table == LINES or table in OF_LINES else key
        if table in OF_LINES and line not in self.lines:
            self._refuse(key, f"{table}: a row whose line isn't there")
        elif table in OF_LINES:
            self.lines[line][OF_LINES[table]].append(row)
        elif line in self.lines:
            self._refuse(key, "two lines of the same number")
        else:
            if table == LINES:
                row = self.lines[line] = _holding(row, OF_LINES)
            self.found[key][OF_TRANSACTIONS[table]].append(row)

    def _refuse(self, key: Key, reason: str) -> None:
        self.found[key] = Rejected(Code.BAD_SHAPE, reason)


def _holding(row: Record, tables: dict[str, str]) -> Record:
    """Return a row with lists for the rows that belong to it."""
    return row | {name: list(many(row.get(name))) for name in tables.values()}
