"""What an operator is told of returns that wait for their sale."""

import json
import time
from typing import Any

import pytest

from chalicelib.publish import event
from chalicelib.story import told
from ops.console.place import Stage, staged
from tests.operator import STAGE, Operator
from tests.test_mechanics import back

BOOKS = {"merchant": "elm-street-books", "vendor": "shopify"}
MARKET = {"merchant": "nordmarkt", "vendor": "poslog"}
DAY_MS = 86_400_000


class Clock:
    """What the rewards take for now."""

    def __init__(self) -> None:
        self.now = int(time.time() * 1000)

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rewards(operator: Operator, clock: Clock) -> Stage:  # noqa: ARG001 - it sets the account up
    return staged(STAGE, clock)


def take(rewards: Stage, **more: Any) -> None:
    news = told(event(back(1000, **more)).body)
    rewards.desk.inbox.take(news, rewards.desk.effect_of(news))


def test_nothing_waits_and_that_is_said(operator: Operator, rewards: Stage) -> None:
    take(rewards, original=None, **BOOKS)
    assert operator.run("waits", "--stage", STAGE) == (
        0, "nothing waits for its sale: every return and void has met its own",
    )  # fmt: skip
    assert "nothing of nordmarkt waits" in operator.run("waits", "nordmarkt", "--stage", STAGE)[1]
    assert operator.run("waits", "--json", "--stage", STAGE) == (0, "")


def test_what_waits_is_told_the_first_due_above_with_what_to_do(
    operator: Operator, rewards: Stage, clock: Clock
) -> None:
    clock.now -= DAY_MS
    take(rewards, id="refund:2", original="order:[red]2", **BOOKS)
    clock.now -= 4 * DAY_MS
    take(rewards, id="r1", original="0031/07/1", **MARKET)
    status, printed = operator.run("waits", "--stage", STAGE)
    assert status == 0
    assert printed.index("r1") < printed.index("refund:2")
    assert "order:[red]2" in printed
    assert "(overdue)" in printed
    assert "(in 1 d 23 h)" in printed
    assert "2 wait, the first due above all" in printed
    assert f"ops trace nordmarkt 0031/07/1 --stage {STAGE}" in printed
    assert f"the function tillbridge-{STAGE}-rewards isn't running, or fails" in printed
    printed = operator.run("waits", "elm-street-books", "--stage", STAGE)[1]
    assert "r1" not in printed.split()
    assert "overdue" not in printed
    assert "isn't running" not in printed


def test_machines_get_json(operator: Operator, rewards: Stage, clock: Clock) -> None:
    clock.now = 1_795_467_600_000
    for number in range(3):
        take(rewards, id=f"refund:{number}", original=f"order:{number}", **BOOKS)
    operator.capsys.readouterr()
    assert operator.run("waits", "nordmarkt", "--json", "--stage", STAGE) == (0, "")
    status, printed = operator.run("waits", "elm-street-books", "--json", "--stage", STAGE)
    lines = [json.loads(f"{{{part}}}") for part in printed[1:-1].split("} {")]
    assert status == 0
    assert sorted(one["subject"] for one in lines) == ["refund:0", "refund:1", "refund:2"]
    assert lines[0] | {"subject": "", "original": ""} == {
        "merchant": "elm-street-books", "source": "/tillbridge/elm-street-books/shopify",
        "subject": "", "original": "", "since": "2026-11-23T21:00:00+00:00",
        "due": "2026-11-26T21:00:00+00:00",
    }  # fmt: skip


def test_only_so_many_lines_are_shown_and_all_are_counted(
    operator: Operator, rewards: Stage
) -> None:
    for number in range(5):
        take(rewards, id=f"refund:{number}", original=f"order:{number}", **BOOKS)
    printed = operator.run("waits", "--limit", "2", "--stage", STAGE)[1]
    assert printed.count("refund:") == 2
    assert "5 wait" in printed


def test_what_can_not_be_looked_at_is_said_with_the_remedy(operator: Operator) -> None:
    status, printed = operator.run("waits", "--stage", "prod")
    assert (status, "is stage prod deployed?" in printed) == (2, True)
    status, printed = operator.run("waits", "no-such-shop", "--stage", STAGE)
    assert (status, "app.py has no merchant 'no-such-shop'; it has" in printed) == (2, True)
