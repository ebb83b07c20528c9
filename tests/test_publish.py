"""What leaves: one CloudEvents event a transaction, in calls that SNS and SQS take."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.calls import queue_url
from chalicelib.errors import Code
from chalicelib.model import Customer, Line, Transaction
from chalicelib.publish import Destination, Event, Publisher, event

TOPIC = "arn:aws:sns:us-east-1:000000000000:out"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:ledger"


def sale(identity: str = "1", **fields: Any) -> Transaction:
    return Transaction.model_validate(
        {
            "merchant": "shop", "vendor": "square", "id": identity, "kind": "sale",
            "occurred_at": "2026-11-23T10:00:00.123000+01:00", "currency": "EUR", "exponent": 2,
            "total": 100, **fields,
        }
    )  # fmt: skip


def sized(size: int, identity: str = "1") -> Event:
    """An event of exactly that many bytes."""
    bare = event(sale(identity, channel="")).size
    found = event(sale(identity, channel="x" * (size - bare)))
    assert found.size == size
    return found


@dataclass
class Client:
    """Records batch calls, and answers that it took each entry but the refused."""

    refused: tuple[str, ...] = ()
    calls: list[dict[str, Any]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(endpoint_url="http://sqs"))

    def publish_batch(self, **call: Any) -> dict[str, Any]:
        return self._taken(call, call["PublishBatchRequestEntries"])

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        return self._taken(call, call["Entries"])

    def _taken(self, call: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(call)
        taken = [entry["Id"] for entry in entries if entry["Id"] not in self.refused]
        return {"Successful": [{"Id": place} for place in taken]}


def publish(client: Client, arns: tuple[str, ...], *found: Event, **how: Any) -> Any:
    made = Publisher([Destination(arn) for arn in arns], client, client)  # type: ignore[arg-type]
    return made.publish([(one, how.get("owed", ())) for one in found])


def sizes(client: Client) -> list[int]:
    return [len(c.get("Entries") or c["PublishBatchRequestEntries"]) for c in client.calls]


def test_an_event_is_cloudevents_and_holds_the_transaction() -> None:
    found = sale(lines=(Line(number=1, total=100, description="Crème brûlée \u2028"),))
    read = JSONFormat().read(CloudEvent, event(found).body)
    assert read.get_specversion() == "1.0"
    assert read.get_type() == "tillbridge.transaction.v1"
    assert read.get_source() == "/tillbridge/shop/square"
    assert read.get_subject() == "1"
    assert read.get_datacontenttype() == "application/json"
    time = read.get_time()
    assert time
    assert time.isoformat() == found.occurred_at
    assert Transaction.model_validate_json(json.dumps(read.get_data())) == found


@given(st.text(min_size=1, max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_leaves_as_cloudevents(identity: str, description: str) -> None:
    line = Line(number=1, total=1, description=description)
    found = sale().model_copy(update={"id": identity, "lines": (line,)})
    read = JSONFormat().read(CloudEvent, event(found).body.encode())
    assert read.get_subject() == identity
    assert read.get_data()["lines"][0]["description"] == description  # type: ignore[index,call-overload]


def test_the_id_is_of_the_content_and_not_of_the_revision() -> None:
    first = event(sale(revision=1))
    assert event(sale(revision=2)).id == first.id
    assert event(sale(revision=1, discrepancies=("x",))).id == first.id
    assert event(sale()).revision == 0
    assert first.revision == 1


@pytest.mark.parametrize(
    "other",
    [
        {"total": 101}, {"identity": "2"}, {"merchant": "other"}, {"vendor": "other"},
        {"kind": "return"}, {"currency": "USD"}, {"occurred_at": "2026-11-23T10:00:00+01:00"},
        {"customer": Customer(id="c")}, {"lines": (Line(number=1, total=100),)},
        {"merchant": "shop#claim", "vendor": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_other_content_has_another_id(other: dict[str, Any]) -> None:
    assert event(sale(**other)).id != event(sale()).id


def test_attributes_to_filter_by_are_there_and_never_empty() -> None:
    assert dict(event(sale(store_id="s1")).attributes) == {
        "merchant": "shop", "vendor": "square", "kind": "sale", "store_id": "s1", "currency": "EUR",
        "type": "tillbridge.transaction.v1",
    }  # fmt: skip
    assert "store_id" not in dict(event(sale()).attributes)


def test_what_is_not_known_is_left_out() -> None:
    assert "customer" not in json.loads(event(sale()).body)["data"]


def test_size_counts_bytes_of_body_and_attributes() -> None:
    found = event(sale(store_id="é"))
    counted = sum(len(f"{name}String{value}".encode()) for name, value in found.attributes)
    assert found.size == len(found.body.encode()) + counted
    assert event(sale(channel="é")).size == event(sale(channel="e")).size + 1


def test_calls_have_ten_events_at_most() -> None:
    client = Client()
    found = [event(sale(str(number))) for number in range(25)]
    assert publish(client, (TOPIC,), *found) == {}
    assert sorted(sizes(client)) == [5, 10, 10]


def test_calls_have_so_many_bytes_at_most() -> None:
    client = Client()
    limit = Destination(TOPIC).limit
    found = [sized(limit // 2, "1"), sized(limit // 2, "2"), sized(limit // 2, "3")]
    assert publish(client, (TOPIC,), *found) == {}
    assert sorted(sizes(client)) == [1, 2]
    assert publish(client, (QUEUE,), *found) == {}
    assert sizes(client)[2:] == [3]


@pytest.mark.parametrize(
    ("arns", "size", "refused"),
    [
        ((TOPIC,), 256 * 1024, False),
        ((TOPIC,), 256 * 1024 + 1, True),
        ((QUEUE,), 256 * 1024 + 1, False),
        ((QUEUE,), 1024 * 1024, False),
        ((QUEUE,), 1024 * 1024 + 1, True),
        ((QUEUE, TOPIC), 256 * 1024 + 1, True),
    ],
)
def test_what_some_destination_could_never_take_is_refused(
    arns: tuple[str, ...], size: int, *, refused: bool
) -> None:
    client: Any = Client()
    publisher = Publisher([Destination(arn) for arn in arns], client, client)
    refusal = publisher.refusal(sized(size))
    assert (refusal is not None) == refused
    if refusal:
        assert (refusal.code, refusal.subject) == (Code.TOO_LARGE, "1")


def test_every_destination_gets_every_event_with_its_attributes() -> None:
    client = Client()
    found = event(sale(store_id="s1"))
    assert publish(client, (TOPIC, QUEUE), found) == {}
    attribute = {"DataType": "String", "StringValue": "s1"}
    both = {"topic": client.calls[0], "queue": client.calls[1]}
    if "QueueUrl" in both["topic"]:
        both = {"topic": client.calls[1], "queue": client.calls[0]}
    assert both["topic"]["TopicArn"] == TOPIC
    assert both["queue"]["QueueUrl"] == "http://sqs/000000000000/ledger"
    for [entry] in (both["topic"]["PublishBatchRequestEntries"], both["queue"]["Entries"]):
        assert found.body in {entry.get("Message"), entry.get("MessageBody")}
        assert entry["MessageAttributes"]["store_id"] == attribute
        assert "MessageGroupId" not in entry


def test_an_ordered_destination_gets_its_group_and_what_tells_copies_apart() -> None:
    client = Client()
    publish(
        client,
        (QUEUE + ".fifo",),
        *(event(sale("a", revision=revision, total=total)) for revision, total in [(1, 1), (2, 2)]),
        event(sale("a", revision=3, total=1)),
        event(sale("b")),
    )
    entries = client.calls[0]["Entries"]
    groups = [entry["MessageGroupId"] for entry in entries]
    assert groups[0] == groups[1] == groups[2] != groups[3]
    copies = [entry["MessageDeduplicationId"] for entry in entries]
    assert len(set(copies)) == 4
    assert all(name.isascii() and 1 <= len(name) <= 128 for name in (*groups, *copies))


def test_what_the_answer_does_not_name_was_not_taken() -> None:
    found = [event(sale(str(number))) for number in range(3)]
    refused = publish(Client(refused=("1",)), (TOPIC, QUEUE), *found)
    assert {key: set(arns) for key, arns in refused.items()} == {found[1].key: {TOPIC, QUEUE}}


def test_what_failed_altogether_was_not_taken() -> None:
    client = Client()
    client.publish_batch = lambda **_: {}[0]  # type: ignore[method-assign]
    found = [event(sale(str(number))) for number in range(11)]
    refused = publish(client, (TOPIC, QUEUE), *found)
    assert refused == {one.key: (TOPIC,) for one in found}


def test_only_the_destinations_that_are_owed_an_event_get_it() -> None:
    client = Client()
    assert publish(client, (TOPIC, QUEUE), event(sale()), owed=(QUEUE,)) == {}
    assert [call.get("QueueUrl") for call in client.calls] == ["http://sqs/000000000000/ledger"]


def test_a_destination_named_twice_gets_an_event_once() -> None:
    client = Client()
    publish(client, (TOPIC, TOPIC), event(sale()))
    assert sizes(client) == [1]


def test_a_queues_url_follows_from_its_arn() -> None:
    client: Any = Client()
    assert queue_url(client, QUEUE) == "http://sqs/000000000000/ledger"
