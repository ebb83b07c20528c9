"""What an operator is told of one transaction."""

import json
import time

import pytest

from chalicelib.adapters import square
from chalicelib.claims import Claim
from chalicelib.errors import Code, Rejected
from chalicelib.model import Merchant, Transaction
from chalicelib.publish import event
from chalicelib.reading import read
from chalicelib.table import Table
from ops import aws
from ops.tills import Sale, square_payment
from tests.operator import STAGE, Operator

BATCH = "b" * 32
WRITTEN = 1_795_000_000_000
ID = "payment:PAY000000001"
HOUR_MS = 3_600_000


def sale() -> Transaction:
    [found] = read(square_payment(Sale(1, 100)), Merchant("harbour-coffee", square.adapt))
    assert isinstance(found, Transaction)
    return found


@pytest.fixture
def table(operator: Operator) -> Table:
    assert operator.url("harbour-coffee")
    return Table(aws.client("dynamodb"), f"tillbridge-{STAGE}")


def claim(table: Table, lease_until: int = 0) -> None:
    found = event(sale())
    table.put(Claim(found.key, BATCH, 7, found.fingerprint, lease_until), WRITTEN)


def told(operator: Operator) -> str:
    status, printed = operator.run("trace", "harbour-coffee", ID, "--stage", STAGE)
    assert status == 0
    return printed


def test_what_was_published_is_told_with_its_event_and_its_times(
    operator: Operator, table: Table
) -> None:
    claim(table)
    table.put_marker(f"harbour-coffee#batch#{BATCH}", {}, WRITTEN + 2_000)
    printed = told(operator)
    assert "state published and committed" in printed
    assert f"event id {event(sale()).id}" in printed
    assert "claimed 2026-11-18 11:06:40 UTC" in printed
    assert "committed 2026-11-18 11:06:42 UTC" in printed
    assert "revision 7" in printed
    assert "no line in /aws/lambda/tillbridge-dev-harbour_coffee" in printed


def test_what_is_in_work_and_what_was_left_are_told_apart(operator: Operator, table: Table) -> None:
    claim(table, int(time.time() * 1000) + HOUR_MS)
    assert "state in work: claimed until" in told(operator)
    key = event(sale()).key
    aws.client("dynamodb").delete_item(TableName=f"tillbridge-{STAGE}", Key={"pk": {"S": key}})
    claim(table, 1)
    assert "state claimed and not committed" in told(operator)


def test_what_is_owed_to_a_destination_is_told(operator: Operator, table: Table) -> None:
    claim(table)
    owed = {event(sale()).key: ["tillbridge-dev-ledger"]}
    table.put_marker(f"harbour-coffee#batch#{BATCH}", owed, WRITTEN)
    printed = told(operator)
    assert "state refused by a destination" in printed
    assert "owed to tillbridge-dev-ledger" in printed


def test_the_invocation_is_found_by_the_batch_in_its_log(operator: Operator, table: Table) -> None:
    claim(table)
    logs, group = aws.client("logs"), "/aws/lambda/tillbridge-dev-harbour_coffee"
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    lines = ["START", json.dumps({"request_id": "r-9", "batches": [BATCH]})]
    events = [{"timestamp": WRITTEN, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert "invocation r-9 at 2026-11-18 11:06:40 UTC" in told(operator)


def test_quarantine_is_searched_as_well(operator: Operator, table: Table) -> None:
    claim(table)
    operator.set_aside("harbour-coffee", "{}", Rejected(Code.CONFLICT, "x", subject=ID))
    operator.set_aside("harbour-coffee", "{}", Rejected(Code.EMPTY, "x"))
    assert "quarantine named in" in told(operator)


def test_an_unknown_transaction_is_said_to_be_so_with_what_may_be_wrong(operator: Operator) -> None:
    status, printed = operator.run("trace", "harbour-coffee", "PAY1", "--stage", STAGE)
    assert status == 1
    assert "Nothing is known of PAY1" in printed
    assert "prefix and all" in printed
