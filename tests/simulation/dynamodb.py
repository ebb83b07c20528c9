"""DynamoDB as far as the dedupe table uses it.

Writes are conditional and atomic, each statement of a batch by itself.  Consistent reads see all
that was written; others may see what stood before.  An item whose time is over lingers until
`reap` takes it.

What isn't used isn't modelled, and raises NotImplementedError: capacity, indexes, other conditions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from tests.simulation.answers import ConditionalCheckFailedException, error, meta

Item = dict[str, Any]
STATEMENTS_A_CALL, KEYS_A_CALL = 25, 100
_INSERT = re.compile(r"""INSERT INTO "([^"]+)" VALUE \{(.*)\}""")
_UPDATE = re.compile(r"""UPDATE "([^"]+)" ((?:SET "\w+"=\? )+)WHERE (.*)""")


class DynamoDB:
    """Tables of items by `pk`, seen as boto3's client sees them."""

    def __init__(
        self, now_ms: Callable[[], int], tables: Sequence[str], stale: Callable[[], bool] = bool
    ) -> None:
        """`stale` says whether a read that isn't consistent sees what stood before."""
        self.meta = meta()
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException
        )
        self.tables: dict[str, dict[str, Item]] = {name: {} for name in tables}
        self._before: dict[tuple[str, str], Item | None] = {}
        self._now_ms = now_ms
        self._stale = stale

    def put_item(
        self,
        TableName: str,  # noqa: N803 - boto3's name, as are all that begin with a capital
        Item: Item,  # noqa: N803
        ConditionExpression: str = "",  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str = "NONE",  # noqa: N803
    ) -> Item:
        if ConditionExpression not in {"", "attribute_not_exists(pk)"}:
            raise NotImplementedError(ConditionExpression)
        table = self._table(TableName, "PutItem")
        standing = table.get(Item["pk"]["S"])
        if ConditionExpression and standing is not None:
            shown = ReturnValuesOnConditionCheckFailure == "ALL_OLD"
            raise error(
                "PutItem",
                "ConditionalCheckFailedException",
                "The conditional request failed",
                kind=ConditionalCheckFailedException,
                **({"Item": standing} if shown else {}),
            )
        self._write(TableName, Item)
        return {}

    def delete_item(self, TableName: str, Key: Item) -> Item:  # noqa: N803
        """Delete an item; the code never does, but for a deliberate bug."""
        self._table(TableName, "DeleteItem").pop(Key["pk"]["S"], None)
        return {}

    def batch_execute_statement(self, Statements: Sequence[Item]) -> Item:  # noqa: N803
        if not 1 <= len(Statements) <= STATEMENTS_A_CALL:
            raise error("BatchExecuteStatement", "ValidationException", "1 to 25 statements a call")
        return {"Responses": [self._execute(one) for one in Statements]}

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> Item:  # noqa: N803
        wanted = {
            name: [key["pk"]["S"] for key in one["Keys"]] for name, one in RequestItems.items()
        }
        keys = [(name, key) for name, found in wanted.items() for key in found]
        if not 1 <= len(keys) <= KEYS_A_CALL or len(set(keys)) != len(keys):
            raise error("BatchGetItem", "ValidationException", "1 to 100 keys a call, all distinct")
        found: dict[str, list[Item]] = {}
        for name, one in RequestItems.items():
            table = self._table(name, "BatchGetItem")
            consistent = one.get("ConsistentRead", False)
            items = [self._seen(name, table, key, consistent) for key in wanted[name]]
            found[name] = [item for item in items if item is not None]
        return {"Responses": found, "UnprocessedKeys": {}}

    def reap(self, takes: Callable[[int], bool]) -> int:
        """Delete expired items; `takes` is told for how many seconds one is over."""
        taken = 0
        now = self._now_ms() // 1000
        for table in self.tables.values():
            for key, item in list(table.items()):
                over = now - int(item["expiry"]["N"])
                if over > 0 and takes(over):
                    del table[key]
                    taken += 1
        return taken

    def _execute(self, statement: Item) -> Item:
        name = parsed(statement["Statement"])[1]
        if name not in self.tables:
            return _failed("ResourceNotFound", name)
        kind, values, observed = values_of(statement)
        if kind == "INSERT":
            return self._insert(name, values)
        return self._update(name, values, observed)

    def _insert(self, name: str, item: Item) -> Item:
        if item["pk"]["S"] in self.tables[name]:
            return _failed("DuplicateItem", name)
        self._write(name, item)
        return {"TableName": name}

    def _update(self, name: str, values: Item, observed: Item) -> Item:
        standing = self.tables[name].get(observed["pk"]["S"])
        if standing is None or any(standing.get(field) != v for field, v in observed.items()):
            return _failed("ConditionalCheckFailed", name)
        self._write(name, standing | values)
        return {"TableName": name}

    def _write(self, name: str, item: Item) -> None:
        key, table = item["pk"]["S"], self.tables[name]
        self._before[name, key] = table.get(key)
        table[key] = item

    def _seen(self, name: str, table: dict[str, Item], key: str, consistent: bool) -> Item | None:
        if not consistent and (name, key) in self._before and self._stale():
            return self._before[name, key]
        return table.get(key)

    def _table(self, name: str, operation: str) -> dict[str, Item]:
        if name not in self.tables:
            raise error(operation, "ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]


def values_of(statement: Mapping[str, Any]) -> tuple[str, Item, Item]:
    """Return a statement's kind, what it sets, and what it observes."""
    kind, _, fields, observed = parsed(statement["Statement"])
    values = statement["Parameters"]
    observing = dict(zip(observed, values[len(fields) :], strict=True))
    return kind, dict(zip(fields, values, strict=False)), observing


@cache
def parsed(text: str) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """Return a statement's kind, table, the fields that it sets, and those that it observes."""
    if found := _INSERT.fullmatch(text):
        return "INSERT", found[1], tuple(re.findall(r"'(\w+)': \?", found[2])), ()
    if found := _UPDATE.fullmatch(text):
        observed = [re.fullmatch(r'"(\w+)"=\?', part) for part in found[3].split(" AND ")]
        if all(observed):
            fields = re.findall(r'"(\w+)"', found[2])
            return "UPDATE", found[1], tuple(fields), tuple(one[1] for one in observed if one)
    raise NotImplementedError(text)


def _failed(code: str, name: str) -> Item:
    return {"Error": {"Code": code, "Message": code}, "TableName": name}
