"""What the console counts, and when it says that something is stuck."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import replace

import pytest

from chalicelib.errors import Misconfigured
from ops import aws, collect
from ops.console import counts, queues, words
from ops.console.command import _bound
from ops.console.counts import WINDOWS, Activity, activity
from ops.console.place import Stage, staged
from ops.console.plot import plot
from ops.console.queues import Depth, Watch, depths, stuck
from ops.console.render import HOME
from ops.emulator import ACCOUNT, Emulator
from ops.tills import Sale, square_payment
from tests.hands import Hands
from tests.operator import STAGE, Operator
from tests.test_console import BAD

HOUR = WINDOWS["hour"]


@pytest.fixture
def stage(operator: Operator) -> Stage:
    assert operator
    return staged(STAGE)


def test_counts_are_those_of_the_log_lines(operator: Operator, stage: Stage) -> None:
    sale = square_payment(Sale(1, 100))
    Hands(operator, stage).sell("harbour-coffee", sale, sale, '{"x": 1}', "{")
    found = activity(stage, stage.merchants, HOUR)["harbour-coffee"]
    told = {"in": 4, "published": 1, "duplicate": 1, "quarantined": 2}
    assert {name: found.totals[name] for name in told} == told
    assert found.conserved
    assert found.lag is not None
    assert abs((found.last_ms or 0) - stage.now_ms()) <= HOUR.period * 1000
    drawn = plot(found)
    assert (drawn.most, {mark.kind for mark in drawn.marks}) == (1, {"quarantined"})
    assert activity(stage, stage.merchants, HOUR)["nordmarkt"].totals["in"] == 0


def test_counts_on_aws_are_those_of_cloudwatch(stage: Stage) -> None:
    mine = [{"Name": "stage", "Value": STAGE}, {"Name": "merchant", "Value": "nordmarkt"}]
    values = {"in": 5, "published": 3, "quarantined": 2, "lag": 1500}
    data = [
        {"MetricName": name, "Dimensions": mine, "Timestamp": time.time() - 90, "Value": value}
        for name, value in values.items()
    ]
    aws.client("cloudwatch").put_metric_data(Namespace="Tillbridge", MetricData=data)
    found = activity(replace(stage, emulated=False), stage.merchants, HOUR)["nordmarkt"]
    assert found.totals == Counter({"in": 5, "published": 3, "quarantined": 2})
    assert (found.lag, found.conserved) == (1500, True)


def test_counts_that_dont_add_up_are_said_to_be_so() -> None:
    one = Activity(0, HOUR)
    one.buckets[3].update({"in": 5, "published": 4})
    assert not one.conserved
    one.buckets[3]["left"] += 1
    assert one.conserved
    one.buckets[4]["unconserved"] = 1
    assert not one.conserved


def test_the_worst_five_in_a_hundred_are_left_out() -> None:
    assert counts._p95(list(range(1, 101))) == 95
    assert counts._p95([7]) == 7


def ended(stage: Stage, seconds: int) -> dict[str, Activity]:
    """Every merchant's activity, where something last ended so many seconds ago."""
    one = Activity(stage.now_ms() - seconds * 1000 - 60_000, HOUR)
    one.buckets[0].update({"in": 1, "published": 1})
    return {each.merchant.id: one for each in stage.merchants}


MINUTE = 60_000


@pytest.mark.parametrize(
    ("depth", "emulated", "since_s", "is_stuck"),
    [
        (Depth(0, 0), True, 9_999, False),
        (Depth(3, 0, 3 * MINUTE), True, 9_999, True),
        (Depth(3, 0, 1 * MINUTE), True, 9_999, False),  # not seen for long enough
        (Depth(3, 0, 3 * MINUTE), True, 10, False),  # others come to an end meanwhile
        (Depth(0, 3, None), True, 9_999, False),  # a worker has them
        (Depth(3, 0, 10 * MINUTE), False, 9_999, False),  # a busy hour
        (Depth(3, 0, 16 * MINUTE), False, 10, True),
    ],
)
def test_when_a_queue_is_stuck(depth: Depth, emulated: bool, since_s: int, is_stuck: bool) -> None:
    stage = replace(staged(STAGE), emulated=emulated, subscribers=())
    found = stuck(stage, {"nordmarkt": depth}, ended(stage, since_s))
    assert [one.text.partition(":")[0] for one in found] == (["nordmarkt"] if is_stuck else [])
    assert all("doctor" in one.remedy for one in found)


def test_what_subscribers_could_not_take_is_stuck_as_well(stage: Stage) -> None:
    found = stuck(stage, {"rewards-dead": Depth(2, 0, 5)}, {})
    assert [one.text for one in found] == [
        "rewards: 2 events lie among its dead letters, and have no effect"
    ]


def test_how_long_something_waits_is_seen_where_nobody_tells() -> None:
    watch = Watch()
    seen = [watch.seen("q", waiting, at) for at, waiting in enumerate((2, 2, 3, 1, 1, 0, 1))]
    assert seen == [0, 1, 2, 0, 1, None, 0]


def test_depths_are_those_of_the_queues(operator: Operator, stage: Stage) -> None:
    operator.set_aside("night-market", "{}", BAD)
    url = operator.url("nordmarkt")
    for _ in range(3):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    aws.client("sqs").receive_message(QueueUrl=url)
    found = depths(stage, Watch())
    assert (found["nordmarkt"].waiting, found["nordmarkt"].taken) == (2, 1)
    assert found["night-market-dead"].waiting == 1
    assert "night-market" not in found  # a topic, and no queue
    assert found["archive"] == Depth(0, 0)
    assert queues.QUIET_SECONDS


def test_the_days_check_leaves_quarantine_as_it_is(emulator: Emulator, stage: Stage) -> None:
    sqs = emulator.client("sqs", ACCOUNT)
    url = sqs.create_queue(QueueName="tillbridge-local-sakura-bakery-dead")["QueueUrl"]
    attributes = {"rejected": {"DataType": "String", "StringValue": "2"}}
    sqs.send_message(QueueUrl=url, MessageBody="{", MessageAttributes=attributes)
    for _ in range(2):
        [letter] = collect.aside(sqs, stage.merchant("sakura-bakery"))
        assert letter.rejected == 2
    sqs.delete_queue(QueueUrl=url)


def test_words() -> None:
    spans = (None, 340, 12_000, 185_000, 3_600_000, 187_200_000)
    assert [words.span(ms) for ms in spans] == [
        "\N{EN DASH}",
        "340 ms",
        "12 s",
        "3 min 5 s",
        "1 h",
        "2 d 4 h",
    ]
    assert words.plain("a\u202eb\x00\n<") == "a\\u202eb\\u0000\n<"
    assert words.money(-1205, 2, "EUR") == "-12.05 EUR"
    assert words.money(1205, 0, "JPY") == "1,205 JPY"


def test_a_port_that_is_taken_is_said_to_be_so() -> None:
    with _bound(0) as first, pytest.raises(Misconfigured, match="--port"):
        _bound(first.getsockname()[1])


def test_it_listens_on_loopback_only_and_stops_cleanly(emulator: Emulator) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", "console", "--port", "0"],
        env={"PATH": os.environ["PATH"], **emulator.environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert emulator.endpoint in process.stdout.readline()
    address = process.stdout.readline().split()[1]
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{address}help") as answer:  # noqa: S310 - loopback
        assert b"Keys and help" in answer.read()
    port = int(address.rpartition(":")[2].strip("/"))
    for other in {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None)}:
        if not other.startswith("127.") and ":" not in other:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((other, port), timeout=5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (0, "")
    assert "nothing is left running" in out


def luminance(colour: str) -> float:
    """Return how bright a colour is, by WCAG 2."""
    digits = colour.lstrip("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    light = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), light, strict=True))


def test_texts_stand_out_from_what_is_behind_them_by_day_and_by_night() -> None:
    sheet = (HOME / "static" / "console.css").read_text()
    schemes = re.findall(r":root \{([^}]*--ink[^}]*)\}", sheet)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#\w+)", scheme))
        for text, behind in (
            *((text, back) for text in ("ink", "quiet", "accent") for back in
              ("paper", "card", "accent-soft", "good-soft", "bad-soft")),
            ("good", "good-soft"), ("bad", "bad-soft"), ("good", "card"), ("bad", "card"),
            ("paper", "accent"), ("paper", "bad"), ("amber", "card"),
        ):  # fmt: skip
            pair = sorted((luminance(colours[text]), luminance(colours[behind])))
            contrast = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert contrast >= 4.5, (text, behind, round(contrast, 2))
