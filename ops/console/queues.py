"""How many messages wait where, for how long, and whether that means that something is stuck."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from chalicelib.calls import batches, in_parallel
from chalicelib.desk import CONSUMER
from chalicelib.errors import Misconfigured
from ops.aws import client
from ops.console.counts import Activity
from ops.console.place import Stage
from ops.console.words import span
from ops.watch import WAITING_SECONDS

#: Where CloudWatch doesn't tell a message's age: so long must a queue be seen to stand still.
QUIET_SECONDS = 120
_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True)
class Depth:
    """What is in a queue: `waiting` for a worker, `taken` by one (or looked at)."""

    waiting: int = 0
    taken: int = 0
    #: The age of the oldest, or for how long it was seen to wait; in ms, None if not known.
    age_ms: int | None = None


@dataclass(frozen=True)
class Finding:
    """One clear sentence about something that won't go on by itself, and what to do about it."""

    text: str
    remedy: str
    where: str = ""


@dataclass
class Watch:
    """Remembers since when queues have not grown shorter: SQS doesn't tell how long one waits."""

    _since: dict[str, tuple[int, int]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def seen(self, name: str, waiting: int, now_ms: int) -> int | None:
        """Return for how long messages have been seen to wait, in ms."""
        with self._lock:
            if not waiting:
                self._since.pop(name, None)
                return None
            since, least = self._since.get(name, (now_ms, waiting))
            self._since[name] = (now_ms, waiting) if waiting < least else (since, least)
            return now_ms - self._since[name][0]


def depths(stage: Stage, watch: Watch) -> dict[str, Depth]:
    """Return the depth of every queue of the stage, by its name without the prefix."""
    names = [name for each in _named(stage) for name in (each, f"{each}-dead")]
    topics = {one.merchant.id for one in stage.merchants if one.kind == "sns"}
    names = [*(name for name in names if name not in topics), "undelivered"]
    found: dict[str, Depth] = {}
    ages = {} if stage.emulated else _ages(stage, names)
    for name, counts in zip(names, in_parallel(lambda one: _depth(stage, one), names), strict=True):
        if isinstance(counts, Exception):
            raise counts
        seen = watch.seen(name, counts[0], stage.now_ms())
        found[name] = Depth(*counts, ages.get(name, seen) if counts[0] else None)
    return found


def _named(stage: Stage) -> Iterable[str]:
    yield from (one.merchant.id for one in stage.merchants)
    yield from stage.subscribers


def _depth(stage: Stage, name: str) -> tuple[int, int]:
    sqs, full = client("sqs"), f"{stage.prefix}-{name}"
    try:
        url = sqs.get_queue_url(QueueName=full)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist as fault:
        remedy = f"deploy stage {stage.name} first, or start the console with another --stage"
        raise Misconfigured(f"there is no queue {full}: {remedy}") from fault
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    waiting, taken = (int(told[count]) for count in _COUNTS)
    return waiting, taken


def _ages(stage: Stage, names: list[str]) -> dict[str, int]:
    """Return how old each queue's oldest message is, in ms, as CloudWatch last told."""
    end = stage.now_ms() / 1000
    ages: dict[str, int] = {}
    for part in batches(names, 500):
        queries = [_age_query(f"q{at}", f"{stage.prefix}-{name}") for at, name in enumerate(part)]
        paginator = client("cloudwatch").get_paginator("get_metric_data")
        pages = paginator.paginate(
            MetricDataQueries=queries, StartTime=end - 600, EndTime=end,
            ScanBy="TimestampDescending",
        )  # fmt: skip
        for page in pages:
            for result in page["MetricDataResults"]:
                if result["Values"]:
                    ages[part[int(result["Id"][1:])]] = round(result["Values"][0] * 1000)
    return ages


def _age_query(name: str, queue: str) -> dict[str, Any]:
    dimensions = [{"Name": "QueueName", "Value": queue}]
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage",
              "Dimensions": dimensions}  # fmt: skip
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}


def stuck(stage: Stage, queues: Mapping[str, Depth], done: Mapping[str, Activity]) -> list[Finding]:
    """Return what won't go on by itself, the worst first; nothing if all is well."""
    found = [
        Finding(f"{name}: the counts don't add up", "this is a fault of Tillbridge's: please report"
                " it with the lines of the function's log", f"/merchants/{name}")
        for name, one in done.items() if not one.conserved
    ]  # fmt: skip
    unasked = {one.merchant.id for one in stage.merchants} - done.keys()
    for name in _named(stage):
        depth = Depth() if name in unasked else queues.get(name, Depth())
        if _still(depth, done.get(name), stage):
            text = f"{name}: {_messages(depth.waiting)} waited for {span(depth.age_ms)}"
            look = f"python -m ops doctor --stage {stage.name}; then the function's log"
            found.append(Finding(text, look, f"/merchants/{name}" if name in done else ""))
    return [*found, *_subscribers(stage, queues), *_overdue(stage)]


def _still(depth: Depth, done: Activity | None, stage: Stage) -> bool:
    """Tell whether a queue has stood still for too long."""
    if not depth.waiting or depth.age_ms is None:
        return False
    if not stage.emulated:
        return depth.age_ms > WAITING_SECONDS * 1000
    quiet = stage.now_ms() - ((done and done.last_ms) or 0)
    return min(depth.age_ms, quiet) > QUIET_SECONDS * 1000


def _subscribers(stage: Stage, queues: Mapping[str, Depth]) -> Iterable[Finding]:
    for name in (*stage.subscribers, "undelivered"):
        dead = name if name == "undelivered" else f"{name}-dead"
        if waiting := queues.get(dead, Depth()).waiting:
            text = f"{name}: {waiting} events lie among its dead letters, and have no effect"
            yield Finding(text, f"look at them in the queue {stage.prefix}-{dead}")


def _overdue(stage: Stage) -> Iterable[Finding]:
    if CONSUMER in stage.subscribers and (late := stage.desk.inbox.overdue()):
        since = span(stage.now_ms() - late[0].due)
        text = f"{CONSUMER}: {len(late)} returns wait for their sale, {since} beyond their limit"
        look = f"the next batch of {CONSUMER} releases them; if none does, see its log"
        yield Finding(text, look, f"/search?{urlencode({'q': late[0].subject})}")


def _messages(count: int) -> str:
    return "1 message has" if count == 1 else f"{count:,} messages have"
