"""SNS: batches to queues, raw, with attributes; sizes; FIFO."""

from typing import Any

import pytest

from tests.conformance.aws import Aws, outcome

ATTRIBUTES = {"merchant": {"DataType": "String", "StringValue": "shop"}}


def _entries(*ids: str, text: str = "hello", **more: Any) -> list[dict[str, Any]]:
    return [
        {"Id": identity, "Message": text, "MessageAttributes": ATTRIBUTES, **more}
        for identity in ids
    ]


def _said(aws: Aws, topic: str, entries: list[dict[str, Any]]) -> str:
    return outcome(aws.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)


def test_a_batch_reaches_a_queue_raw_with_its_attributes(aws: Aws) -> None:
    url = aws.queue("sink")
    topic = aws.topic("out", "sink")
    answer = aws.sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=_entries("7", "a", text="gr\u00fc\u00dfe \U0001f6d2"),
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["7", "a"]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 2
    assert answer["Failed"] == []
    for found in aws.awaited(url, 2):
        assert found["Body"] == "gr\u00fc\u00dfe \U0001f6d2"
        assert found["MessageAttributes"]["merchant"]["StringValue"] == "shop"
        assert found["MessageAttributes"]["merchant"]["DataType"] == "String"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (tuple(map(str, range(11))), "TooManyEntriesInBatchRequest"),
        (("a", "a"), "BatchEntryIdsNotDistinct"),
    ],
    ids=["eleven", "twice"],
)
def test_a_batch_that_is_refused_as_a_whole(aws: Aws, ids: tuple[str, ...], code: str) -> None:
    url = aws.queue("sink")
    assert _said(aws, aws.topic("out", "sink"), _entries(*ids)) == code
    assert aws.receive(url) == []


def test_an_empty_batch(aws: Aws) -> None:
    aws.queue("sink")
    assert _said(aws, aws.topic("out", "sink"), []) == aws.expected("publish an empty batch")


def test_a_batch_of_more_than_256_kibibytes(aws: Aws) -> None:
    aws.queue("sink")
    topic = aws.topic("out", "sink")
    attributes = len("merchant") + len("String") + len("shop")
    half = "x" * (128 * 1024 - attributes)
    assert _said(aws, topic, _entries("0", "1", text=half)) == "accepted"
    said = _said(aws, topic, _entries("0", "1", text=half + "x"))
    assert said == aws.expected("publish a batch of more than 256 KiB")


def test_a_batch_with_one_empty_message(aws: Aws) -> None:
    aws.queue("sink")
    topic = aws.topic("out", "sink")
    entries = _entries("0", "1")
    entries[1]["Message"] = ""
    answer = aws.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    failed = [entry["Id"] for entry in answer.get("Failed", [])]
    said = "that one fails" if failed == ["1"] else "all are taken" if not failed else str(failed)
    assert said == aws.expected("publish a batch with one empty message")


def test_a_missing_topic(aws: Aws) -> None:
    aws.queue("sink")
    topic = aws.topic("out", "sink").removesuffix("out") + "missing"
    assert _said(aws, topic, _entries("0")) == "NotFound"


@pytest.mark.parametrize("sink", ["sink.fifo", "sink"])
def test_a_fifo_topic_takes_one_id_once(aws: Aws, sink: str) -> None:
    url = aws.queue(sink, **({"FifoQueue": "true"} if sink.endswith("fifo") else {}))
    topic = aws.topic("out.fifo", sink)
    more = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    for text in ("first", "second"):
        answer = aws.sns.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=_entries("0", text=text, **more)
        )
        assert [entry["Id"] for entry in answer["Successful"]] == ["0"]
    (found,) = aws.awaited(url)
    assert found["Body"] == "first"
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    assert aws.receive(url) == []
