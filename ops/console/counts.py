"""What became of each merchant's transactions, over the last hour or day, bucket by bucket.

On AWS the functions' log lines have become CloudWatch metrics.  The emulator makes none of them, so
there the lines themselves are read.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.calls import batches, in_parallel
from chalicelib.metrics import NAMESPACE
from chalicelib.tally import Fate
from ops.aws import client
from ops.console.place import Stage
from ops.merchants import Declared
from ops.resources import function_name

FATES = tuple(map(str, Fate))
_COUNTED = ("in", *FATES, "unconserved")
_QUERIES_A_CALL = 500


@dataclass(frozen=True)
class Window:
    """So much time up to now, in buckets of `period` seconds."""

    name: str
    seconds: int
    period: int


WINDOWS = {one.name: one for one in (Window("hour", 3600, 60), Window("day", 86_400, 900))}


@dataclass
class Activity:
    """What a merchant's function told in a window; `lags` are each bucket's p95, in ms."""

    start_ms: int
    window: Window
    buckets: list[Counter[str]] = field(default_factory=list)
    lags: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.buckets = [Counter() for _ in range(self.window.seconds // self.window.period)]

    @property
    def totals(self) -> Counter[str]:
        return sum(self.buckets, Counter())

    @property
    def lag(self) -> int | None:
        """The p95 of the time from sale to publishing, in the worst bucket."""
        return max(self.lags.values(), default=None)

    @property
    def conserved(self) -> bool:
        """In = published + duplicate + superseded + ignored + quarantined + left."""
        totals = self.totals
        return totals["in"] == sum(totals[fate] for fate in FATES) and not totals["unconserved"]

    @property
    def last_ms(self) -> int | None:
        """When something last came to an end, at the latest."""
        ended = [at for at, one in enumerate(self.buckets) if one["in"] > one["left"]]
        return self.at(ended[-1] + 1) if ended else None

    def at(self, bucket: int) -> int:
        """Return when a bucket begins, in ms since 1970."""
        return self.start_ms + bucket * self.window.period * 1000

    def place(self, ms: int) -> int | None:
        """Return the bucket of a moment; None if it lies outside."""
        found = (ms - self.start_ms) // (self.window.period * 1000)
        return found if 0 <= found < len(self.buckets) else None


def activity(stage: Stage, merchants: Sequence[Declared], window: Window) -> dict[str, Activity]:
    """Return what became of each merchant's transactions, by the merchant's id."""
    step = window.period * 1000
    end = -(-stage.now_ms() // step) * step
    found = {one.merchant.id: Activity(end - window.seconds * 1000, window) for one in merchants}
    read = _from_logs if stage.emulated else _from_metrics
    read(stage, merchants, found)
    return found


def _from_logs(stage: Stage, merchants: Sequence[Declared], found: dict[str, Activity]) -> None:
    def read(one: Declared) -> None:
        into = found[one.merchant.id]
        lags: dict[int, list[int]] = {}
        for line in _lines(stage, one, into.start_ms):
            bucket = into.place(line["_aws"]["Timestamp"])
            if bucket is not None:
                told = {name: line[name] for name in _COUNTED if line[name]}
                into.buckets[bucket].update(told)
                lags.setdefault(bucket, []).extend(line.get("lag", ()))
        into.lags = {at: _p95(values) for at, values in lags.items() if values}

    _raised(in_parallel(read, merchants))


def _lines(stage: Stage, one: Declared, since: int) -> Iterator[dict[str, Any]]:
    logs = client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function_name(stage.name, one)}",
        startTime=since,
        filterPattern='"conserved"',
    )
    try:
        for page in pages:
            for event in page["events"]:
                if event["message"].startswith("{"):
                    yield json.loads(event["message"])
    except logs.exceptions.ResourceNotFoundException:
        return


def _p95(values: list[int]) -> int:
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


def _from_metrics(stage: Stage, merchants: Sequence[Declared], found: dict[str, Activity]) -> None:
    wanted = [(one.merchant.id, name) for one in merchants for name in (*_COUNTED, "lag")]

    def read(part: list[tuple[str, str]]) -> None:
        first = found[part[0][0]]
        pages = client("cloudwatch").get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(f"q{at}", stage, *one, first.window.period)
                               for at, one in enumerate(part)],
            StartTime=first.start_ms / 1000,
            EndTime=first.at(len(first.buckets)) / 1000,
        )  # fmt: skip
        for page in pages:
            for result in page["MetricDataResults"]:
                merchant, name = part[int(result["Id"][1:])]
                _enter(found[merchant], name, result)

    _raised(in_parallel(read, list(batches(wanted, _QUERIES_A_CALL))))


def _query(name: str, stage: Stage, merchant: str, metric: str, period: int) -> dict[str, Any]:
    mine = {"stage": stage.name, "merchant": merchant}
    dimensions = [{"Name": key, "Value": value} for key, value in mine.items()]
    named = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    stat = "p95" if metric == "lag" else "Sum"
    return {"Id": name, "MetricStat": {"Metric": named, "Period": period, "Stat": stat}}


def _enter(into: Activity, name: str, result: dict[str, Any]) -> None:
    for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
        bucket = into.place(int(moment.timestamp() * 1000))
        if bucket is None:
            continue
        if name == "lag":
            into.lags[bucket] = round(value)
        else:
            into.buckets[bucket][name] += round(value)


def _raised(answers: Sequence[Exception | None]) -> None:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
