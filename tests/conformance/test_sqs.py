"""SQS: visibility, receive counts, receipts, dead-letter queues, batches, FIFO."""

import json
from typing import Any

import pytest

from tests.conformance.aws import Aws, outcome


def sent(aws: Aws, url: str, body: str = "hello", **more: Any) -> str:
    identity: str = aws.sqs.send_message(QueueUrl=url, MessageBody=body, **more)["MessageId"]
    return identity


def test_a_message_hides_and_comes_again_when_its_time_is_over(aws: Aws) -> None:
    url = aws.queue("q", VisibilityTimeout="1")
    identity = sent(aws, url)
    (first,) = aws.awaited(url)
    (second,) = aws.awaited(url)
    assert first["MessageId"] == second["MessageId"] == identity
    assert first["ReceiptHandle"] != second["ReceiptHandle"]
    counts = [one["Attributes"]["ApproximateReceiveCount"] for one in (first, second)]
    assert counts == ["1", "2"]
    assert first["Attributes"]["SentTimestamp"] == second["Attributes"]["SentTimestamp"]


def test_a_message_in_flight_is_not_seen(aws: Aws) -> None:
    url = aws.queue("q")
    sent(aws, url)
    aws.awaited(url)
    assert aws.receive(url) == []


def test_visibility_can_be_ended_and_prolonged(aws: Aws) -> None:
    url = aws.queue("q", VisibilityTimeout="1")
    sent(aws, url)
    (first,) = aws.awaited(url)
    assert aws.show(url, first)["Successful"] == [{"Id": "0"}]
    (second,) = aws.receive(url)
    aws.show(url, second, 600)
    aws.passes(1.5)
    assert aws.receive(url) == []


def test_the_visibility_of_what_was_deleted_cannot_be_changed(aws: Aws) -> None:
    url = aws.queue("q")
    sent(aws, url)
    (found,) = aws.awaited(url)
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    answer = aws.show(url, found, 10)
    assert [entry["Id"] for entry in answer["Failed"]] == ["0"]
    assert not answer.get("Successful")


def test_an_earlier_receipt_changes_no_visibility(aws: Aws) -> None:
    url = aws.queue("q")
    sent(aws, url)
    (first,) = aws.awaited(url)
    aws.show(url, first)
    aws.awaited(url)
    assert [entry["Id"] for entry in aws.show(url, first)["Failed"]] == ["0"]
    assert aws.receive(url) == []


def test_what_is_deleted_is_gone(aws: Aws) -> None:
    url = aws.queue("q")
    for body in "abc":
        sent(aws, url, body)
    found = aws.awaited(url, 3)
    entries = [
        {"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]}
        for place, one in enumerate(found)
        if one["Body"] != "b"
    ]
    answer = aws.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [e["Id"] for e in entries]
    assert not answer.get("Failed")
    for one in found:
        if one["Body"] == "b":
            aws.show(url, one)
    assert [one["Body"] for one in aws.receive(url)] == ["b"]


def test_deleting_with_the_receipt_of_an_earlier_receive(aws: Aws) -> None:
    url = aws.queue("q")
    sent(aws, url)
    (first,) = aws.awaited(url)
    aws.show(url, first)
    (second,) = aws.receive(url)
    said = outcome(aws.sqs.delete_message, QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    aws.show(url, second)
    left = len(aws.receive(url))
    assert left == 1
    said += ", nothing deleted" if said == "accepted" else ""
    assert said == aws.expected("delete with the receipt of an earlier receive")


def test_deleting_twice(aws: Aws) -> None:
    url = aws.queue("q")
    sent(aws, url)
    (found,) = aws.awaited(url)
    arguments = {"QueueUrl": url, "ReceiptHandle": found["ReceiptHandle"]}
    assert outcome(aws.sqs.delete_message, **arguments) == "accepted"
    assert outcome(aws.sqs.delete_message, **arguments) == aws.expected("delete twice")


def test_a_message_received_too_often_goes_to_the_dead_letters_as_it_was(aws: Aws) -> None:
    dead = aws.queue("dead")
    policy = {"deadLetterTargetArn": aws.arn("dead"), "maxReceiveCount": 2}
    url = aws.queue("q", RedrivePolicy=json.dumps(policy))
    attributes = {"merchant": {"DataType": "String", "StringValue": "shop"}}
    identity = sent(aws, url, MessageAttributes=attributes)
    for count in ("1", "2"):
        (found,) = aws.awaited(url)
        assert found["Attributes"]["ApproximateReceiveCount"] == count
        assert aws.receive(dead) == []
        aws.show(url, found)
    assert aws.receive(url) == []
    (buried,) = aws.awaited(dead)
    assert (buried["MessageId"], buried["Body"]) == (identity, "hello")
    assert buried["MessageAttributes"]["merchant"]["StringValue"] == "shop"
    assert buried["Attributes"]["SentTimestamp"] == found["Attributes"]["SentTimestamp"]


def _entries(*ids: str, body: str = "x") -> list[dict[str, Any]]:
    return [{"Id": identity, "MessageBody": body} for identity in ids]


def test_a_batch_is_answered_by_its_ids(aws: Aws) -> None:
    url = aws.queue("q")
    answer = aws.sqs.send_message_batch(QueueUrl=url, Entries=_entries("7", "a"))
    assert [entry["Id"] for entry in answer["Successful"]] == ["7", "a"]
    assert not answer.get("Failed")
    assert {one["MessageId"] for one in aws.awaited(url, 2)} == {
        entry["MessageId"] for entry in answer["Successful"]
    }


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ((), "EmptyBatchRequest"),
        (tuple(map(str, range(11))), "TooManyEntriesInBatchRequest"),
        (("a", "a"), "BatchEntryIdsNotDistinct"),
    ],
    ids=["empty", "eleven", "twice"],
)
def test_a_batch_that_is_refused_as_a_whole(aws: Aws, ids: tuple[str, ...], code: str) -> None:
    url = aws.queue("q")
    said = outcome(aws.sqs.send_message_batch, QueueUrl=url, Entries=_entries(*ids))
    assert said == code
    assert aws.receive(url) == []


def test_a_batch_of_more_than_a_mebibyte_is_refused_as_a_whole(aws: Aws) -> None:
    url = aws.queue("q")
    entries = _entries("0", "1", body="x" * 524_288)
    assert outcome(aws.sqs.send_message_batch, QueueUrl=url, Entries=entries) == "accepted"
    entries += _entries("2")
    said = outcome(aws.sqs.send_message_batch, QueueUrl=url, Entries=entries)
    assert said == "BatchRequestTooLong"


def test_a_missing_queue(aws: Aws) -> None:
    url = aws.queue("q").removesuffix("q") + "missing"
    said = outcome(aws.sqs.send_message, QueueUrl=url, MessageBody="x")
    assert said in {"NonExistentQueue", "QueueDoesNotExist"}


def test_a_fifo_queue_takes_one_id_once(aws: Aws) -> None:
    url = aws.queue("q.fifo", FifoQueue="true")
    more = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    identity = sent(aws, url, "first", **more)
    assert sent(aws, url, "second", **more) == identity
    (found,) = aws.awaited(url)
    assert found["Body"] == "first"
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    sent(aws, url, "third", **more)
    assert aws.receive(url) == []
    if aws.name == "models":  # the embedded AWS has no clock to set
        aws.passes(301)
        sent(aws, url, "fourth", **more)
        assert [one["Body"] for one in aws.receive(url)] == ["fourth"]


def test_a_fifo_group_waits_for_what_is_in_flight(aws: Aws) -> None:
    url = aws.queue("q.fifo", FifoQueue="true")
    for place, group in enumerate("aab"):
        sent(aws, url, f"{group}{place}", MessageGroupId=group, MessageDeduplicationId=str(place))
    answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    (first,) = answer["Messages"]
    assert first["Body"] == "a0"
    assert [one["Body"] for one in aws.receive(url)] == ["b2"]
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert [one["Body"] for one in aws.receive(url)] == ["a1"]
