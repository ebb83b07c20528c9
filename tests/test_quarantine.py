"""Quarantine: what is set aside is masked, whole, and can be read again."""

import base64
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Code, Rejected, Retry
from chalicelib.packing import CONTENT_ENCODING, pack
from chalicelib.quarantine import ATTRIBUTES, LIMIT, Quarantine
from chalicelib.receive import Message
from ops.emulator import Emulator
from tests import faults
from tests.world import World, message

PAN = "4111111111111111"
BAD = Rejected(Code.BAD_SHAPE, "x")


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> World:
    """One for all tests here: each empties the queue that it looks at."""
    return World(emulator)


def put(world: World, sent: Message, *reasons: Rejected, **how: Any) -> dict[str, Any]:
    """Set the message aside; return it as the dead-letter queue delivers it."""
    made = Quarantine(world.sqs, world.arn("dead"), "test-shop", **how)
    made.put(sent, reasons or (BAD,))
    [dead] = world.dead()
    return dead


def attributes(dead: dict[str, Any]) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in dead["MessageAttributes"].items()}


def again(dead: dict[str, Any]) -> bytes | str:
    """Return the body as the path reads it once it was moved back."""
    return Message("m", dead["Body"], attributes(dead).get(CONTENT_ENCODING, "")).body()


def packed(body: bytes) -> Message:
    return message(raw=pack(body), encoding="gzip+base64")


def test_a_body_arrives_as_it_was_but_for_card_data_and_personal_data(world: World) -> None:
    body = '{ "id":"4111111111111111",\r\n\t"note":"card 4111 1111 1111 1111", "email":"a@b.c" , é'
    dead = put(world, message(raw=body))
    assert dead["Body"] == body.replace("4111 1111 1111 1111", "**** **** **** 1111").replace(
        "a@b.c", ""
    )
    assert CONTENT_ENCODING not in attributes(dead)


def test_the_merchants_policy_is_applied(world: World) -> None:
    body = '{"email": "a@b.c"}'
    assert put(world, message(raw=body), policy="keep")["Body"] == body
    hashed = put(world, message(raw=body), policy="hash", key=b"k")["Body"]
    assert json.loads(hashed)["email"].startswith("hmac-sha256:")
    assert put(world, message(raw=hashed), policy="hash", key=b"k")["Body"] == hashed


def test_the_reasons_stand_beside_it(world: World) -> None:
    first = Rejected(Code.BAD_MONEY, "an amount", position=3, subject="order-1")
    second = Rejected(Code.EMPTY, "nothing")
    sent = message(raw="[]", source_arn="arn:aws:sqs:us-east-1:000000000000:in")
    found = attributes(put(world, sent, first, second))
    assert json.loads(found.pop("reasons")) == [
        {"code": "bad_money", "reason": "an amount", "position": 3, "transaction": "order-1"},
        {"code": "empty", "reason": "nothing"},
    ]
    assert found == {
        "merchant": "test-shop",
        "code": "bad_money",
        "rejected": "2",
        "source": sent.source_arn,
        "message_id": sent.id,
    }


def test_reasons_hold_no_card_number(world: World) -> None:
    long = "x" * 190 + PAN
    found = attributes(put(world, message(), *(Rejected(Code.BAD_SHAPE, r) for r in (PAN, long))))
    told = [reason["reason"] for reason in json.loads(found["reasons"])]
    assert told == ["*" * 12 + "1111", "x" * 190 + "*" * 10]


def test_reasons_are_told_as_far_as_there_is_room(world: World) -> None:
    long = [Rejected(Code.BAD_SHAPE, "é" * 300, n, "é" * 256) for n in range(1, 20_000)]
    found = attributes(put(world, message(raw="x"), *long))
    told = json.loads(found["reasons"])
    assert 5 <= len(told) <= 50
    assert [reason["position"] for reason in told] == list(range(1, len(told) + 1))
    assert len(found["reasons"].encode()) < 16 * 1024
    assert found["rejected"] == "19999"
    short = [BAD] * 60
    assert len(json.loads(attributes(put(world, message(raw="x"), *short))["reasons"])) == 50


@pytest.mark.parametrize(
    "body",
    [
        "\x00", "a\x1bb", "\ufffe", "\uffff", "", "x" * (LIMIT - 1),
        json.dumps(["é"] * 200_000, ensure_ascii=False),
    ],
    ids=lambda body: repr(body)[:10],
)  # fmt: skip
def test_what_sqs_does_not_carry_is_packed_and_read_again(world: World, body: str) -> None:
    dead = put(world, packed(body.encode()))
    assert attributes(dead)[CONTENT_ENCODING] == "gzip+base64"
    assert again(dead) == body.encode()


@pytest.mark.parametrize("body", ["\U0001f4b3 \ud7ff\ue000\ufffd\t\r\n", "x", "x" * 1_000_000])
def test_what_sqs_carries_is_not_packed(world: World, body: str) -> None:
    dead = put(world, packed(body.encode()))
    assert dead["Body"] == body
    assert CONTENT_ENCODING not in attributes(dead)


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (b"\xff\xfe\xfa\x00\x80", b"\xff\xfe\xfa\x00\x80"),
        (b'{"a":"\xe9 4111111111111111"}', b'{"a":"\xe9 ************1111"}'),
        ("カード4111111111111111".encode("cp932"), "カード************1111".encode("cp932")),
        (b'<a email="\x82\xa0">\x82\xa0</a>', b'<a email="">\x82\xa0</a>'),
    ],
)
def test_bytes_in_an_unknown_encoding_survive(world: World, body: bytes, masked: bytes) -> None:
    encoded = message(raw=base64.b64encode(body).decode(), encoding="base64")
    assert again(put(world, encoded)) == masked


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis", "utf-8-sig"])
def test_a_body_is_masked_in_the_encoding_that_it_declares(world: World, encoding: str) -> None:
    full = PAN.replace("4", "\uff14").replace("1", "\uff11")
    body = f'<?xml version="1.0" encoding="{encoding}"?><a>あ {PAN} {full}</a>'
    found = again(put(world, packed(body.encode(encoding))))
    text = found.decode(encoding) if isinstance(found, bytes) else found
    left = "*" * 12
    assert text.lstrip("\ufeff").endswith(f"<a>あ {left}1111 {left}\uff11\uff11\uff11\uff11</a>")


def test_a_text_with_half_a_character_survives(world: World) -> None:
    found = again(put(world, message(raw='{"a":"\ud800", "email":"\udc00@x"}'), policy="hash"))
    assert isinstance(found, bytes)
    assert found.decode("utf-8", "surrogatepass").startswith('{"a":"\ud800", "email":"hmac')


@pytest.mark.parametrize("raw", [PAN + " is not base64!", "YWJj\n", "é"])
def test_what_cannot_be_unpacked_stays_as_it_came(world: World, raw: str) -> None:
    dead = put(world, message(raw=raw, encoding="base64"))
    assert dead["Body"] == raw.replace(PAN, "*" * 12 + "1111")
    assert attributes(dead)[CONTENT_ENCODING] == "base64"
    with pytest.raises(Rejected):
        again(dead)


def test_an_envelope_is_taken_off(world: World) -> None:
    envelope = {"Type": "Notification", "TopicArn": "arn:t", "Message": "[1,", "MessageId": "n"}
    assert put(world, message(envelope))["Body"] == "[1,"


def test_a_message_too_long_even_when_packed_is_left(world: World) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(1_500_000))
    made = Quarantine(world.sqs, world.arn("dead"), "test-shop")
    with pytest.raises(Retry):
        made.put(packed(noise), [BAD])
    assert world.dead() == []


def test_the_longest_message_and_its_reasons_fit_into_one_call(world: World) -> None:
    noise = random.Random(1).randbytes(LIMIT)
    reasons = [Rejected(Code.BAD_SHAPE, "é" * 200, n, "é" * 256) for n in range(1, 99)]
    size = (LIMIT - ATTRIBUTES) // 4 * 3 - 400  # base64 takes four bytes for three, gzip some more
    dead = put(world, packed(noise[:size]), *reasons)
    counted = sum(len(f"{n}String{v}".encode()) for n, v in attributes(dead).items())
    assert LIMIT - ATTRIBUTES < len(dead["Body"]) + counted <= LIMIT


def test_an_outage_is_told_to_the_caller(world: World) -> None:
    made = Quarantine(world.sqs, world.arn("dead"), "test-shop")
    with faults.wire(faults.failing("SendMessage")), pytest.raises(ConnectionClosedError):
        made.put(message(raw="x"), [BAD])
    assert world.dead() == []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=50, deadline=None)
def test_any_body_is_set_aside_and_being_set_aside_again_changes_nothing_more(
    world: World, body: bytes
) -> None:
    first = put(world, packed(body))
    sent = Message("m", first["Body"], attributes(first).get(CONTENT_ENCODING, ""))
    second = put(world, replace(sent, source_arn="arn:q"))
    assert again(second) == again(first)
