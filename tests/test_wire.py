"""Faults between the deployed functions and AWS: a few rows of the matrix, and who judges them.

All of the matrix: `python -m tests.prove.wire`.
"""

import json
from urllib.parse import parse_qs, urlencode

import pytest

from ops.emulator import Emulator
from ops.logged import Log
from ops.tills import Sale
from tests.wire.entries import told, without
from tests.wire.judge import Found, miscounted, misdelivered
from tests.wire.matrix import bench, run
from tests.wire.rows import FAST, QUICK, SLOW_ROWS, Row


@pytest.mark.emulator
def test_faults_on_the_wire_lose_nothing_and_copy_nothing(emulator: Emulator) -> None:
    with bench(emulator, "wire", len(QUICK)) as on:
        results = list(run(on, [(row,) for row in QUICK]))
    assert [(result.found.row.name, result.broken) for result in results if result.broken] == []
    assert len(results) == len(QUICK)
    assert all(sum(result.found.fired) for result in results)


def test_the_matrix_has_rows_enough_and_none_twice() -> None:
    names = [row.name for row in (*FAST, *SLOW_ROWS)]
    assert len(set(names)) == len(names) >= 20


def found(**more: object) -> Found:
    """What would be found if all went well."""
    events = [
        {"subject": f"payment:PAY{number:09}", "id": f"event-{number}", "data": {"total": 100}}
        for number in (1, 2)
    ]
    told = {"a": {"in": 2, "published": 2, "left": 0, "conserved": True}}
    sales = [Sale(1, 100), Sale(2, 100)]
    good = {"sent": 2, "fired": [1], "arrived": {"rewards": events}, "log": Log({"a"}, told)}
    return Found(Row("a row", ()), "shop", sales, **(good | more))


def delivered(judged: Found, window: int = 0) -> str:
    return "; ".join(misdelivered(judged, judged.arrived["rewards"], window))


def test_what_went_well_passes() -> None:
    assert delivered(found()) == ""
    assert list(miscounted(found())) == []


def test_a_lost_sale_is_noticed() -> None:
    judged = found()
    judged.arrived["rewards"].pop()
    assert delivered(judged, 2) == "1 of 2 were lost"


def test_a_copy_is_noticed_but_where_the_fault_allows_it() -> None:
    judged = found()
    judged.arrived["rewards"].append(judged.arrived["rewards"][0])
    assert delivered(judged) == "1 came twice"
    assert delivered(judged, 2) == ""


def test_more_copies_than_faults_are_noticed() -> None:
    judged = found()
    judged.arrived["rewards"] += judged.arrived["rewards"] * 2
    assert delivered(judged, 2) == "4 came twice"


def test_a_copy_under_another_id_is_noticed() -> None:
    judged = found()
    judged.arrived["rewards"].append(judged.arrived["rewards"][0] | {"id": "another"})
    assert "different event ids" in delivered(judged, 2)


def test_another_amount_is_noticed() -> None:
    judged = found()
    judged.arrived["rewards"][0]["data"]["total"] = 99
    assert "nobody sent" in delivered(judged)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"conserved": False}, "don't add up"),
        ({"left": 1}, "2 were sent, 1 are logged as ended"),
        ({"published": 3}, "3 were counted as published"),
    ],
)
def test_counts_that_are_off_are_noticed(line: dict[str, int], text: str) -> None:
    judged = found()
    judged.log.told["a"] |= line
    assert text in "; ".join(miscounted(judged))


def test_a_statement_that_fails_is_not_applied_and_is_told_in_its_place() -> None:
    call = json.dumps({"Statements": [{"Statement": str(at)} for at in range(3)]}).encode()
    body, gone = without("BatchExecuteStatement", call, (1,))
    assert [one["Statement"] for one in json.loads(body)["Statements"]] == ["0", "2"]
    answer = told("BatchExecuteStatement", b'{"Responses": [{}, {}]}', gone, "ThrottlingError")
    codes = [one.get("Error", {}).get("Code") for one in json.loads(answer)["Responses"]]
    assert codes == [None, "ThrottlingError", None]


def test_a_queue_entry_that_fails_is_told_beside_the_others() -> None:
    call = json.dumps({"Entries": [{"Id": "a"}, {"Id": "b"}]}).encode()
    body, gone = without("SendMessageBatch", call, (0,))
    assert json.loads(body)["Entries"] == [{"Id": "b"}]
    answer = json.loads(told("SendMessageBatch", b'{"Successful": [{"Id": "b"}]}', gone, "Oops"))
    assert answer["Successful"] == [{"Id": "b"}]
    assert answer["Failed"] == [{"Id": "a", "Code": "Oops", "SenderFault": False}]


def test_a_topic_entry_that_fails_is_taken_out_and_the_others_numbered_anew() -> None:
    name = "PublishBatchRequestEntries.member"
    call = {"Action": "PublishBatch", f"{name}.1.Id": "a", f"{name}.2.Id": "b"}
    body, gone = without("PublishBatch", urlencode(call).encode(), (0,))
    assert parse_qs(body.decode()) == {"Action": ["PublishBatch"], f"{name}.1.Id": ["b"]}
    answer = told("PublishBatch", b"<PublishBatchResult><Failed/></PublishBatchResult>", gone, "X")
    assert answer.count(b"<Failed>") == 1
    assert b"<Id>a</Id><Code>X</Code>" in answer


def test_a_call_whose_entries_all_fail_is_not_sent_on() -> None:
    call = json.dumps({"Entries": [{"Id": "a"}]}).encode()
    assert without("SendMessageBatch", call, (0,)) == (b"", ["a"])
    assert json.loads(told("SendMessageBatch", b"", ["a"], "X"))["Successful"] == []
    assert b"<Id>a</Id>" in told("PublishBatch", b"", ["a"], "X")
