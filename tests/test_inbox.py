"""An inbox applies each event once, whatever dies, races or comes out of order."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.errors import Code, Rejected, Retry
from chalicelib.inbox import Inbox, Outcome
from chalicelib.shelf import EVER, Shelf, Write, put
from chalicelib.story import MOST_BYTES, Told, View, told
from ops.emulator import Emulator
from tests.counter import TABLE, create
from tests.faults import Fault, Killed, failing, killed_at, lost, wire
from tests.memory import Memory
from tests.simulation.points.table import Table
from tests.world import _accounts

SUM = {"pk": {"S": "sum"}, "sk": {"S": "of all"}}


def news(
    subject: str, total: int, revision: int = 0, original: str | None = None, mark: str = ""
) -> Told:
    data = {"total": total, "revision": revision}
    identity = f"{subject}-{total}-{mark}"
    return Told(identity, "/tillbridge/shop/till", subject, revision, data, original)


class Adder:
    """A consumer that adds up sales: ten lines, as docs/CONSUMERS.md has them."""

    def __init__(self, client: Any, patience: int = 60) -> None:
        self.client, self.now = client, 1_000_000
        shelf = Shelf(client, TABLE, "adder", lambda: self.now)
        self.inbox = Inbox(shelf, patience)

    def take(self, *events: Told) -> list[Outcome]:
        return [self.inbox.take(one, self.effect) for one in events]

    def effect(self, before: View, after: View, _: Told) -> Sequence[Write]:
        change = total(after) - total(before)
        item = self.client.get_item(TableName=TABLE, Key=SUM, ConsistentRead=True).get("Item")
        version = int(item["version"]["N"]) if item else None
        counts = {"version": (version or 0) + 1, "total": self.total + change}
        full = SUM | {name: {"N": str(count)} for name, count in counts.items()}
        return [_put(full, version)]

    @property
    def total(self) -> int:
        item = self.client.get_item(TableName=TABLE, Key=SUM, ConsistentRead=True).get("Item")
        return int(item["total"]["N"]) if item else 0


def total(view: View) -> int:
    return sum(data["total"] for data in view.values())


def _put(item: Any, version: int | None) -> Write:
    return put(TABLE, item, version, new=version is None)


@pytest.fixture
def adder() -> Adder:
    return Adder(Memory())


@pytest.fixture
def real(emulator: Emulator) -> Adder:
    client = emulator.client("dynamodb", str(next(_accounts)))
    create(client)
    return Adder(client)


APPLIED, DUPLICATE, WAITING = Outcome.APPLIED, Outcome.DUPLICATE, Outcome.WAITING


def test_the_same_event_again_does_nothing(adder: Adder) -> None:
    assert adder.take(news("a", 5), news("a", 5), news("b", 2)) == [APPLIED, DUPLICATE, APPLIED]
    assert adder.total == 7


def test_a_revision_counts_as_the_difference_and_an_older_one_not_at_all(adder: Adder) -> None:
    events = (news("a", 5, 1), news("a", 8, 3), news("a", 6, 2), news("a", 5, 4))
    assert adder.take(*events) == [APPLIED, APPLIED, DUPLICATE, APPLIED]
    assert adder.total == 5


def test_two_contents_of_one_revision_end_alike_in_either_order() -> None:
    totals = set()
    for marks in ("xy", "yx"):
        adder = Adder(Memory())
        adder.take(*(news("a", 5 if mark == "x" else 9, 0, mark=mark) for mark in marks))
        totals.add(adder.total)
    assert len(totals) == 1


def test_a_return_waits_for_its_sale_and_is_released_by_it(adder: Adder) -> None:
    assert adder.take(news("r", -2, original="a")) == [WAITING]
    [waits] = adder.inbox.waits()
    assert (waits.subject, waits.original, waits.due - waits.since) == ("r", "a", 60_000)
    assert adder.total == 0
    assert adder.take(news("a", 5)) == [APPLIED]
    assert (adder.total, adder.inbox.waits()) == (3, [])


def test_a_return_of_a_return_waits_for_the_whole_chain(adder: Adder) -> None:
    adder.take(news("v", 2, original="r"), news("r", -2, original="a"))
    assert {one.subject for one in adder.inbox.waits()} == {"v", "r"}
    adder.take(news("a", 5))
    assert (adder.total, adder.inbox.waits()) == (5, [])


def test_what_waits_for_too_long_counts_alone_and_is_joined_later(adder: Adder) -> None:
    adder.take(news("r", -2, original="a"))
    assert adder.inbox.overdue() == []
    adder.now += 60_000
    [late] = adder.inbox.overdue()
    for _ in range(2):  # another worker may be at it
        adder.inbox.release(late, adder.effect)
    assert (adder.total, adder.inbox.waits()) == (-2, [])
    assert adder.take(news("a", 5), news("r", -2, original="a")) == [APPLIED, DUPLICATE]
    assert adder.total == 3


def test_a_revision_does_not_wait_anew_unless_it_waits_for_another(adder: Adder) -> None:
    adder.take(news("r", -2, 1, original="a"))
    adder.now += 30_000
    adder.take(news("r", -3, 2, original="a"))
    assert [one.due for one in adder.inbox.waits()] == [1_060_000]
    adder.take(news("r", -3, 3, original="b", mark="b"))
    assert [(one.original, one.due) for one in adder.inbox.waits()] == [("b", 1_090_000)]
    adder.take(news("b", 7))
    assert adder.total == 4


def test_what_waits_anew_is_not_released_by_a_look_from_before(adder: Adder) -> None:
    adder.take(news("r", -2, 1, original="a"))
    adder.now += 60_000
    [late] = adder.inbox.overdue()
    adder.take(news("r", -2, 2, original="b", mark="b"))
    adder.inbox.release(late, adder.effect)
    assert (adder.total, [one.original for one in adder.inbox.waits()]) == (0, ["b"])


def test_a_wait_that_is_seen_before_its_story_is_left_for_later() -> None:
    table = Table(lambda: 0, tokens=False)
    adder = Adder(table)
    table.hold = iter((True, True, False)).__next__  # story, place, wait
    adder.take(news("r", -2, original="a"))
    table.hold = bool
    adder.now += 60_000
    [late] = adder.inbox.overdue()
    adder.inbox.release(late, adder.effect)
    table.settle(sorted(table.pending))
    assert (adder.total, adder.inbox.overdue()) == (0, [late])
    adder.inbox.release(late, adder.effect)
    assert (adder.total, adder.inbox.waits()) == (-2, [])


def test_with_no_patience_nothing_waits() -> None:
    adder = Adder(Memory(), patience=0)
    assert adder.take(news("r", -2, original="a")) == [APPLIED]
    assert adder.total == -2


def test_transactions_that_refer_to_one_another_wait_and_then_count(adder: Adder) -> None:
    adder.take(news("a", 1, original="b"), news("b", 2, original="a"), news("c", 4, original="c"))
    assert {one.subject for one in adder.inbox.waits(10)} == {"a", "b", "c"}
    adder.now += 60_000
    for one in adder.inbox.overdue():
        adder.inbox.release(one, adder.effect)
    assert (adder.total, adder.inbox.waits()) == (7, [])


def test_a_race_is_run_again_and_given_up_at_last(adder: Adder) -> None:
    racing = [1]

    def effect(before: View, after: View, one: Told) -> Sequence[Write]:
        writes = adder.effect(before, after, one)
        if racing and racing.pop():  # another worker is faster
            adder.take(news(f"other-{len(adder.client.items)}", 10))
        return writes

    assert adder.inbox.take(news("a", 5), effect) is APPLIED
    assert adder.total == 15
    racing += [1] * 100
    with pytest.raises(Retry, match="always faster"):
        adder.inbox.take(news("b", 5), effect)
    assert "b" not in adder.inbox.known("/tillbridge/shop/till", "b")


CHAIN = (news("v", 4, original="r"), news("r", -4, original="a"), news("a", 9), news("a", 11, 1))


class Racing(Memory):
    """Lets another worker run before the call of that number."""

    def __init__(self, at: int, other: Callable[[], object]) -> None:
        super().__init__()
        self.left, self.other = at, other

    def get_item(self, **call: Any) -> Any:
        self._race()
        return super().get_item(**call)

    def transact_write_items(self, **call: Any) -> Any:
        self._race()
        return super().transact_write_items(**call)

    def _race(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.other()


PAIRS = [(one, other) for one in CHAIN for other in (*CHAIN, news("r", -4, 1, original="b"))]


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_workers_at_one_story_never_both_count(first: Told, second: Told, at: int) -> None:
    numbers = itertools.count()

    def log(before: View, after: View, _: Told) -> Sequence[Write]:
        """Write without any condition: the inbox alone must keep workers apart."""
        change = {"change": {"N": str(total(after) - total(before))}}
        key = {"pk": {"S": "log"}, "sk": {"S": str(next(numbers))}}
        return [put(TABLE, key | change)]

    client = Racing(at, lambda: inbox.take(second, log))
    inbox = Inbox(Shelf(client, TABLE, "racer", lambda: 1_000_000), 60)
    inbox.take(first, log)
    client.left = -1
    for one in (*CHAIN, second):
        inbox.take(one, log)
    logged = [int(item["change"]["N"]) for key, item in client.items.items() if key[0] == "log"]
    assert sum(logged) == 11
    moved = second.original == "b"  # the return waits for another sale, and its void with it
    assert len(inbox.waits()) == (2 if moved else 0)


def test_a_story_beyond_all_measure_is_refused(adder: Adder) -> None:
    words = "".join(chr(0x4E00 + at * 7 % 20_000) for at in range(MOST_BYTES // 2))
    big = Told("x", "/s", "a", 0, {"total": 1, "words": words})
    with pytest.raises(Rejected, match="more than can be kept"):
        adder.take(big)


@pytest.mark.parametrize("effects", [99, 100])
def test_an_effect_of_more_writes_than_dynamodb_takes_is_refused(
    adder: Adder, effects: int
) -> None:
    writes = [_put({"pk": {"S": "w"}, "sk": {"S": str(at)}}, None) for at in range(effects)]
    if effects == 99:
        assert adder.inbox.take(news("a", 1), lambda *_: writes) is APPLIED
    else:
        with pytest.raises(Rejected, match="DynamoDB takes 100"):
            adder.inbox.take(news("a", 1), lambda *_: writes)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", Code.NOT_JSON),
        ("[1]", Code.BAD_SHAPE),
        ('{"type": "other"}', Code.UNKNOWN_EVENT),
        ('{"type": "tillbridge.transaction.v1", "id": "x"}', Code.BAD_SHAPE),
    ],
)
def test_what_is_no_event_is_refused(body: str, code: Code) -> None:
    with pytest.raises(Rejected) as refused:
        told(body)
    assert refused.value.code is code


def test_a_transaction_that_names_itself_as_original_refers_to_nothing() -> None:
    event = {"type": "tillbridge.transaction.v1", "id": "i", "source": "/s", "subject": "a"}
    data = {"revision": 2, "original": "a"}
    assert told(json.dumps(event | {"data": data})).original is None


@pytest.mark.emulator
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_at_any_call_leaves_all_or_nothing(real: Adder, *, after: bool) -> None:
    for number in range(40):
        with wire(killed_at(number, after=after)):
            try:
                real.take(*CHAIN)
            except Killed:
                continue
        break
    else:
        raise AssertionError("it never came to its end")
    assert number >= 10
    assert (real.total, real.inbox.waits()) == (11, [])


@pytest.mark.emulator
@pytest.mark.parametrize("fault", [lost("TransactWriteItems", 2), failing("TransactWriteItems", 2)])
def test_answers_that_are_lost_and_calls_that_fail_change_nothing(
    real: Adder, fault: Fault
) -> None:
    with wire(fault):
        real.take(*CHAIN)
    assert (real.total, real.inbox.waits(), real.inbox.shelf.waits(9, EVER)) == (11, [], [])


class Narrow(Memory):
    """A table whose pages are short, as a mebibyte is where items are long."""

    def query(self, **query: Any) -> Any:
        return super().query(**query | {"Limit": min(query.get("Limit", 3), 3)})


def test_all_that_waits_is_listed_however_many_pages_it_has() -> None:
    adder = Adder(Narrow())
    for number in range(10):
        adder.take(news(f"r{number}", -1, original=f"s{number}"))
        adder.now += 1
    found = [one.subject for one in adder.inbox.waits(8)]
    assert found == [f"r{number}" for number in range(8)]
    assert len(adder.inbox.waits()) == 10
