"""Files on their way to a queue: crashes, refusals, deadlines and two workers at one file."""

import gzip
import json
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import pytest

from chalicelib.bulk import records, sending, source, unpacking
from chalicelib.bulk.unpacking import Unpacker
from chalicelib.errors import Retry
from ops.emulator import REGION
from tests.faults import Fault, Killed, failing, killed_at, lost, wire
from tests.world import World

MERCHANTS = {
    "test-shop": {"kind": "sqs"},
    "csv-shop": {"kind": "sqs", "key": ["id"], "delimiter": ";", "renamed": {}},
    "topic-shop": {"kind": "sns"},
    "gone-shop": {"kind": "sqs"},
}
MINUTES_2 = 120_000


@dataclass
class Inbox:
    """A bucket, a merchant's queue and the queue of notes, in an account of their own."""

    world: World
    told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3 = self.world.emulator.client("s3", self.world.account)
        self.bucket = f"inbox-{self.world.account}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.queue = self.world.queue("claims-test-shop")
        self.csv_queue = self.world.queue("claims-csv-shop")
        self.notes = self.world.queue("claims-files")

    def unpacker(self, now_ms: Callable[[], int] | None = None) -> Unpacker:
        world = self.world
        place = f"{REGION}:{world.account}"
        return Unpacker(
            self.s3, world.sqs, world.dynamodb, self.bucket, "claims", place, MERCHANTS,
            now_ms or world.clock,
        )  # fmt: skip

    def drop(self, key: str, body: bytes | str, sequencer: str = "1") -> str:
        """Drop a file; return the note that S3 makes of it."""
        content = body.encode() if isinstance(body, str) else body
        etag = self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)["ETag"].strip('"')
        told = {"key": quote_plus(key, safe="/"), "eTag": etag, "sequencer": sequencer}
        record = {"s3": {"bucket": {"name": self.bucket}, "object": told}}
        return json.dumps({"Records": [record]})

    def run(self, note: str, fault: Fault | None = None) -> bool:
        """Let a worker take the note once; return whether the note is done with."""
        try:
            with wire(fault):
                self.told += self.unpacker().run(note, self.world.now + MINUTES_2)
        except (Killed, Retry, Exception):  # noqa: BLE001 - whatever it is, the note comes again
            return False
        return True

    def result(self, key: str) -> dict[str, Any]:
        name = key.replace("files/", "results/", 1) + ".json"
        body = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def bodies(self, url: str | None = None) -> list[str]:
        return [one["Body"] for one in self.world.taken(url or self.queue)]


@pytest.fixture
def inbox(world: World) -> Inbox:
    return Inbox(world)


@pytest.fixture(autouse=True)
def _small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records make a message, and few messages a wave, so that small files have many."""
    monkeypatch.setattr(records, "MOST_RECORDS", 2)
    monkeypatch.setattr(sending, "ENTRIES_A_CALL", 3)
    monkeypatch.setattr(source, "CHUNK", 100)


def lines(count: int) -> str:
    return "\n".join(json.dumps({"id": str(number)}) for number in range(count))


def ids(bodies: list[str]) -> Counter[str]:
    return Counter(json.loads(line)["id"] for body in bodies for line in body.split("\n"))


A_WAVE = 6


@pytest.mark.parametrize("name", ["day.ndjson", "day.jsonl.gz"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_all_records_arrive_and_copies_of_one_wave_at_most(
    inbox: Inbox, name: str, *, after: bool
) -> None:
    content = lines(20).encode()
    content = gzip.compress(content) if name.endswith(".gz") else content
    call = 0
    while True:
        note = inbox.drop(f"files/test-shop/{call}/{after}/{name}", content)
        died = not inbox.run(note, killed_at(call, after=after))
        if died:
            assert inbox.run(note)
        found = ids(inbox.bodies())
        assert found.keys() == {str(number) for number in range(20)}
        assert found.total() - 20 <= A_WAVE, call
        told = inbox.result(f"files/test-shop/{call}/{after}/{name}")
        assert (told["state"], told["records"], told["messages"]) == ("done", 20, 10)
        if not died:
            break
        call += 1
    assert call > 10  # read, fetch, four waves and their checkpoints, result, done


@pytest.mark.parametrize(
    "fault",
    [lambda: lost("PutItem"), lambda: lost("PutObject"), lambda: failing("SendMessageBatch", 1)],
)
def test_what_aws_takes_at_the_second_try_is_sent(inbox: Inbox, fault: Callable[[], Fault]) -> None:
    note = inbox.drop("files/test-shop/day.ndjson", lines(20))
    while not inbox.run(note, fault()):
        pass
    assert ids(inbox.bodies()).keys() == {str(number) for number in range(20)}
    assert inbox.result("files/test-shop/day.ndjson")["records"] == 20


def test_messages_that_fail_inside_an_answer_are_sent_again_and_no_others(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = inbox.world.sqs.send_message_batch, []

    def refusing(QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        calls.append(len(Entries))
        if len(calls) % 2 == 0:
            return dict(real(QueueUrl=QueueUrl, Entries=Entries))
        failed = [{"Id": one["Id"], "Code": "ServiceUnavailable"} for one in Entries[::2]]
        taken: list[Any] = Entries[1::2]
        answer = real(QueueUrl=QueueUrl, Entries=taken) if taken else {}
        return {"Successful": answer.get("Successful", []), "Failed": failed}

    monkeypatch.setattr(inbox.world.sqs, "send_message_batch", refusing)
    assert inbox.run(inbox.drop("files/test-shop/day.ndjson", lines(20)))
    assert ids(inbox.bodies()) == dict.fromkeys(map(str, range(20)), 1)
    assert calls == [3, 2, 3, 2, 3, 2, 1, 1]


def test_a_queue_that_refuses_for_good_leaves_the_note_where_it_is(inbox: Inbox) -> None:
    note = inbox.drop("files/test-shop/day.ndjson", lines(4))

    def refuse(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "SendMessageBatch":
            failed = [{"Id": one["Id"], "Code": "InternalError", "SenderFault": False}
                      for one in answer[0][1]["Successful"]]  # fmt: skip
            answer[0][1].update(Successful=[], Failed=failed)
        return answer

    assert not inbox.run(note, refuse)
    with pytest.raises(inbox.s3.exceptions.NoSuchKey):
        inbox.result("files/test-shop/day.ndjson")
    assert inbox.run(note)


def test_a_checkpoint_is_lost_to_another_worker_who_goes_on(inbox: Inbox) -> None:
    note = inbox.drop("files/test-shop/day.ndjson", lines(20))
    other = inbox.unpacker()
    started = []

    def meanwhile(name: str, call: Callable[[], Any]) -> Any:
        if name == "PutItem" and not started:
            started.append(True)
            inbox.told += other.run(note, inbox.world.now + MINUTES_2)
        return call()

    assert inbox.run(note, meanwhile)
    assert [one["state"] for one in inbox.told] == ["done", "left to another worker"]
    found = ids(inbox.bodies())
    assert len(found) == 20
    assert found.total() - 20 <= A_WAVE


def test_a_note_that_comes_twice_sends_nothing_twice_and_a_file_dropped_again_is_sent_again(
    inbox: Inbox,
) -> None:
    note = inbox.drop("files/test-shop/day.ndjson", lines(20))
    assert inbox.run(note)
    assert inbox.run(note)
    assert ids(inbox.bodies()).total() == 20
    assert inbox.told[-1]["state"] == "done before"
    assert inbox.run(inbox.drop("files/test-shop/day.ndjson", lines(20), sequencer="2"))
    assert ids(inbox.bodies()).total() == 20


@pytest.mark.parametrize(
    "name", ["day.ndjson", "day.ndjson.gz", "day.json", "day.xml", "utf-16.ndjson"]
)
def test_an_invocation_stops_before_its_deadline_and_the_next_goes_on(
    inbox: Inbox, name: str
) -> None:
    text = lines(200)
    if name == "day.json":
        text = f"[{text.replace(chr(10), ',')}]"
    if name == "day.xml":
        text = "".join(f"<Transaction><id>é{number}</id></Transaction>" for number in range(200))
        text = f'<POSLog a="ü">{text}</POSLog>'
    content = text.encode("utf-16" if name.startswith("utf-16") else "utf-8")
    note = inbox.drop(f"files/test-shop/{name}", gzip.compress(content, 0)
                      if name.endswith(".gz") else content)  # fmt: skip
    # The clock goes on at each look at it.  What is packed, or not UTF-8, is read from its
    # beginning each time; the others are gone on with.
    looks = {"day.ndjson.gz": 45, "utf-16.ndjson": 75}
    budget = 20_000 * looks.get(name, 10)
    invocations = 0
    while True:
        ticks = iter(range(10_000))
        now = inbox.world.now
        unpacker = inbox.unpacker(lambda: now + 20_000 * next(ticks))  # noqa: B023 - called at once
        [told] = unpacker.run(note, now + unpacking.WAVE_MS + budget)
        invocations += 1
        if told["state"] == "done":
            break
        assert told["state"] == "goes on"
        assert inbox.bodies(inbox.notes) == [note]  # handed on to the next invocation
    assert invocations > 1
    assert inbox.result(f"files/test-shop/{name}")["records"] == 200
    bodies = inbox.bodies()
    if name == "day.xml":
        assert sum(body.count("<Transaction>") for body in bodies) == 200
        assert all(body.startswith('<POSLog a="ü"><') for body in bodies)
    elif name == "day.json":
        assert sorted(int(one["id"]) for body in bodies for one in json.loads(body)) == [
            *range(200)
        ]
    else:
        assert ids(bodies) == dict.fromkeys(map(str, range(200)), 1)


def test_an_invocation_that_gets_nowhere_does_not_hand_itself_on_for_ever(inbox: Inbox) -> None:
    note = inbox.drop("files/test-shop/day.ndjson", lines(4))
    with pytest.raises(Retry, match="in time"):
        inbox.unpacker().run(note, inbox.world.now + unpacking.WAVE_MS - 1)
    assert inbox.bodies(inbox.notes) == []


def test_rows_of_one_transaction_are_never_parted(inbox: Inbox) -> None:
    rows = "".join(f"{number // 5};{number}\n" for number in range(100))
    assert inbox.run(inbox.drop("files/csv-shop/day.csv", "id;line\n" + rows))
    bodies = inbox.bodies(inbox.csv_queue)
    for body in bodies:
        head, *lines_ = body.splitlines()
        assert head == "id;line"
        assert len(lines_) == 5
        assert len({line.partition(";")[0] for line in lines_}) == 1
    assert len(bodies) == 20


@pytest.mark.parametrize(
    ("key", "body", "code", "records_"),
    [
        ("files/nobody/day.ndjson", "{}", "unknown_merchant", 0),
        ("files/topic-shop/day.ndjson", "{}", "unknown_merchant", 0),
        ("files/gone-shop/day.ndjson", "{}", "unknown_merchant", 0),
        ("files/day.ndjson", "{}", "unknown_merchant", 0),
        ("files/../test-shop/day.ndjson", "{}", "unknown_merchant", 0),
        ("files/test-shop/day.pdf", "{}", "unknown_format", 0),
        ("files/test-shop/day", "{}", "unknown_format", 0),
        ("files/test-shop/day.csv.zip", "{}", "unknown_format", 0),
        ("files/test-shop/day.ndjson", "", "empty", 0),
        ("files/test-shop/day.ndjson.gz", "plain", "bad_encoding", 0),
        ("files/test-shop/day.ndjson", lines(4).encode() + b"\n\xff", "bad_encoding", 4),
        ("files/test-shop/day.json", f"[{lines(1)}, x", "not_json", 1),
        ("files/test-shop/day.xml", "<P><Transaction/>", "not_xml", 1),
        ("files/test-shop/day.xml", "<!DOCTYPE a><a/>", "xml_doctype", 0),
        ("files/test-shop/day.xml", "<P/>", "empty", 0),
        ("files/test-shop/day.xml", '<?xml encoding="x-what"?><P/>', "bad_encoding", 0),
        ("files/csv-shop/day.csv", "number;x\n1;2", "bad_shape", 0),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_says_so_beside_the_files(
    inbox: Inbox, key: str, body: bytes | str, code: str, records_: int
) -> None:
    assert inbox.run(inbox.drop(key, body))
    merchant = key.removeprefix("files/").partition("/")
    told = inbox.result(key if merchant[1] else "files/day.ndjson/")
    assert (told["state"], told["code"], told["records"]) == ("refused", code, records_)
    assert told["reason"]
    sent = inbox.bodies()
    assert sum(body.count("{") + body.count("<Transaction") for body in sent) == records_
    assert inbox.world.taken(inbox.csv_queue) == []


def test_a_file_that_was_replaced_or_deleted_is_said_so(inbox: Inbox) -> None:
    old = inbox.drop("files/test-shop/day.ndjson", lines(2))
    new = inbox.drop("files/test-shop/day.ndjson", lines(3), sequencer="2")
    assert inbox.run(old)
    assert inbox.result("files/test-shop/day.ndjson")["code"] == "file_gone"
    assert inbox.run(new)
    assert inbox.result("files/test-shop/day.ndjson")["records"] == 3
    gone = inbox.drop("files/test-shop/gone.ndjson", lines(2))
    inbox.s3.delete_object(Bucket=inbox.bucket, Key="files/test-shop/gone.ndjson")
    assert inbox.run(gone)
    assert inbox.result("files/test-shop/gone.ndjson")["code"] == "file_gone"


def test_what_only_spoils_itself_goes_to_the_merchant_alone(inbox: Inbox) -> None:
    text = '{"id": "0"}\nnonsense\n{"id": "1"}\n[1]\n{"id": NaN}'
    assert inbox.run(inbox.drop("files/test-shop/day.ndjson", text))
    assert sorted(inbox.bodies()) == sorted(text.split("\n"))


def test_refusals_are_told_by_position(inbox: Inbox) -> None:
    deep = "<a>" * 200 + "</a>" * 200
    parts = ["<Transaction/>", f"<Transaction>{deep}</Transaction>", "<Transaction/>"] * 2
    assert inbox.run(inbox.drop("files/test-shop/day.xml", f"<P>{''.join(parts)}</P>"))
    told = inbox.result("files/test-shop/day.xml")
    assert (told["state"], told["records"], told["refused"]) == ("done", 6, 2)
    assert [(one["position"], one["code"]) for one in told["refusals"]] == [
        (2, "too_deep"), (5, "too_deep"),
    ]  # fmt: skip


def test_what_no_queue_takes_goes_through_the_bucket_and_odd_signs_go_packed(inbox: Inbox) -> None:
    large, odd = json.dumps({"id": "x" * 1_100_000}), '{"id": "\ufffe"}'
    assert inbox.run(inbox.drop("files/test-shop/day.ndjson", f'{large}\n{odd}\n{{"id": "1"}}'))
    sent = inbox.world.taken(inbox.queue)
    kinds = Counter(name for one in sent for name in one.get("MessageAttributes", {"plain": 0}))
    assert kinds == {"ExtendedPayloadSize": 1, "ContentEncoding": 1}
    [pointer] = [one for one in sent if "S3Pointer" in one["Body"]]
    key = json.loads(pointer["Body"])[1]["s3Key"]
    assert key.startswith("large/test-shop/")
    body = inbox.s3.get_object(Bucket=inbox.bucket, Key=key)["Body"].read()
    assert body.decode() == large
    assert inbox.result("files/test-shop/day.ndjson")["offloaded"] == 1


def test_s3s_own_test_note_and_notes_of_other_buckets_are_nothing(inbox: Inbox) -> None:
    note = json.loads(inbox.drop("files/test-shop/day.ndjson", lines(2)))
    for spoiled in ({"name": "theirs"},):
        note["Records"][0]["s3"]["bucket"] = spoiled
        assert inbox.run(json.dumps(note))
    assert inbox.run('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "x"}')
    note = json.loads(inbox.drop("results/test-shop/day.ndjson", lines(2)))
    assert inbox.run(json.dumps(note))
    assert (inbox.told, inbox.bodies()) == ([], [])


def test_names_are_as_they_were_typed(inbox: Inbox) -> None:
    key = "files/test-shop/März 2026/day 1+2 %41.ndjson"
    assert inbox.run(inbox.drop(key, lines(2)))
    assert inbox.result(key)["state"] == "done"
    long_ = "files/test-shop/" + "x" * 1_000 + ".ndjson"
    assert inbox.run(inbox.drop(long_, lines(2)))
    assert inbox.told[-1]["state"] == "done"


class Stream:
    """A file of 60 MB that nobody ever holds whole."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.given = 0

    def read(self, _: int) -> bytes:
        chunk = next(self._chunks, b"")
        self.given += len(chunk)
        return chunk


def transactions(megabytes: int) -> Iterator[bytes]:
    one = b"<Transaction>" + b"<LineItem>tea</LineItem>" * 200 + b"</Transaction>\n"
    chunk = one * (262_144 // len(one))
    yield b"<POSLog>"
    for _ in range(megabytes * 1_000_000 // len(chunk)):
        yield chunk
    yield b"</POSLog>"


def json_lines(megabytes: int) -> Iterator[bytes]:
    line = b'{"id": "1", "note": "%s"}\n' % (b"tea " * 750)
    chunk = line * (262_144 // len(line))
    for _ in range(megabytes * 1_000_000 // len(chunk)):
        yield chunk


def rows(megabytes: int) -> Iterator[bytes]:
    yield b"id;text\n"
    for number in range(megabytes * 4 + 10):
        yield b"%d;%s\n" % (number, b"tea " * 600) * 100


@pytest.mark.parametrize(
    ("name", "chunks"),
    [
        ("test-shop/day.xml", lambda: transactions(60)),
        ("test-shop/day.ndjson", lambda: json_lines(60)),
        ("test-shop/day.json", lambda: _array(json_lines(60))),
        ("csv-shop/day.csv", lambda: rows(60)),
    ],
)
def test_a_file_of_60_megabytes_is_never_held_whole(
    monkeypatch: pytest.MonkeyPatch, name: str, chunks: Callable[[], Iterator[bytes]]
) -> None:
    monkeypatch.setattr(records, "MOST_RECORDS", 200)
    monkeypatch.setattr(sending, "ENTRIES_A_CALL", 10)
    stream, sent, result = Stream(chunks()), Counter[str](), list[Any]()

    class Aws:
        """S3, SQS and DynamoDB, as far as they are asked here."""

        class meta:  # noqa: N801
            endpoint_url = "http://x"

        class exceptions:  # noqa: N801
            QueueDoesNotExist = ConditionalCheckFailedException = KeyError

        def get_object(self, **_: str) -> dict[str, Any]:
            return {"Body": stream}

        def put_object(self, Body: bytes, **_: str) -> None:  # noqa: N803
            result.append(json.loads(Body))

        def get_item(self, **_: Any) -> dict[str, Any]:
            return {}

        def put_item(self, **_: Any) -> None:
            sent["checkpoints"] += 1

        def send_message_batch(self, Entries: list[dict[str, str]], **_: str) -> dict[str, Any]:  # noqa: N803
            sent["bytes"] += sum(len(one["MessageBody"]) for one in Entries)
            return {"Successful": Entries}

    aws: Any = Aws()
    unpacker = Unpacker(aws, aws, aws, "b", "claims", "r:a", MERCHANTS, lambda: 0)
    told = {"key": f"files/{name}", "eTag": "e"}
    note = json.dumps({"Records": [{"s3": {"bucket": {"name": "b"}, "object": told}}]})
    tracemalloc.start()
    try:
        unpacker.run(note, MINUTES_2)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.given > 58_000_000
    assert sent["bytes"] > 55_000_000
    assert result[0]["state"] == "done", result
    assert most < 16_000_000
    print(f"{name}: {stream.given} bytes, {most} held at most, {sent}")  # noqa: T201


def _array(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    for chunk in chunks:
        yield chunk.replace(b"\n", b",")
    yield b'{"id": "2"}]'
