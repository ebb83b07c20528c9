"""The benchmark compares like with like: every variant publishes the same transactions."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import bound, naive, ours, place, plain, till
from benchmarks.meter import Meter
from benchmarks.statistic import Figure, sample
from chalicelib import clients, publish, wiring
from ops.emulator import Emulator

NUMBERS = range(1, 11)
SINK = f"arn:aws:sqs:{till.REGION}:{till.ACCOUNT}:bench-out"


@pytest.fixture
def stage(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("STAGE", "bench")
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    caches = (clients.client, clients._session, wiring.pipeline, place.client, place.session)
    for one in caches:
        one.cache_clear()
    place.create(emulator.client)
    url = emulator.client("sqs").create_queue(QueueName="bench-out")["QueueUrl"]
    emulator.client("sns").subscribe(
        TopicArn=place.topic(), Protocol="sqs", Endpoint=SINK,
        Attributes={"RawMessageDelivery": "true"},
    )  # fmt: skip
    yield url
    for one in caches:
        one.cache_clear()
    for table in (place.name(), f"{place.name()}-peer"):
        emulator.client("dynamodb").delete_table(TableName=table)
    emulator.client("sqs").delete_queue(QueueUrl=url)


def taken(emulator: Emulator, url: str) -> dict[str, Any]:
    """Return what is in the queue: subject -> the event without its id, and its attributes."""
    sqs, found = emulator.client("sqs"), {}
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            event = json.loads(message["Body"])
            del event["id"]
            found[event["subject"]] = (event, message.get("MessageAttributes"))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_all_variants_publish_the_same(emulator: Emulator, stage: str) -> None:
    told = {}
    for module in (ours, bound, naive):
        module.forget()
        module.handle(till.event(NUMBERS), till.context())
        told[module.__name__] = taken(emulator, stage)
    first, *others = told.values()
    assert len(first) == len(NUMBERS)
    assert all(other == first for other in others)
    assert not any(event["data"]["discrepancies"] for event, _ in first.values())


def test_the_peer_publishes_the_same_where_it_is_installed(emulator: Emulator, stage: str) -> None:
    pytest.importorskip("aws_lambda_powertools", reason="`make bench` installs the peer")
    peer = importlib.import_module("benchmarks.peer")
    for _ in range(2):
        peer.handle(till.event(NUMBERS), till.context())
    found = taken(emulator, stage)
    ours.handle(till.event(NUMBERS), till.context())
    assert found == taken(emulator, stage)


@pytest.mark.usefixtures("stage")
def test_what_ours_costs_is_three_calls_and_eleven_units_and_nothing_when_resent() -> None:
    ours.forget()
    meter = Meter(with_units=True)
    meter.listen(ours.clients())
    event = till.event(NUMBERS)
    new = meter.measured(lambda: ours.handle(event, till.context()))
    assert new["calls"] == 3
    assert 0 < new["units"] <= 11
    again = meter.measured(lambda: ours.handle(event, till.context()))
    assert again["calls"] == 0
    ours.forget()
    elsewhere = meter.measured(lambda: ours.handle(event, till.context()))
    assert 0 < elsewhere["calls"] <= 3


def test_plain_events_have_the_names_of_ours() -> None:
    assert (plain.TYPE, plain.FILTERS) == (publish.TYPE, publish.FILTERS)


def test_the_payload_is_what_is_said_of_it() -> None:
    assert 2_700 < len(till.order(1).encode()) < 3_100


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("<= 3", True),
        ("<= 2.9", False),
        (">= 3", True),
        (">= 3.1", False),
        ("< 3", False),
        ("", None),
    ],
)
def test_a_target_is_reached_by_the_median(target: str, reached: bool | None) -> None:
    assert Figure("any", sample([1, 3, 100]), target).reached is reached
