"""The app as it is deployed, and the check that judges it."""

import copy
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from chalicelib.sanitise import personal
from ops.check import Found, failures, wrong_points
from ops.day import CARDS, Day, trading
from ops.emulator import Emulator, refuse_unless_loopback
from ops.merchants import load
from ops.points import account, owed
from ops.summary import table
from ops.tills import Sale, square_payment
from tests.wire.shop import deployed


def judged(day: Day) -> Found:
    """What would be found if all went well, without any emulator."""
    events = [
        {"data": {"merchant": day.merchant, "id": name, "total": cents[-1]}}
        for name, cents in day.expected.items()
    ]
    bad = day.sent["malformed"]
    counts = Counter({"in": day.sent.total(), "published": len(events), "quarantined": bad})
    return Found(
        counts={day.merchant: counts},
        events=events,
        dead=Counter({day.merchant: bad}),
        texts={"logs": ["nothing to see"]},
    )


@pytest.fixture
def day() -> Day:
    return trading(200)[0]


def test_a_good_day_passes(day: Day) -> None:
    assert failures([day], judged(day)) == []


def test_a_lost_transaction_is_noticed(day: Day) -> None:
    found = judged(day)
    found.events.pop()
    assert "never reached the subscriber" in "".join(failures([day], found))


def test_a_transaction_that_came_twice_is_noticed(day: Day) -> None:
    found = judged(day)
    found.events.append(copy.deepcopy(found.events[0]))
    assert "twice" in "".join(failures([day], found))


def test_an_older_revision_in_place_of_the_newest_is_noticed(day: Day) -> None:
    found = judged(day)
    name, cents = next((n, c) for n, c in day.expected.items() if len(c) > 1)
    for event in found.events:
        if event["data"]["id"] == name:
            event["data"]["total"] = cents[0]
    assert "never reached the subscriber" in "".join(failures([day], found))


def test_a_card_number_is_noticed_however_it_is_written(day: Day) -> None:
    for number in (CARDS[0], " ".join(CARDS[0][at : at + 4] for at in (0, 4, 8, 12))):
        found = judged(day)
        found.texts["logs"].append(f"card {number} used")
        assert failures([day], found) == ["a card number is in the logs"]


def test_counts_that_are_too_low_are_noticed_unless_the_emulator_lost_lines(day: Day) -> None:
    found = judged(day)
    found.counts[day.merchant] -= Counter({"in": 12, "published": 10, "quarantined": 2})
    assert len(failures([day], found)) == 3
    found.silent[day.merchant] = 2
    assert failures([day], found) == []
    assert "lost log lines of 2 invocations" in str(table([day], found).caption)
    found.events.pop()
    assert "never reached" in "".join(failures([day], found))


@pytest.mark.parametrize("fate", ["in", "published", "quarantined"])
def test_counts_that_are_too_high_are_noticed_whatever_was_lost(day: Day, fate: str) -> None:
    found = judged(day)
    found.silent[day.merchant] = 1
    found.counts[day.merchant][fate] += 1
    assert len(failures([day], found)) == 1


def test_points_that_are_not_those_of_the_purchases_are_noticed() -> None:
    due = owed(trading(300), load("local").REWARDS)
    assert {merchant for merchant, _ in due} == {"elm-street-books", "nordmarkt"}
    assert wrong_points(due, Found(points=dict(due))) == []
    someone = next(who for who, points in due.items() if points)
    spoiled = Found(points=due | {someone: due[someone] - 1}, unbalanced=1, unrewarded=1)
    assert len(wrong_points(due, spoiled)) == 3
    missing = Found(points={who: points for who, points in due.items() if who != someone})
    assert len(wrong_points(due, missing)) == 1


def test_a_members_account_is_named_as_the_relay_hashes_addresses() -> None:
    key = hmac.digest(b"secret", b"shop", "sha256")
    assert account("shop", "a@b.c", "secret") == f"email:{personal('a@b.c', 'hash', key)}"
    assert account("shop", "NM1", "secret") == "loyalty:NM1"


def test_the_same_seed_makes_the_same_day() -> None:
    assert trading(300) == trading(300)
    assert trading(300) != trading(300, seed=2)


def test_an_endpoint_beyond_this_machine_is_refused() -> None:
    for endpoint in ("https://sqs.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "http://evil"):
        with pytest.raises(SystemExit):
            refuse_unless_loopback(endpoint)
    refuse_unless_loopback("http://127.0.0.1:4566")


def ops(*arguments: str, **how: object) -> "subprocess.Popen[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how,
    )  # fmt: skip


@pytest.mark.emulator
def test_the_deployed_app_brings_a_days_trading_to_its_end() -> None:
    process = ops("run", "--count", "300")
    out, error = process.communicate(timeout=240)
    assert process.returncode == 0, out + error
    assert "none of them twice" in out.replace("\n", " ")
    assert "Members' points" in out


@pytest.mark.emulator
def test_an_interrupted_run_leaves_nothing_running() -> None:
    process = ops("run", "--count", "1000")
    assert process.stdout
    assert "emulator" in process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    [emulator] = children.read_text().split()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not Path(f"/proc/{emulator}").exists()


@pytest.mark.emulator
def test_more_merchants_are_deployed_than_fit_into_one_call(emulator: Emulator) -> None:
    shop = deployed(emulator, "many", [f"shop-{number}" for number in range(12)])
    shop.send("shop-11", [square_payment(Sale(1, 100))])
    give_up = time.monotonic() + 60
    while not shop.left("rewards") and time.monotonic() < give_up:
        time.sleep(0.1)
    assert shop.left("rewards") == 1


def test_a_payload_is_adapted_without_aws(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(square_payment(Sale(1, 1050)))
    bad.write_text("{")
    process = ops("adapt", "--vendor", "square", str(good), str(bad))
    out, error = process.communicate(timeout=60)
    assert json.loads(out)["total"] == 1050
    assert error.strip() == f"rejected: {bad}#0: not_json: the body is not JSON"
    assert process.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("adapt", "--vendor", "abacus", "x"),
        ("adapt", "--vendor", "square", "no-such-file"),
        ("adapt", "--vendor", "square", "--timezone", "Mars/Base", "README.md"),
        ("run", "--count", "1"),
        (),
    ],
)
def test_a_usage_error_says_so_and_exits_with_two(arguments: tuple[str, ...]) -> None:
    process = ops(*arguments)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert error
    assert "Traceback" not in error


def test_resources_are_a_template_that_names_the_stage() -> None:
    out, _ = ops("resources", "--stage", "prod").communicate(timeout=60)
    assert "tillbridge-prod-harbour-coffee" in out
    assert json.loads(out)["Resources"]["Table"]["Type"] == "AWS::DynamoDB::Table"
