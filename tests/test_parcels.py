"""Pointers: those of the Extended Client, into the merchant's own part of our own bucket only."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import parcels
from chalicelib.errors import Code, Rejected, Retry
from chalicelib.payload import MAX_BODY
from chalicelib.receive import LONGEST_POINTER, Message, messages
from tests.faults import failing, wire
from tests.world import World, message, sale

MERCHANT = "test-shop"


@pytest.fixture
def bucket(world: World) -> str:
    name = f"inbox-{world.account}"
    world.emulator.client("s3", world.account).create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3(world: World) -> Any:
    return world.emulator.client("s3", world.account)


@pytest.fixture
def fetch(s3: Any, bucket: str) -> Callable[[Message], Message]:
    return lambda one: parcels.fetched(s3, bucket, MERCHANT, one)


def pointing(bucket: object, key: object, kind: str = parcels.CLASS) -> Message:
    return message(raw=json.dumps([kind, {"s3BucketName": bucket, "s3Key": key}]))


def put(s3: Any, bucket: str, key: str, body: bytes) -> Message:
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return pointing(bucket, key)


def refused(fetch: Callable[[Message], Message], one: Message) -> Code:
    with wire() as seen, pytest.raises(Rejected) as caught:
        fetch(one)
    if caught.value.code is Code.FOREIGN_POINTER:
        assert seen.calls == []  # it isn't even asked for
    return caught.value.code


def test_what_was_offloaded_is_fetched_as_it_was(s3: Any, bucket: str, fetch: Any) -> None:
    for body in ("あんパン" * 10, b"\xff\x00 raw"):
        found = parcels.offload(s3, bucket, MERCHANT, body)
        content = body.encode() if isinstance(body, str) else body
        assert fetch(message(raw=found.body)).body() == content
        assert found.attributes == {
            "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(content))}
        }


def test_the_same_body_again_is_the_same_object(s3: Any, bucket: str) -> None:
    one, two = (parcels.offload(s3, bucket, MERCHANT, "x") for _ in "ab")
    assert one == two
    assert one.key.startswith("large/test-shop/")


@pytest.mark.parametrize("kind", [parcels.CLASS, "com.amazon.sqs.javamessaging.MessageS3Pointer"])
def test_both_generations_of_the_extended_client_are_understood(
    s3: Any, bucket: str, fetch: Any, kind: str
) -> None:
    put(s3, bucket, "large/test-shop/one", b"body")
    assert fetch(pointing(bucket, "large/test-shop/one", kind)).body() == b"body"


def test_a_pointer_is_followed_through_a_topics_envelope(s3: Any, bucket: str, fetch: Any) -> None:
    inner = put(s3, bucket, "large/test-shop/one", b"body").raw
    envelope = {"Type": "Notification", "TopicArn": "arn:t", "Message": inner}
    assert fetch(message(raw=json.dumps(envelope))).body() == b"body"


def test_what_lies_in_the_bucket_may_be_packed_as_a_body_may(
    s3: Any, bucket: str, fetch: Any
) -> None:
    one = put(s3, bucket, "large/test-shop/one", b"eyJhIjogMX0=")
    assert fetch(replace(one, encoding="base64")).body() == b'{"a": 1}'


@pytest.mark.parametrize(
    "key",
    [
        "large/other-shop/one", "large/test-shop", "large/test-shop/", "large/test-shop-2/one",
        "large/test-shop/../other-shop/one", "large/test-shop/./one", "large/test-shop//one",
        "/large/test-shop/one", "files/test-shop/one", "results/test-shop/one", "",
        "large/test-shop/a/../../other-shop/one", "LARGE/test-shop/one",
        "large%2Ftest-shop%2Fone",
    ],
)  # fmt: skip
def test_a_pointer_elsewhere_is_never_followed(s3: Any, bucket: str, fetch: Any, key: str) -> None:
    s3.put_object(Bucket=bucket, Key="large/other-shop/one", Body=b"theirs")
    assert refused(fetch, pointing(bucket, key)) is Code.FOREIGN_POINTER


def test_another_bucket_is_never_asked(world: World, s3: Any, bucket: str, fetch: Any) -> None:
    other = f"other-{world.account}"
    s3.create_bucket(Bucket=other)
    assert refused(fetch, put(s3, other, "large/test-shop/one", b"x")) is Code.FOREIGN_POINTER
    for name in (f"{bucket}/", f"{bucket}.", bucket.upper(), f"arn:aws:s3:::{bucket}", ""):
        assert refused(fetch, pointing(name, "large/test-shop/one")) is Code.FOREIGN_POINTER


@pytest.mark.parametrize(
    "rest", [[], [{}], [{"s3BucketName": 1, "s3Key": "k"}], [["a"]], [None], ["x", "y"]]
)
def test_a_broken_pointer_is_refused(fetch: Any, rest: list[Any]) -> None:
    assert refused(fetch, message(raw=json.dumps([parcels.CLASS, *rest]))) is Code.FOREIGN_POINTER


@pytest.mark.parametrize(
    "raw",
    [
        '{"note": "S3Pointer"}',
        '["S3Pointer"]',
        "S3Pointer",
        "",
        "[]",
        "[" * 9_000,
        '[["S3Pointer"]]',
    ],
)
def test_what_is_no_pointer_is_left_alone(fetch: Any, raw: str) -> None:
    with wire() as seen:
        assert fetch(message(raw=raw)).body() == raw
    assert seen.calls == []


def test_a_body_that_is_lost_is_said_so(bucket: str, fetch: Any) -> None:
    assert refused(fetch, pointing(bucket, "large/test-shop/gone")) is Code.POINTER_LOST


def test_denied_is_lost_as_s3_tells_no_difference(bucket: str) -> None:
    class Denying:
        def get_object(self, **_: str) -> None:
            fault = OSError()
            fault.response = {"Error": {"Code": "AccessDenied"}}  # type: ignore[attr-defined]
            raise fault

    def fetch(one: Message) -> Message:
        denying: Any = Denying()
        return parcels.fetched(denying, bucket, MERCHANT, one)

    assert refused(fetch, pointing(bucket, "large/test-shop/one")) is Code.POINTER_LOST


def test_while_s3_does_not_answer_it_stays_on_the_queue(s3: Any, bucket: str, fetch: Any) -> None:
    one = put(s3, bucket, "large/test-shop/one", b"body")
    with wire(failing("GetObject")), pytest.raises(Retry):
        fetch(one)
    assert fetch(one).body() == b"body"


def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    s3: Any, bucket: str, fetch: Any
) -> None:
    assert fetch(put(s3, bucket, "large/test-shop/most", b"x" * MAX_BODY)).parcel
    too_long = put(s3, bucket, "large/test-shop/more", b"x" * (MAX_BODY + 1))
    assert refused(fetch, too_long) is Code.BODY_TOO_LARGE


class Endless:
    """A body that never ends, whatever its length was said to be."""

    read_bytes = 0

    def read(self, count: int) -> bytes:
        self.read_bytes += count
        return b"x" * count

    def close(self) -> None:
        pass


def test_a_length_that_is_a_lie_reads_no_more_than_it_may(bucket: str) -> None:
    body = Endless()

    class Lying:
        def get_object(self, **_: str) -> dict[str, Any]:
            return {"ContentLength": 1, "Body": body}

    lying: Any = Lying()
    one = pointing(bucket, "large/test-shop/one")
    assert (
        refused(lambda m: parcels.fetched(lying, bucket, MERCHANT, m), one) is Code.BODY_TOO_LARGE
    )
    assert body.read_bytes <= MAX_BODY + 512 * 1024


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(
    s3: Any, bucket: str, fetch: Any
) -> None:
    from chalicelib.packing import pack  # noqa: PLC0415

    bomb = pack(b"\0" * (MAX_BODY + 1)).encode()
    one = replace(put(s3, bucket, "large/test-shop/bomb", bomb), encoding="gzip+base64")
    with pytest.raises(Rejected) as caught:
        fetch(one).body()
    assert caught.value.code is Code.BODY_TOO_LARGE


def test_a_forged_size_changes_nothing(s3: Any, bucket: str, fetch: Any) -> None:
    one = put(s3, bucket, "large/test-shop/one", b"body")
    for size in ("0", "-1", "99999999999999999999", "x"):
        told = {"ExtendedPayloadSize": {"stringValue": size, "dataType": "Number"}}
        event = {"Records": [{
            "messageId": "m", "body": one.raw, "messageAttributes": told, "receiptHandle": "r",
            "eventSourceARN": "arn:q", "attributes": {"ApproximateReceiveCount": "1"},
        }]}  # fmt: skip
        assert fetch(messages(event)[0]).body() == b"body"


def test_the_longest_pointer_that_s3_allows_is_looked_at() -> None:
    key = "large/test-shop/" + "é" * 500  # 1,024 bytes at most, each escaped
    inner = pointing("b" * 63, key).raw
    around = {"TopicArn": "a" * 256, "Subject": "s" * 100, "Signature": "x" * 344,
              "SigningCertURL": "u" * 200, "UnsubscribeURL": "u" * 300}  # fmt: skip
    envelope = json.dumps({"Type": "Notification", "Message": inner, **around})
    assert len(envelope) < LONGEST_POINTER
    assert message(raw=envelope).may_point
    assert not message(raw="x" * 20_000 + "S3Pointer").may_point


def worker(world: World, s3: Any, bucket: str) -> Any:
    """A worker as wiring makes it, with the bucket."""
    plain = world.worker()
    return replace(
        plain,
        fetch=lambda one: parcels.fetched(s3, bucket, MERCHANT, one) if one.may_point else one,
        quarantine=replace(
            plain.quarantine, offload=lambda body: parcels.offload(s3, bucket, MERCHANT, body)
        ),
    )


def test_a_large_message_takes_the_whole_path(world: World, s3: Any, bucket: str) -> None:
    many = [sale(number, name="x" * 2_000) for number in range(800)]
    body = json.dumps(many)
    assert len(body) > 1024 * 1024
    found = parcels.offload(s3, bucket, MERCHANT, body)
    assert world.run(message(raw=found.body), worker=worker(world, s3, bucket)) == []
    assert len(world.events()) == 800


def test_of_a_batch_only_what_s3_does_not_give_stays(world: World, s3: Any, bucket: str) -> None:
    one = put(s3, bucket, "large/test-shop/one", json.dumps(sale(1)).encode())
    with wire(failing("GetObject")):
        left = world.run(one, message(sale(2)), worker=worker(world, s3, bucket))
    assert [each.id for each in left] == [one.id]
    assert [each["subject"] for each in world.events()] == ["2"]
    assert world.logged[-1]["left"] == 1
    assert world.run(one, worker=worker(world, s3, bucket)) == []
    assert [each["subject"] for each in world.events()] == ["1"]


def test_pointers_that_lead_nowhere_are_set_aside_and_others_go_on(
    world: World, s3: Any, bucket: str
) -> None:
    lost, foreign = pointing(bucket, "large/test-shop/no"), pointing("theirs", "large/test-shop/x")
    assert world.run(lost, foreign, message(sale(1)), worker=worker(world, s3, bucket)) == []
    codes = {one["MessageAttributes"]["code"]["StringValue"]: one["Body"] for one in world.dead()}
    assert codes == {"pointer_lost": lost.raw, "foreign_pointer": foreign.raw}
    assert len(world.events()) == 1


def test_messages_without_a_pointer_ask_s3_for_nothing(world: World, s3: Any, bucket: str) -> None:
    with wire() as seen:
        world.run(message(sale(1)), worker=worker(world, s3, bucket))
    assert not {"GetObject", "PutObject", "HeadObject"} & seen.counts.keys()


CARD = "4111111111111111"


def test_what_is_too_long_for_the_quarantine_lies_in_the_bucket_masked(
    world: World, s3: Any, bucket: str
) -> None:
    import random  # noqa: PLC0415

    noise = random.Random(1)
    name = "".join(chr(noise.randrange(0x4E00, 0x9F00)) for _ in range(600_000))
    body = json.dumps(
        [sale(1), {"id": "2", "note": f"card {CARD}", "name": name}], ensure_ascii=False
    )
    found = parcels.offload(s3, bucket, MERCHANT, body)
    one = message(raw=found.body)
    assert world.run(one, worker=worker(world, s3, bucket)) == []
    [aside] = world.dead()
    attributes = aside["MessageAttributes"]
    assert attributes["ExtendedPayloadSize"]["DataType"] == "Number"
    assert "ContentEncoding" not in attributes
    kept = parcels.fetched(s3, bucket, MERCHANT, message(raw=aside["Body"])).body()
    assert isinstance(kept, bytes)
    assert CARD not in kept.decode()
    assert name in kept.decode()
    # Moved back as it is, it is read again: what had gone out is a duplicate.
    assert world.run(message(raw=aside["Body"]), worker=worker(world, s3, bucket)) == []
    assert (world.logged[-1]["duplicate"], world.logged[-1]["quarantined"]) == (1, 1)


def test_while_the_bucket_does_not_take_it_it_stays_on_the_queue(
    world: World, s3: Any, bucket: str
) -> None:
    import random  # noqa: PLC0415

    noise = random.Random(1)
    body = b'{"id": "' + bytes(noise.randrange(128, 256) for _ in range(1_500_000))
    one = put(s3, bucket, "large/test-shop/one", body)
    with wire(failing("PutObject")):
        assert world.run(one, worker=worker(world, s3, bucket)) == [one]
    assert world.dead() == []
    assert world.run(one, worker=worker(world, s3, bucket)) == []
    [aside] = world.dead()
    kept = parcels.fetched(s3, bucket, MERCHANT, message(raw=aside["Body"]))
    assert kept.body() == body
