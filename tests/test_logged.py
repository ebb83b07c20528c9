"""Logs of the embedded AWS, which answers with ten thousand events and no more."""

import time

import pytest

from ops.emulator import Emulator
from ops.logged import EVENTS_AN_ANSWER, Log, logged
from tests.world import _accounts


@pytest.mark.emulator
def test_every_event_of_a_long_log_is_told_once(emulator: Emulator) -> None:
    logs, group = emulator.client("logs", str(next(_accounts))), "/aws/lambda/busy"
    assert list(logged(logs, group)) == []
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    count, now = 2 * EVENTS_AN_ANSWER + 5_000, time.time_ns() // 1_000_000
    events = [{"timestamp": now + at // 7, "message": f"line {at}"} for at in range(count)]
    for first in range(0, count, EVENTS_AN_ANSWER):
        logs.put_log_events(
            logGroupName=group, logStreamName="one",
            logEvents=events[first : first + EVENTS_AN_ANSWER],
        )  # fmt: skip
    assert list(logged(logs, group)) == [event["message"] for event in events]


def test_counts_are_summed_and_invocations_that_told_nothing_are_known() -> None:
    texts = [
        "START RequestId: a Version: $LATEST",
        '{"request_id": "a", "in": 3, "published": 2, "left": 1, "conserved": true}',
        "END RequestId: a",
        "START RequestId: b Version: $LATEST",
        "END RequestId: b",
        "START RequestId: c Version: $LATEST",
        '{"request_id": "c", "in": 1, "duplicate": 1, "conserved": true}',
        'what a trace says of "conserved"',
    ]
    log = Log.of(texts)
    assert (log.silent, log.conserved, log.ended) == (1, True, 3)
    assert +log.counts == {"in": 4, "published": 2, "duplicate": 1, "left": 1}
    late = '{"request_id": "b", "in": 1, "left": 1, "conserved": false}'
    log = Log.of([*texts, late])
    assert (log.silent, log.conserved) == (0, False)
    assert log.since(Log.of(texts[:3])).counts["in"] == 2
