"""DynamoDB: conditional writes, statements that fail by themselves, consistent reads."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.claims import Claim
from chalicelib.table import KEYS_A_CALL, STATEMENTS_A_CALL, Table, parsed, uncovered
from tests.conformance.aws import TABLE, Aws, outcome

NOW = 1_795_000_000_000


def claim(key: str = "shop#claim#a", batch: str = "one", revision: int = 1, **more: Any) -> Claim:
    return Claim(key, batch, revision, "content", NOW + 60_000, **more)


def table(aws: Aws) -> Table:
    return Table(aws.dynamodb, TABLE)


def standing(aws: Aws, key: str = "shop#claim#a") -> Claim | None:
    item = table(aws).read([key])[key]
    return parsed(item) if item else None


def test_a_put_where_the_key_is_free_is_taken_once(aws: Aws) -> None:
    assert table(aws).put(claim(), NOW) is None
    assert table(aws).put(claim(batch="two"), NOW) == claim()
    assert standing(aws) == claim()


def test_a_refused_put_shows_the_item_only_if_asked(aws: Aws) -> None:
    table(aws).put(claim(), NOW)
    item = {"pk": {"S": "shop#claim#a"}}
    with pytest.raises(aws.dynamodb.exceptions.ConditionalCheckFailedException) as refused:
        aws.dynamodb.put_item(
            TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)"
        )
    assert "Item" not in refused.value.response
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_a_put_without_a_condition_replaces_the_item(aws: Aws) -> None:
    table(aws).put_marker("shop#batch#one", {"a": ["x"], "b": []}, NOW)
    item = table(aws).read(["shop#batch#one"])["shop#batch#one"]
    assert uncovered(item) == {"a": ("x",), "b": ()}
    table(aws).put_marker("shop#batch#one", {}, NOW)
    assert uncovered(table(aws).read(["shop#batch#one"])["shop#batch#one"]) == {}


def test_of_several_inserts_only_the_duplicate_fails(aws: Aws) -> None:
    table(aws).put(claim("shop#claim#b"), NOW)
    wanted = [claim(f"shop#claim#{name}", "two") for name in "abc"]
    codes = table(aws).execute([table(aws).insertion(one, NOW) for one in wanted])
    assert codes == [None, "DuplicateItem", None]
    assert standing(aws, "shop#claim#a") == wanted[0]
    assert standing(aws, "shop#claim#b") == claim("shop#claim#b")
    assert standing(aws, "shop#claim#c") == wanted[2]


def test_an_update_needs_the_batch_and_the_revision_that_were_read(aws: Aws) -> None:
    for name in "abc":
        table(aws).put(claim(f"shop#claim#{name}"), NOW)
    seen = [
        claim("shop#claim#a", batch="other"),
        claim("shop#claim#b", revision=2),
        claim("shop#claim#c"),
    ]
    new = [claim(one.key, "new", 3, owed=("x", "y")) for one in seen]
    codes = table(aws).execute(
        [table(aws).take_over(old, one, NOW) for old, one in zip(seen, new, strict=True)]
    )
    assert codes == ["ConditionalCheckFailed", "ConditionalCheckFailed", None]
    assert standing(aws, "shop#claim#a") == claim("shop#claim#a")
    assert standing(aws, "shop#claim#b") == claim("shop#claim#b")
    assert standing(aws, "shop#claim#c") == new[2]


def test_an_advance_sets_the_revision_alone(aws: Aws) -> None:
    table(aws).put(claim(owed=("x",)), NOW)
    assert table(aws).execute([table(aws).advance(claim(), claim(revision=7))]) == [None]
    assert standing(aws) == claim(revision=7, owed=("x",))


def test_an_update_never_makes_an_item(aws: Aws) -> None:
    statements = [table(aws).take_over(claim(), claim(batch="two"), NOW)]
    assert table(aws).execute(statements) == ["ConditionalCheckFailed"]
    assert standing(aws) is None


def test_errors_stand_inside_an_answer_that_says_200(aws: Aws) -> None:
    table(aws).put(claim(), NOW)
    answer = aws.dynamodb.batch_execute_statement(Statements=[table(aws).insertion(claim(), NOW)])
    (entry,) = answer["Responses"]
    assert entry["Error"]["Code"] == "DuplicateItem"
    assert "Item" not in entry


def test_a_statement_for_a_missing_table_fails_by_itself(aws: Aws) -> None:
    statements = [
        Table(aws.dynamodb, "missing").insertion(claim(), NOW),
        table(aws).insertion(claim(), NOW),
    ]
    assert table(aws).execute(statements) == ["ResourceNotFound", None]


@pytest.mark.parametrize("revision", [0, 1, 1_795_000_000_000, 2**63 - 1, 10**18])
def test_whole_numbers_come_back_as_they_were(aws: Aws, revision: int) -> None:
    table(aws).put(claim(revision=revision), NOW)
    item = table(aws).read(["shop#claim#a"])["shop#claim#a"]
    assert item is not None
    assert item["revision"] == {"N": str(revision)}
    again = claim(batch="two", revision=revision)
    assert table(aws).execute([table(aws).take_over(claim(revision=revision), again, NOW)]) == [
        None
    ]


def test_a_read_leaves_missing_keys_out(aws: Aws) -> None:
    table(aws).put(claim(), NOW)
    answer = aws.dynamodb.batch_get_item(
        RequestItems={
            TABLE: {
                "Keys": [{"pk": {"S": key}} for key in ("shop#claim#a", "no")],
                "ConsistentRead": True,
            }
        }
    )
    assert [item["pk"]["S"] for item in answer["Responses"][TABLE]] == ["shop#claim#a"]
    assert answer["UnprocessedKeys"] == {}
    assert standing(aws, "no") is None


def _statements(aws: Aws, count: int) -> list[dict[str, Any]]:
    return [table(aws).insertion(claim(f"shop#claim#{n}"), NOW) for n in range(count)]


def test_a_call_takes_25_statements(aws: Aws) -> None:
    call = aws.dynamodb.batch_execute_statement
    assert outcome(call, Statements=_statements(aws, STATEMENTS_A_CALL)) == "accepted"
    assert outcome(call, Statements=_statements(aws, STATEMENTS_A_CALL + 1)) == "Validation"


def test_a_call_takes_100_keys_and_each_once(aws: Aws) -> None:
    def read(*keys: str) -> str:
        wanted = {TABLE: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}
        return outcome(aws.dynamodb.batch_get_item, RequestItems=wanted)

    many = [f"key-{number}" for number in range(KEYS_A_CALL + 1)]
    assert read(*many[1:]) == "accepted"
    assert read(*many) == "Validation"
    assert read("twice", "twice") == "Validation"


def test_a_missing_table_is_an_error_of_the_whole_read(aws: Aws) -> None:
    wanted = {"missing": {"Keys": [{"pk": {"S": "a"}}]}}
    assert outcome(aws.dynamodb.batch_get_item, RequestItems=wanted) == "ResourceNotFound"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        Table(aws.dynamodb, "missing").put(claim(), NOW)


def test_an_item_whose_time_is_over_lingers_and_counts(aws: Aws) -> None:
    """It goes at some time; so one of two that were put one right after the other is there yet."""
    long_ago = (int(time.time()) - 500 * 86_400) * 1000

    def lingers(key: str) -> bool:
        table(aws).put(claim(key), long_ago)
        return table(aws).put(claim(key, "two"), NOW) == claim(key)

    assert lingers("shop#claim#a") or lingers("shop#claim#b")
