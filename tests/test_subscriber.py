"""The rewards function's batch: each message to its end, and nothing lost on the way."""

import json
from typing import Any

import pytest

from chalicelib.desk import Desk
from chalicelib.errors import Retry
from chalicelib.mechanics import Mechanics, Tier
from chalicelib.publish import event
from chalicelib.quarantine import Quarantine
from chalicelib.story import told
from chalicelib.subscriber import EVENT_MS, Subscriber
from ops.emulator import REGION, Emulator
from tests.counter import TABLE, accounts, create
from tests.faults import failing, wire
from tests.test_mechanics import back, sold
from tests.world import _accounts, message

RULES = {"shop": Mechanics("EUR", "Europe/Berlin")}
MINUTE = 60_000


class Function:
    """The function, with an account, a clock and a log of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self.account = str(next(_accounts))
        self.sqs = emulator.client("sqs", self.account)
        self.dynamodb = emulator.client("dynamodb", self.account)
        create(self.dynamodb)
        self.url = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.now = 1_795_467_600_000
        self.logged: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.left: list[str] = []
        self.desk = Desk(self.dynamodb, TABLE, RULES, lambda: self.now, patience=60)

    def run(self, *bodies: str, room: int = 10 * MINUTE) -> dict[str, Any]:
        dead = f"arn:aws:sqs:{REGION}:{self.account}:dead"
        subscriber = Subscriber(
            "rewards", self.desk.inbox, self.desk.effect_of,
            Quarantine(self.sqs, dead, "rewards"), self.acknowledge, self.logged.append,
            lambda: self.now,
        )  # fmt: skip
        subscriber.run([message(raw=body) for body in bodies], self.now + room, "request")
        return self.logged[-1]

    def acknowledge(self, done: Any, left: Any) -> None:
        self.done, self.left = ([one.raw for one in found] for found in (done, left))

    def balance(self, member: str = "loyalty:L") -> int:
        return self.desk.ledgers["shop"].account(member).balance

    def dead(self) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", ()))


@pytest.fixture
def function(emulator: Emulator) -> Function:
    return Function(emulator)


pytestmark = pytest.mark.emulator
SALE, RETURN = event(sold(1000)).body, event(back(400)).body
ELSEWHERE = event(sold(1000, merchant="elsewhere")).body


def test_each_event_of_a_batch_is_counted_by_what_became_of_it(function: Function) -> None:
    line = function.run(RETURN, SALE, SALE, ELSEWHERE, "{")
    told = {name: line[name] for name in ("in", "applied", "duplicate", "waiting", "ignored",
                                          "quarantined", "left")}  # fmt: skip
    assert told == {"in": 5, "applied": 1, "duplicate": 1, "waiting": 1, "ignored": 1,
                    "quarantined": 1, "left": 0}  # fmt: skip
    assert function.balance() == 6
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "subscriber"]]


def test_a_sale_costs_two_reads_and_one_transaction_and_a_tier_one_read_more(
    function: Function,
) -> None:
    for tiers, calls in (((), ["GetItem"] * 2), ((Tier("t", 1, 2),), ["GetItem"] * 2 + ["Query"])):
        rules = {"shop": Mechanics("EUR", "Europe/Berlin", tiers=tiers)}
        desk = Desk(function.dynamodb, TABLE, rules, lambda: function.now)
        news = told(event(sold(1000, id=f"with {len(tiers)} tiers")).body)
        with wire() as seen:
            desk.inbox.take(news, desk.effect_of(news))
        assert seen.calls == [*calls, "TransactWriteItems"]
        with wire() as seen:
            desk.inbox.take(news, desk.effect_of(news))
        assert seen.calls == ["GetItem"]  # a copy


def test_what_is_no_event_is_set_aside_with_its_reason(function: Function) -> None:
    spoiled = json.loads(SALE)
    spoiled["data"]["kind"] = "gift"
    function.run(json.dumps(spoiled), SALE)
    [letter] = function.dead()
    assert json.loads(letter["Body"])["id"] == json.loads(SALE)["id"]
    assert letter["MessageAttributes"]["code"]["StringValue"] == "bad_shape"
    assert "kind" in letter["MessageAttributes"]["reasons"]["StringValue"]
    assert function.balance() == 10


def test_what_aws_refuses_for_now_is_left_and_the_rest_is_done(function: Function) -> None:
    with wire(failing("TransactWriteItems", 3)), pytest.raises(Retry, match="1 of 2"):
        function.run(RETURN, SALE)
    assert (function.done, function.left) == ([SALE], [RETURN])
    assert (function.balance(), function.dead()) == (10, [])
    function.run(RETURN)
    assert function.balance() == 6


def test_what_can_not_be_set_aside_is_left(function: Function) -> None:
    with wire(failing("SendMessage")), pytest.raises(Retry):
        function.run("{", SALE)
    assert (function.done, function.left) == ([SALE], ["{"])


def test_nothing_is_begun_that_might_not_end_before_the_deadline(function: Function) -> None:
    with pytest.raises(Retry, match="1 of 1"):
        function.run(SALE, room=EVENT_MS - 1)
    assert accounts(function.dynamodb) == []


def test_a_return_whose_sale_never_comes_counts_alone_with_a_later_batch(
    function: Function,
) -> None:
    function.run(RETURN)
    assert function.run(ELSEWHERE)["released"] == 0
    function.now += MINUTE
    with wire(failing("TransactWriteItems", 3)):
        line = function.run(ELSEWHERE)
    assert (line["released"], line["overdue"]) == (0, 1)  # what the alarm looks at
    line = function.run(ELSEWHERE)
    assert (line["released"], line["overdue"]) == (1, 0)
    assert function.balance() == -4
    function.run(SALE)
    assert function.balance() == 6
