"""Rows of a file come together as transactions: all rows of one, or none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from chalicelib import model, payload
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.mapping import Mapping

#: The mapped cells of a row that are filled: column -> cell.
Row = dict[str, Any]
Key = tuple[str, ...]


class Found(NamedTuple):
    """A row as it stands in the file: what it says, or why it can't be used."""

    row: Row
    fault: Rejected | Ignored | None = None
    #: For a row whose shape is broken: the ids it may have, the likeliest first.
    guesses: tuple[Key, ...] | None = None


@dataclass
class Group:
    """The rows of one transaction; `fault` refuses all of them."""

    position: int
    heads: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    tenders: list[Row] = field(default_factory=list)
    fault: Rejected | Ignored | None = None

    def refuse(self, row: int, why: Rejected) -> None:
        """Refuse the transaction for the fault of one of its rows."""
        self.fault = self.fault or Rejected(why.code, f"row {row}: {why.reason}")


def adapted(groups: Iterable[Group], reading: Any) -> Iterator[model.Outcome]:
    """Adapt group by group; its position is the row where the transaction began."""

    def one(group: Group) -> Iterator[model.Transaction]:
        if group.fault:
            raise group.fault
        yield reading(group)

    for group in groups:
        for outcome in payload.each([group], one):
            if not isinstance(outcome, model.Transaction):
                outcome.position = group.position
            yield outcome


def grouped(found: list[Found], mapping: Mapping) -> list[Group]:
    """Bring the rows of each transaction together, wherever they stand, as first seen.

    Rows of another revision are another transaction.  A row that can't be used refuses the
    transaction it belongs to, or else itself alone.
    """
    groups: dict[Key, Group] = {}
    owners: dict[Key, list[Group]] = {}
    places: list[Group | None] = [None] * len(found)
    for position, one in enumerate(found, 1):
        if identity := _identity(one, mapping):
            key = (*identity, str(one.row.get(mapping.revision)))
            if key not in groups:
                groups[key] = Group(position)
                owners.setdefault(identity, []).append(groups[key])
            places[position - 1] = group = groups[key]
            group.heads.append(one.row)
            if isinstance(one.fault, Rejected):
                group.refuse(position, one.fault)
    for group in groups.values():
        group.lines = group.tenders = group.heads
    alone = _alone(found, places, owners)
    return sorted((*groups.values(), *alone), key=lambda group: group.position)


def _identity(one: Found, mapping: Mapping) -> Key | None:
    """Return the parts of a row's id, if it has them all and is a row of a transaction."""
    if one.guesses is not None or isinstance(one.fault, Ignored):
        return None
    parts = tuple(str(one.row.get(column, "")) for column in mapping.key)
    return parts if all(parts) else None


def _alone(
    found: list[Found], places: list[Group | None], owners: dict[Key, list[Group]]
) -> Iterator[Group]:
    """Yield the rows that belong to no transaction, and refuse those that the others belong to.

    A row belongs to the transaction whose id can be made out in it, or else to the one that goes
    on after it.
    """
    before = list(accumulate(places, _later))
    after = list(accumulate(reversed(places), _later))[::-1]
    for position, (one, place) in enumerate(zip(found, places, strict=True), 1):
        if place:
            continue
        fault = one.fault or Rejected(Code.MISSING_ID, "the row has no id")
        if isinstance(fault, Ignored):
            yield Group(position, fault=fault)
            continue
        known = next((guess for guess in one.guesses or () if guess in owners), None)
        last, following = before[position - 1], after[position - 1]
        around = [last] if last and last is following else []
        belongs = owners[known] if known else around
        for group in belongs:
            group.refuse(position, fault)
        if not belongs:
            yield Group(position, fault=fault)


def _later(last: Group | None, here: Group | None) -> Group | None:
    return here or last
