"""What the rows of one transaction say, column by column."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from chalicelib import model, money, payload
from chalicelib.errors import Code, Rejected
from chalicelib.mapping import FINAL, Mapping, fold
from chalicelib.tabular import cells
from chalicelib.tabular.rows import Group, Row


class Reading:
    """What the rows say in the columns of the whole transaction."""

    def __init__(self, group: Group, mapping: Mapping, merchant: model.Merchant) -> None:
        self.group, self.mapping, self.merchant = group, mapping, merchant
        #: What nobody knew, or what a spreadsheet spoiled, and that moves no money.
        self.named: dict[str, None] = {}
        self.currency = (self.text("currency") or merchant.currency or "").strip().upper()
        self.exponent = money.exponent(self.currency)

    def agreed(self, column: str, name: str, rows: Iterable[Row] | None = None) -> Any:
        """Return what the rows say in a column, None if all are blank there."""
        found = None
        for row in self.group.heads if rows is None else rows:
            value = row.get(column)
            if found is not None and value is not None and value != found:
                reason = f"{name}: the rows differ: has the id all columns that tell sales apart?"
                raise Rejected(Code.BAD_SHAPE, reason)
            found = value if found is None else found
        return found

    def one(self, name: str) -> Any:
        """Return what is in the column that is mapped to `name`."""
        column = getattr(self.mapping, name)
        return self.agreed(column, name) if column else None

    def text(self, name: str) -> str | None:
        value = self.one(name)
        return None if value is None else cells.text(value, name)

    def id(self, name: str, row: Row | None = None, column: str = "") -> str | None:
        """Return an id, or None for one that a spreadsheet spoiled: the sale still counts."""
        value = self.one(name) if row is None else row.get(column)
        if cells.is_damaged(value):
            self.named["damaged_id"] = None
            return None
        return None if value is None else cells.identifier(value, name)

    def joined(self, columns: Sequence[str]) -> str:
        """Return the id that several columns make, "" if one of them is blank."""
        values = [self.agreed(column, "id") for column in columns]
        parts = [cells.identifier(value, "id") for value in values if value is not None]
        if not parts or len(parts) < len(columns):
            return ""
        return model.joined(*parts) if len(parts) > 1 else parts[0]

    def zone(self) -> str | None:
        value = self.one("zone")
        return self.merchant.timezone if value is None else cells.zone(value, self.mapping)

    def status(self) -> str:
        """Return one of mapping.STATUSES."""
        word = self.text("status")
        if word is None and not self.mapping.must_have("status"):
            return FINAL
        table = self.mapping.statuses
        return payload.known(table, fold(word or ""), "status", Code.UNKNOWN_STATUS)

    def kinds(self, rows: Iterable[Row]) -> list[str]:
        """Return the kinds that stand in the rows, each once."""
        column, table = self.mapping.kind, self.mapping.kinds
        words = dict.fromkeys(cells.text(row[column], "kind") for row in rows if column in row)
        return list(dict.fromkeys(payload.known(table, fold(word), "kind") for word in words))

    def word(self, table: Any, word: str, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if (folded := fold(word)) not in table:
            self.named[f"unknown_{what}"] = None
        return table.get(folded, "other")

    def exact(self, cell: Any) -> Decimal:
        return cells.amount(cell, self.mapping, self.currency)

    def minor(self, value: Decimal) -> int:
        return cells.minor(value, self.mapping, self.currency)
