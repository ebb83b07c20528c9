"""A DynamoDB table in memory, of what an inbox and a ledger ask: as strict as the real one.

tests/test_memory.py holds it against the emulator.
"""

import copy
import itertools
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Key = tuple[str, str]
_PAGE = 7  # so that pages are met


class TransactionCanceledException(ClientError):
    """What botocore raises where a condition of a transaction fails."""


class Memory:
    """A client whose only table has the keys pk and sk."""

    exceptions = SimpleNamespace(TransactionCanceledException=TransactionCanceledException)

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.writes = 0

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> Any:  # noqa: N803
        assert TableName
        assert ConsistentRead
        found = self.items.get(_key(Key))
        return {"Item": copy.deepcopy(found)} if found else {}

    def query(self, **query: Any) -> Any:
        """Answer one of the two queries that are asked, in pages."""
        values = query["ExpressionAttributeValues"]
        low, high = _bounds(query["KeyConditionExpression"], values)
        found = sorted(
            (key, item) for key, item in self.items.items()
            if key[0] == values[":pk"]["S"] and low <= key[1] < high
        )  # fmt: skip
        if not query.get("ScanIndexForward", True):
            found.reverse()
        if start := query.get("ExclusiveStartKey"):
            found = list(itertools.dropwhile(lambda one: one[0] != _key(start), found))[1:]
        most = query.get("Limit", _PAGE)
        answer: Item = {"Items": [copy.deepcopy(item) for _, item in found[:most]]}
        if len(found) > most:
            answer["LastEvaluatedKey"] = {n: found[most - 1][1][n] for n in ("pk", "sk")}
        return answer

    def transact_write_items(self, *, TransactItems: list[Item]) -> Any:  # noqa: N803
        for key, write in self.checked(TransactItems):
            self.apply(key, write)
        self.writes += 1
        return {}

    def checked(self, writes: list[Item]) -> list[tuple[Key, Item]]:
        """Return the writes of a transaction by their keys; raise what cancels or refuses it."""
        keys = keys_of(writes)
        if len(set(keys)) != len(keys) or not 0 < len(keys) <= 100:
            fault: Any = {"Error": {"Code": "ValidationException", "Message": "no such writes"}}
            raise ClientError(fault, "TransactWriteItems")
        codes = [
            "None" if self._holds(one, key) else "ConditionalCheckFailed"
            for key, write in zip(keys, writes, strict=True)
            for one in write.values()
        ]
        if set(codes) != {"None"}:
            raise cancelled(codes)
        return list(zip(keys, writes, strict=True))

    def delete_item(self, *, TableName: str, Key: Item) -> Any:  # noqa: N803
        assert TableName
        self.items.pop(_key(Key), None)
        return {}

    def apply(self, key: Key, write: Item) -> None:
        match write:
            case {"Put": {"Item": item}}:
                self.items[key] = copy.deepcopy(item)
            case {"Delete": _}:
                self.items.pop(key, None)
            case _:
                raise AssertionError(f"{next(iter(write))} is not known here")

    def _holds(self, one: Item, key: Key) -> bool:
        found = self.items.get(key)
        match one.get("ConditionExpression"):
            case None:
                return True
            case "attribute_not_exists(pk)":
                return found is None
            case "version = :version":
                wanted = one["ExpressionAttributeValues"][":version"]
                return found is not None and found.get("version") == wanted
        raise AssertionError("the condition is not known here")


def cancelled(codes: list[str]) -> TransactionCanceledException:
    """Return what is raised for a transaction's reasons, one for each of its writes."""
    answer: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "no"},
                   "CancellationReasons": [{"Code": code} for code in codes]}  # fmt: skip
    return TransactionCanceledException(answer, "TransactWriteItems")


def keys_of(writes: list[Item]) -> list[Key]:
    """Return the keys of a transaction's writes."""
    return [_key(one.get("Item") or one["Key"]) for write in writes for one in write.values()]


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _bounds(expression: str, values: Item) -> tuple[str, str]:
    after = "\x00"  # what comes right after a text, in order
    match expression:
        case "pk = :pk AND sk < :until":
            return "", values[":until"]["S"]
        case "pk = :pk AND sk BETWEEN :since AND :until":
            return values[":since"]["S"], values[":until"]["S"] + after
    raise AssertionError("the query is not known here")
