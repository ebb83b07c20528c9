"""Messages, however they were wrapped and packed on their way."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Code, Rejected
from chalicelib.packing import CONTENT_ENCODING, pack
from chalicelib.payload import MAX_BODY
from chalicelib.receive import Message, messages

BODY = '{"id": "1", "name": "Crème brûlée"}'
TOPIC = "arn:aws:sns:us-east-1:000000000000:till"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:in"


def sqs(body: str, encoding: str = "") -> Message:
    record: dict[str, Any] = {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "3"},
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
    }
    if encoding:
        attribute = {"dataType": "String", "stringValue": encoding}
        record["messageAttributes"] = {CONTENT_ENCODING: attribute}
    [found] = messages({"Records": [record]})
    return found


def notice(body: str, encoding: str = "") -> dict[str, Any]:
    """What SNS tells of a message, to Lambda or within the envelope it puts on a queue."""
    found: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "n1",
        "TopicArn": TOPIC,
        "Message": body,
        "Timestamp": "2026-11-23T10:00:00.000Z",
    }
    if encoding:
        found["MessageAttributes"] = {CONTENT_ENCODING: {"Type": "String", "Value": encoding}}
    return found


def sns(body: str, encoding: str = "") -> Message:
    [found] = messages({"Records": [{"EventSource": "aws:sns", "Sns": notice(body, encoding)}]})
    return found


def wrapped(body: str, encoding: str = "") -> Message:
    return sqs(json.dumps(notice(body, encoding)))


WAYS = pytest.mark.parametrize("way", [sqs, sns, wrapped])


def plain(body: bytes) -> str:
    return base64.b64encode(body).decode()


def test_a_queues_message_can_be_acknowledged_and_knows_how_often_it_came() -> None:
    found = sqs(BODY)
    assert found == Message("m1", BODY, source_arn=QUEUE, receive_count=3, receipt="r1")


def test_a_topics_message_cannot_be_acknowledged() -> None:
    assert sns(BODY) == Message("n1", BODY, source_arn=TOPIC, receive_count=1, receipt=None)


def test_every_record_of_an_event_is_a_message() -> None:
    event = {"Records": [{"Sns": notice("1")}, {"Sns": notice("2")}]}
    assert [found.body() for found in messages(event)] == ["1", "2"]


@WAYS
def test_a_body_is_what_the_till_sent_whichever_way_it_came(way: Any) -> None:
    assert way(BODY).body() == BODY


@WAYS
def test_a_packed_body_is_unpacked_whichever_way_it_came(way: Any) -> None:
    body = BODY.encode("shift_jis", "replace")
    assert way(plain(body), "base64").body() == body
    assert way(pack(body), "gzip+base64").body() == body
    assert way(plain(gzip.compress(body)), "gzip+base64").body() == body
    assert way(plain(zlib.compress(body)), "gzip+base64").body() == body


ENCODED = [
    ("not base64!", "base64"),
    ("YWJj\nYWJj", "base64"),
    ("YWJ", "base64"),
    ("\uff41\uff42\uff43", "base64"),
    (plain(b"not gzip"), "gzip+base64"),
    ("", "gzip+base64"),
    (plain(gzip.compress(BODY.encode(), mtime=0)[:-9]), "gzip+base64"),
    (plain(gzip.compress(b"1", mtime=0) + gzip.compress(b"2", mtime=0)), "gzip+base64"),
    (plain(gzip.compress(b"1", mtime=0) + b"more"), "gzip+base64"),
    (BODY, "gzip"),
    (BODY, "BASE64"),
    (BODY, "identity"),
]


@WAYS
@pytest.mark.parametrize(("body", "encoding"), ENCODED)
def test_what_is_not_encoded_as_it_says_is_refused(way: Any, body: str, encoding: str) -> None:
    with pytest.raises(Rejected) as refusal:
        way(body, encoding).body()
    assert refusal.value.code is Code.BAD_ENCODING


def test_a_body_may_unpack_to_the_limit_and_no_further() -> None:
    assert sqs(pack(b"0" * MAX_BODY), "gzip+base64").body() == b"0" * MAX_BODY
    for size in (MAX_BODY + 1, 10 * MAX_BODY):
        with pytest.raises(Rejected) as refusal:
            sqs(pack(b"0" * size), "gzip+base64").body()
        assert refusal.value.code is Code.BODY_TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        notice(BODY) | {"Type": "SubscriptionConfirmation", "x": "Notification"},
        notice(BODY) | {"Message": {"id": 1}},
        notice(BODY) | {"Message": None},
        notice(BODY) | {"TopicArn": None},
        [notice(BODY)],
        {"order": notice(BODY)},
        {"note": '"TopicArn" and "Notification"'},
    ],
)
def test_a_tills_own_body_that_looks_like_an_envelope_stays(body: Any) -> None:
    text = json.dumps(body)
    assert sqs(text).body() == text
    assert sqs(plain(text.encode()), "base64").body() == text.encode()


@pytest.mark.parametrize("body", ['{"TopicArn" "Notification"', '"TopicArn"' * 9, "[" * 100_000])
def test_a_body_that_cannot_be_an_envelope_stays(body: str) -> None:
    assert sqs(body + '"TopicArn" "Notification"').body() == body + '"TopicArn" "Notification"'


@pytest.mark.parametrize("attributes", [None, {}, {CONTENT_ENCODING: None}, {"other": {}}])
def test_an_envelope_without_our_attribute_holds_text(attributes: Any) -> None:
    found = notice(BODY) | {"MessageAttributes": attributes}
    assert sqs(json.dumps(found)).body() == BODY


@given(st.binary(max_size=2000), st.sampled_from([sqs, sns, wrapped]))
@settings(max_examples=200, deadline=None)
def test_what_is_packed_comes_out_as_it_went_in(body: bytes, way: Any) -> None:
    assert way(pack(body), "gzip+base64").body() == body
    assert pack(body) == pack(body)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_through_every_way(body: str) -> None:
    assert sqs(body).body() == sns(body).body() == wrapped(body).body() == body


@pytest.mark.parametrize("attributes", ["gzip", 7, ["ContentEncoding"], {"ContentEncoding": "br"}])
def test_an_envelope_whose_attributes_are_none_is_unwrapped_all_the_same(attributes: Any) -> None:
    envelope = notice(BODY) | {"MessageAttributes": attributes}
    assert sqs(json.dumps(envelope)).body() == BODY
