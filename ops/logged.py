"""What functions of the embedded AWS have logged: it answers with part of it, and has no pages."""

from collections.abc import Iterator
from typing import Any

#: It answers with so many events at most.
EVENTS_AN_ANSWER = 10_000


def logged(logs: Any, group: str) -> Iterator[str]:
    """Yield what was written to a log group, each event once; nothing if nobody made the group.

    The last millisecond of a full answer is asked for again, as it may go on.
    """
    start = 0
    while len(events := _events(logs, group, start)) == EVENTS_AN_ANSWER:
        last = events[-1]["timestamp"]
        yield from (event["message"] for event in events if event["timestamp"] < last)
        if last == start:
            raise RuntimeError(f"{group} has more events of one millisecond than can be told")
        start = last
    yield from (event["message"] for event in events)


def _events(logs: Any, group: str, start: int) -> list[dict[str, Any]]:
    try:
        answer = logs.filter_log_events(logGroupName=group, startTime=start, limit=EVENTS_AN_ANSWER)
    except logs.exceptions.ResourceNotFoundException:
        return []
    found: list[dict[str, Any]] = answer["events"]
    return found
