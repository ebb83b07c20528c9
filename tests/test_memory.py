"""The table in memory answers as the emulator does, whatever is asked of it."""

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.shelf import paged, put
from ops.emulator import Emulator
from tests.counter import TABLE, create
from tests.memory import Memory
from tests.simulation.points.table import Table
from tests.world import _accounts


def key(pk: str, sk: str) -> Any:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def write(chance: random.Random) -> Any:
    item = key(chance.choice("ab"), f"entry#{chance.randrange(12):02}")
    if chance.random() < 0.2:
        return {"Delete": {"TableName": TABLE, "Key": item}}
    full = item | {"version": {"N": str(chance.randrange(3))}, "x": {"S": str(chance.random())}}
    kind = chance.random()
    version = chance.randrange(3) if kind < 0.3 else None
    return put(TABLE, full, version, new=kind > 0.7)


def outcome(client: Any, writes: list[Any]) -> Any:
    try:
        client.transact_write_items(TransactItems=writes)
    except client.exceptions.TransactionCanceledException as fault:
        return [one["Code"] for one in fault.response["CancellationReasons"]]
    except ClientError as fault:
        return fault.response["Error"]["Code"]
    return "done"


def contents(client: Any) -> Any:
    found = []
    for pk in "ab":
        for order in (True, False):
            query = {
                "TableName": TABLE, "ConsistentRead": True, "ScanIndexForward": order, "Limit": 3,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :since AND :until",
                "ExpressionAttributeValues": {
                    ":pk": {"S": pk}, ":since": {"S": "entry#02"}, ":until": {"S": "entry#09"},
                },
            }  # fmt: skip
            found.append(list(paged(client, query)))
        before = {
            "TableName": TABLE, "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND sk < :until",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":until": {"S": "entry#05"}},
        }  # fmt: skip
        found.append(list(paged(client, before)))
        found.append(
            client.get_item(
                TableName=TABLE, Key=key(pk, "entry#03"), ConsistentRead=True
            ).get("Item")
        )  # fmt: skip
    return found


@pytest.mark.emulator
@pytest.mark.parametrize("memory", [Memory(), Table(lambda: 0, tokens=True)], ids=["one", "many"])
def test_the_table_in_memory_is_as_strict_as_the_real_one(
    emulator: Emulator, memory: Memory
) -> None:
    real = emulator.client("dynamodb", str(next(_accounts)))
    create(real)
    chance = random.Random(7)
    seen = set()
    for step in range(250):
        writes = [write(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        said = outcome(memory, writes)
        assert outcome(real, writes) == said, step
        seen.add(said if isinstance(said, str) else "refused")
        if step % 25 == 0:
            assert contents(real) == contents(memory)
    assert contents(real) == contents(memory)
    assert seen == {"done", "refused", "ValidationException"}
    for count, said in ((100, "done"), (101, "ValidationException")):
        many = [put(TABLE, key("c", str(number))) for number in range(count)]
        assert outcome(memory, many) == outcome(real, many) == said
