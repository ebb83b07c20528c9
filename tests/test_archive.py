"""What was published once can be published again, to whoever comes later, under the same ids."""

import json
from typing import Any

import pytest

from chalicelib import archive
from chalicelib.adapters import square
from chalicelib.model import Merchant, Transaction
from chalicelib.publish import Event, event, restored
from chalicelib.reading import read
from ops import aws
from ops.tills import Sale, square_payment
from tests.operator import STAGE, Operator

SENT = 1_795_000_000_000  # 2026-11-18 11:06:40 UTC
REPLAY = ("replay", "--stage", STAGE, "--from", "2026-11-18", "--to-day", "2026-11-18")


def sold(number: int, merchant: str = "harbour-coffee") -> Event:
    [found] = read(square_payment(Sale(number, 100)), Merchant(merchant, square.adapt))
    assert isinstance(found, Transaction)
    return event(found)


def batch(*events: Event, sent: int = SENT) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{one.id}-{at}", "body": one.body,
             "attributes": {"SentTimestamp": str(sent + at)}}
            for at, one in enumerate(events)
        ]
    }  # fmt: skip


@pytest.fixture
def bucket(operator: Operator) -> str:
    assert operator.url("archive")
    region, account = aws.place().split(":")
    return f"tillbridge-{STAGE}-archive-{account}-{region}"


def keep(bucket: str, *events: Event, sent: int = SENT) -> None:
    archive.keep(aws.client("s3"), bucket, batch(*events, sent=sent))


def test_an_event_is_restored_as_it_left() -> None:
    left = sold(1)
    found = restored(left.body)
    assert (found.id, found.key, found.subject, found.revision, found.body, found.attributes) == (
        left.id, left.key, left.subject, left.revision, left.body, left.attributes,
    )  # fmt: skip


def test_a_batch_that_comes_again_is_the_same_object(bucket: str) -> None:
    for _ in range(2):
        keep(bucket, sold(1), sold(2))
    answer = aws.client("s3").list_objects_v2(Bucket=bucket)
    [key] = [one["Key"] for one in answer["Contents"]]
    assert key.startswith("events/2026/11/18/11/")


def test_a_replay_sends_each_event_once_as_it_was(operator: Operator, bucket: str) -> None:
    keep(bucket, sold(1), sold(2), sold(1))
    keep(bucket, sold(2), sold(3), sent=SENT + 3_600_000)
    keep(bucket, sold(4), sent=SENT + 24 * 3_600_000)  # another day
    status, printed = operator.run(*REPLAY, "--dry-run", "ledger")
    assert (status, "3 events would be sent" in printed) == (0, True)
    assert operator.messages("ledger") == []
    status, printed = operator.run(*REPLAY, "ledger")
    assert (status, "3 events sent to arn:aws:sqs" in printed) == (0, True)
    got = operator.messages("ledger")
    assert sorted(json.loads(one["Body"])["id"] for one in got) == sorted(
        sold(number).id for number in (1, 2, 3)
    )
    told = {name: one["StringValue"] for name, one in got[0]["MessageAttributes"].items()}
    assert told["merchant"] == "harbour-coffee"
    assert told["type"] == "tillbridge.transaction.v1"


def test_a_replay_may_be_of_one_merchant(operator: Operator, bucket: str) -> None:
    keep(bucket, sold(1), sold(2, "nordmarkt"))
    operator.run(*REPLAY, "--merchant", "nordmarkt", "ledger")
    assert [one["data"]["merchant"] for one in operator.bodies("ledger")] == ["nordmarkt"]


def test_what_the_destination_refuses_is_said(operator: Operator, bucket: str) -> None:
    keep(bucket, sold(1))
    status, printed = operator.run(*REPLAY, "no-such-queue")
    assert (status, "1 were refused" in printed) == (1, True)


def test_a_stage_without_an_archive_is_said_so(operator: Operator) -> None:
    status, printed = operator.run("replay", "--stage", "nowhere", "--from", "2026-11-18", "x")
    assert (status, "is stage nowhere deployed?" in printed) == (2, True)
