"""What a merchant's export calls things, as data: columns, words, and how numbers are written.

Ours on the left, the export's on the right.  A column is named as in the file's first line
(csv_export) or by a path such as `data.total` (json_lines).  What isn't named isn't read.

    Mapping(id="Receipt", date="Date", date_format="%d/%m/%Y %H:%M", total="Total", decimal=",")

Columns of the whole transaction may be filled in one of its rows, or in all with the same value.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

from chalicelib import times
from chalicelib.errors import Misconfigured
from chalicelib.model import Kind, LineKind, TenderType

#: What a word for the kind may stand for; `no_sale` is ignored, as when the drawer was opened.
KINDS = (*get_args(Kind), "no_sale")
#: Final statuses, and those that are ignored.  `voided`: the transaction itself no longer counts.
FINAL, VOIDED = "final", "voided"
STATUSES = (FINAL, VOIDED, "open", "draft", "pending", "cancelled", "failed", "training", "test")
#: Instead of a format of strptime, for JSON that counts since 1970.
EPOCHS = {"epoch_s": 1000, "epoch_ms": 1}

#: What is said about the file, and is no column.
_SETTINGS = frozenset(("path", "date_format", "decimal", "delimiter"))
_HOURS = ("%H", "%I", "%c", "%X")
_DELIMITERS = (",", ";", "\t", "|")
_TRIAL = datetime(2026, 11, 23, 17, 45, 30)  # noqa: DTZ001 - only ever written and read again


def fold(word: str) -> str:
    """Return a word as it is compared: trimmed, and whatever its case."""
    return word.strip().casefold()


class _Columns:
    """A dataclass whose text fields name columns, but for the few settings among them."""

    def columns(self) -> Iterator[str]:
        """Yield each column that is named."""
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if isinstance(value, str) and value and one.name not in _SETTINGS:
                yield value

    def _fix(self, name: str, allowed: Iterable[str]) -> None:
        """Fold the words of a table, check what they stand for, and let nobody change it."""
        table: Table[str, str] = getattr(self, name)
        for word, meaning in table.items():
            remedy = f"{name}: {word!r} must stand for one of {', '.join(allowed)}"
            _check(meaning in allowed, remedy)
        folded = {fold(word): meaning for word, meaning in table.items()}
        object.__setattr__(self, name, MappingProxyType(folded))


@dataclass(frozen=True)
class Lines(_Columns):
    """The columns of a line.  Without `total`, it is unit price times quantity less discount.

    `tax` comes on top of `total`, `tax_included` is in it.  Rows with the same `id` are one line.
    """

    total: str = ""
    #: json_lines: where a record keeps the list of its lines; empty if each line is a record.
    path: str = ""
    id: str = ""
    kind: str = ""
    kinds: Table[str, str] = field(default_factory=dict, hash=False)
    item_id: str = ""
    sku: str = ""
    gtin: str = ""
    description: str = ""
    category: str = ""
    quantity: str = ""
    unit_price: str = ""
    discount: str = ""
    tax: str = ""
    tax_included: str = ""
    original_line: str = ""

    def __post_init__(self) -> None:
        self._fix("kinds", get_args(LineKind))
        _check(self.total or self.unit_price, "lines: name the column of total, or of unit_price")


@dataclass(frozen=True)
class Tenders(_Columns):
    """How it was paid: a column that says with what, or one column of amounts for each.

    With `amount`, each row that has one is a tender; without, the only tender pays the total.
    """

    type: str = ""
    types: Table[str, str] = field(default_factory=dict, hash=False)
    amount: str = ""
    #: What was given back of what was handed over; `amount` is without it.
    change: str = ""
    card_brand: str = ""
    card_last_four: str = ""
    #: json_lines: where a record keeps the list of its tenders.
    path: str = ""
    #: Column of an amount -> our type of tender.
    amounts: Table[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        amounts = dict(self.amounts)
        self._fix("types", get_args(TenderType))
        self._fix("amounts", get_args(TenderType))
        object.__setattr__(self, "amounts", MappingProxyType(amounts))  # columns keep their case
        _check(bool(self.type) != bool(amounts), "tenders: name either type or amounts")
        _check(self.type or not (self.amount or self.path), "tenders: amount goes with type")


@dataclass(frozen=True)
class Mapping(_Columns):
    """What one merchant's export calls things.  Equal mappings are equal keys of a cache."""

    #: The column that names the transaction, or several that only together do.
    id: str | tuple[str, ...]
    date: str
    time: str = ""
    #: A format of strptime, `epoch_s` or `epoch_ms`; empty is ISO 8601.
    date_format: str = ""
    zone: str = ""
    #: Word for a time zone -> its IANA name; those that are IANA names already need no entry.
    zones: Table[str, str] = field(default_factory=dict, hash=False)
    business_date: str = ""
    #: A version number, or the time of the last change in `date_format`.
    revision: str = ""
    #: Without a column for the kind, what has a negative total is a return.
    kind: str = ""
    kinds: Table[str, str] = field(default_factory=dict, hash=False)
    status: str = ""
    statuses: Table[str, str] = field(default_factory=dict, hash=False)
    #: What a return or a void goes back to: as many columns as `id` has.
    original: str | tuple[str, ...] = ()
    store: str = ""
    register: str = ""
    receipt: str = ""
    channel: str = ""
    customer: str = ""
    loyalty: str = ""
    email: str = ""
    phone: str = ""
    currency: str = ""
    #: Amounts of the whole transaction.  Without `total` it is the sum of what is there.
    total: str = ""
    subtotal: str = ""
    discount: str = ""
    tax: str = ""
    tax_included: str = ""
    tip: str = ""
    service_charge: str = ""
    rounding: str = ""
    lines: Lines | None = None
    tenders: Tenders | None = None
    #: Rows to leave out, such as a footer: pairs of a column and the word that stands there.
    skip: tuple[tuple[str, str], ...] = ()
    #: Columns that must be there; by default all that are named.
    required: tuple[str, ...] | None = None
    #: csv_export: other names that a column had, or will have: theirs -> as named above.
    renamed: Table[str, str] = field(default_factory=dict, hash=False)
    decimal: str = "."
    delimiter: str = ","
    #: Amounts are whole numbers of cents, or whatever the minor unit is.
    minor_units: bool = False

    def __post_init__(self) -> None:
        self._fix("kinds", KINDS)
        self._fix("statuses", STATUSES)
        for name in self.zones.values():
            times.zone(name)
        self._fix("zones", tuple(self.zones.values()))
        self._fix("renamed", tuple(self.columns()))
        self._check_columns()
        _check_format(self.date_format, has_time=bool(self.time))
        _check(self.decimal in (".", ","), "decimal: write a point or a comma")
        _check(self.delimiter in _DELIMITERS, "delimiter: write a comma, a semicolon, a tab or |")
        try:
            hash(self)
        except TypeError as fault:
            raise Misconfigured("several columns stand in a tuple: (...), not [...]") from fault

    def _check_columns(self) -> None:
        _check(self.key and all(self.key), "id: name the column that names the transaction")
        _check(self.date, "date: name the column of the date")
        _check(self.total or self.lines, "total: name its column, or those of the lines")
        _check(len(self.origin) in (0, len(self.key)), "original: name as many columns as for id")
        for column, table in (("kind", self.kinds), ("status", self.statuses)):
            _check(bool(getattr(self, column)) == bool(table), f"{column}: name column and words")
        unknown = set(self.required or ()) - set(self.columns())
        _check(not unknown, "required: every column there must be named for something, too")

    @property
    def key(self) -> tuple[str, ...]:
        return _several(self.id)

    @property
    def origin(self) -> tuple[str, ...]:
        return _several(self.original)

    def columns(self) -> Iterator[str]:
        """Yield each column that is named, of the lines and tenders, too."""
        yield from dict.fromkeys((*self.key, *self.origin, *super().columns()))
        yield from (column for column, _ in self.skip)
        for part in (self.lines, self.tenders):
            yield from part.columns() if part else ()
        yield from self.tenders.amounts if self.tenders else ()

    def must_have(self, name: str) -> bool:
        """Tell whether the column mapped to `name` has to be there, and to be filled."""
        column = getattr(self, name)
        return bool(column) and (self.required is None or column in self.required)

    def numbers(self) -> frozenset[str]:
        """Return the columns in which a number is expected."""
        money = ("total", "subtotal", "discount", "tax", "tax_included", "tip", "service_charge")
        names = (*money, "rounding", "quantity", "unit_price", "amount", "change")
        parts: tuple[Any, ...] = (self, self.lines, self.tenders)
        found = {getattr(part, name, "") for part in parts for name in names}
        return frozenset(found.union(self.tenders.amounts if self.tenders else ()) - {""})


def _several(columns: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(columns, str):
        return (columns,) if columns else ()
    return columns


def _check_format(style: str, *, has_time: bool) -> None:
    if not style or style in EPOCHS:
        return
    try:
        datetime.strptime(_TRIAL.strftime(style), style)  # noqa: DTZ007 - a trial
    except ValueError as fault:
        raise Misconfigured(f"date_format: strptime doesn't know {style!r}") from fault
    hours = any(part in style for part in _HOURS)
    remedy = "the time column's format belongs into it, too" if has_time else "name a time column"
    _check(hours, f"date_format: a day alone is no instant: {remedy}")


def _check(fine: object, remedy: str) -> None:
    if not fine:
        raise Misconfigured(remedy)
