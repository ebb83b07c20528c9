"""Calls in parallel and in batches, rounds of a batch, and its counts."""

import itertools
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import delivery
from chalicelib.acknowledge import LONGEST_WAIT, acknowledge, wait
from chalicelib.calls import MOST_AT_ONCE, attempt, batches, in_parallel, note
from chalicelib.delivery import Delivery, Piece, Ready, rounds
from chalicelib.errors import Code, Rejected
from chalicelib.publish import Event
from chalicelib.receive import Message
from chalicelib.tally import Fate, Tally

MESSAGE = Message("m", "{}")


def ready(key: str, revision: int = 0, size: int = 1) -> Ready:
    return Ready(event=Event(key, key, f"{key}{revision}", revision, "f", "x" * size, ()))


@given(st.lists(st.integers(1, 30)), st.integers(1, 12), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_batches_hold_all_in_order_and_never_too_much(
    parts: list[int], most: int, limit: int
) -> None:
    found = list(batches(parts, most, lambda part: part, limit))
    assert [part for batch in found for part in batch] == parts
    for batch in found:
        assert 1 <= len(batch) <= most
        assert sum(batch) <= limit or len(batch) == 1
    for batch, following in itertools.pairwise(found):
        assert len(batch) == most or sum(batch) + following[0] > limit


@given(st.lists(st.integers()), st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_without_sizes_only_the_count_splits(parts: list[int], most: int) -> None:
    found = list(batches(parts, most))
    assert [len(batch) for batch in found[:-1]] == [most] * (len(found) - 1)
    assert [part for batch in found for part in batch] == parts


@pytest.mark.parametrize("count", [0, 1, 2, 3 * MOST_AT_ONCE])
def test_answers_are_in_the_order_of_the_calls(count: int) -> None:
    assert in_parallel(lambda part: part * 2, list(range(count))) == [n * 2 for n in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_call_that_raises_leaves_its_exception_in_its_place(count: int) -> None:
    fault = ZeroDivisionError("x")

    def call(part: int) -> int:
        if part == 0:
            raise fault
        return part

    assert in_parallel(call, list(range(count))) == [fault, *range(1, count)]


def test_calls_are_made_at_once() -> None:
    barrier = threading.Barrier(MOST_AT_ONCE)
    found = in_parallel(lambda _: barrier.wait(timeout=60), list(range(MOST_AT_ONCE)))
    assert not [answer for answer in found if isinstance(answer, Exception)]


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_no_exception_ends_all(count: int) -> None:
    def call(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parallel(call, list(range(count)))


def test_a_fault_is_noted_by_type_code_and_operation_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer: Any = {"Error": {"Code": "Throttling", "Message": "card 4111111111111111"}}

    def call(_: int) -> None:
        raise ClientError(answer, "PutItem")

    assert isinstance(attempt(call, 1), ClientError)
    assert "ClientError Throttling PutItem" in caplog.text
    assert "4111" not in caplog.text


def test_a_note_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    note("a\nb\r\n c ")
    assert caplog.messages == ["left for another try: a b c"]


def test_a_key_is_there_once_a_round_its_newest_revision_first() -> None:
    pieces = [ready("a", 1), ready("b"), ready("a", 3), ready("a", 2), ready("a", 3)]
    found = [[piece.event.id for piece in batch] for batch in rounds(pieces)]
    assert found == [["a3", "b0"], ["a3"], ["a2"], ["a1"]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), max_size=30))
@settings(max_examples=200, deadline=None)
def test_every_transaction_is_in_one_round(keys: list[tuple[str, int]]) -> None:
    pieces = [ready(*key) for key in keys]
    found = list(rounds(pieces))
    assert sorted(map(id, sum(found, []))) == sorted(map(id, pieces))  # noqa: RUF017
    newest: dict[str, int] = {}
    for batch in found:
        assert len({piece.event.key for piece in batch}) == len(batch)
        for piece in batch:
            before = newest.setdefault(piece.event.key, piece.event.revision)
            assert piece.event.revision <= before
            newest[piece.event.key] = piece.event.revision


def test_a_round_has_so_many_transactions_and_bytes_at_most() -> None:
    many = [ready(str(number)) for number in range(250)]
    assert [len(batch) for batch in rounds(many)] == [100, 100, 50]
    large = [ready(str(number), size=delivery.ROUND_BYTES // 2) for number in range(5)]
    assert [len(batch) for batch in rounds(large)] == [2, 2, 1]


def test_a_message_nobody_read_waits_as_one_piece() -> None:
    found = Delivery(MESSAGE)
    assert (found.waiting, found.finished, found.ready, found.refused) == (True, False, [], [])


def test_a_message_is_finished_when_each_of_its_pieces_is() -> None:
    refusal = Rejected(Code.NOT_JSON, "x")
    good, bad, done = ready("a"), Piece(rejection=refusal), Piece(Fate.IGNORED)
    found = Delivery(MESSAGE, [good, bad, done])
    assert (found.ready, found.refused) == ([good], [(bad, refusal)])
    assert found.waiting
    good.fate = Fate.PUBLISHED
    assert not found.waiting
    assert not found.finished
    bad.fate = Fate.QUARANTINED
    assert found.finished


def test_a_transaction_that_was_refused_is_not_published() -> None:
    found = ready("a")
    found.rejection = Rejected(Code.TOO_LARGE, "x")
    assert Delivery(MESSAGE, [found]).ready == []


def test_counts_are_conserved_only_if_they_add_up() -> None:
    tally = Tally(arrived=3)
    tally.count([(Fate.PUBLISHED, None), (Fate.QUARANTINED, Rejected(Code.EMPTY, "x"))])
    assert not tally.conserved
    tally.count([(Fate.LEFT, Rejected(Code.EMPTY, "x"))])
    line = tally.line()
    assert line["conserved"]
    assert (line["in"], line["published"], line["quarantined"], line["left"]) == (3, 1, 1, 1)
    assert line["codes"] == {"empty": 1}


class Queue:
    """Records what is deleted and postponed, and refuses the latter if it should."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.deleted: list[str] = []
        self.postponed: dict[str, int] = {}
        self.sizes: list[int] = []
        self.meta = SimpleNamespace(endpoint_url="http://sqs")

    def delete_message_batch(self, **call: Any) -> None:
        assert call["QueueUrl"] == "http://sqs/000000000000/in"
        self.sizes.append(len(call["Entries"]))
        self.deleted += [entry["ReceiptHandle"] for entry in call["Entries"]]

    def change_message_visibility_batch(self, **call: Any) -> None:
        if self.broken:
            raise ConnectionError
        for entry in call["Entries"]:
            self.postponed[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]


def delivered(name: str, count: int = 1, receipt: str | None = "") -> Message:
    receipt = name if receipt == "" else receipt
    arn = "arn:aws:sqs:us-east-1:000000000000:in"
    return Message(name, "{}", source_arn=arn, receive_count=count, receipt=receipt)


@pytest.mark.parametrize("broken", [False, True])
def test_what_is_done_is_deleted_whatever_happens_to_the_rest(*, broken: bool) -> None:
    queue: Any = Queue(broken=broken)
    done = [delivered(str(number)) for number in range(23)]
    acknowledge(queue, done, [delivered("a"), delivered("b", count=4)])
    assert sorted(queue.deleted, key=int) == [message.id for message in done]
    assert sorted(queue.sizes) == [3, 10, 10]
    assert queue.postponed == ({} if broken else {"a": 2, "b": 16})


def test_what_a_topic_brought_cannot_be_acknowledged() -> None:
    queue: Any = Queue()
    acknowledge(queue, [delivered("a", receipt=None)], [delivered("b", receipt=None)])
    acknowledge(queue, [], [])
    assert (queue.deleted, queue.postponed) == ([], {})


def test_a_message_waits_twice_as_long_each_time_up_to_a_limit() -> None:
    assert [wait(count) for count in range(1, 11)] == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert wait(10**9) == LONGEST_WAIT
