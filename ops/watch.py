"""What watches a stage: alarms for each merchant, which a topic tells, and a dashboard."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.metrics import NAMESPACE, REFUSED_FILES
from ops.merchants import Declared
from ops.parts import Resource, arn

#: A message that waits so long is no busy hour any more.
WAITING_SECONDS = 900
#: Some vendors wait for five seconds, and call again.
SLOW_MS = 4_000
_MINUTES = 60
#: Failures come with every throttle and are tried again: those that go on for so long don't heal.
_LASTING = {"Period": 5 * _MINUTES, "EvaluationPeriods": 3, "DatapointsToAlarm": 3}
_AT_ONCE = {"Period": _MINUTES, "EvaluationPeriods": 1}
_ABOUT = {
    "dead": "something is set aside: python -m ops quarantine list",
    "waiting": "messages wait: is the function failing, or throttled?",
    "lost": "a message could not even be kept as a dead letter",
    "errors": "the function has failed for a quarter of an hour: see its log",
    "throttles": "the account's concurrency is used up: ask AWS for more",
    "files": "a file, or records of it, could not be read: see results/ in the inbox bucket",
    "overdue": "returns whose sale is unknown wait beyond their limit: see the log",
    "failing": "the door has answered 5xx for a quarter of an hour: see its function's log",
    "slow": "the door is too slow for some vendors: they give up, and call again",
    "conservation": "counts don't add up, a fault of Tillbridge's: please report it",
}
_WIDTH, _HEIGHT = 24, 5


@dataclass(frozen=True)
class Metric:
    """What an alarm looks at: it sounds above the threshold."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    threshold: int = 0
    lasting: bool = False


def alarms(one: Declared, stage: str) -> Iterator[tuple[str, Resource]]:
    """Yield a merchant's alarms under what they are about."""
    stem, name = f"tillbridge-{stage}", f"tillbridge-{stage}-{one.merchant.id}"
    mine = {"stage": stage, "merchant": one.merchant.id}
    queue = {"QueueName": one.source}
    yield "Dead", dead_letters(stem, f"{name}-dead")
    if one.kind == "sqs":
        age = Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", WAITING_SECONDS)
        yield "Waiting", _alarm(stem, f"{name}-waiting", _ABOUT["waiting"], age)
    else:
        function = {"FunctionName": f"{stem}-{one.function}"}
        lost = Metric("AWS/Lambda", "DestinationDeliveryFailures", function)
        yield "Lost", _alarm(stem, f"{name}-lost", _ABOUT["lost"], lost)
    yield from _failing(stem, one.function, name)
    unsound = Metric(NAMESPACE, "unconserved", mine)
    yield "Conservation", _alarm(stem, f"{name}-conservation", _ABOUT["conservation"], unsound)


def of_service(stem: str, function: str) -> Iterator[tuple[str, Resource]]:
    """Yield the alarms of a function that serves all merchants from the queue of its name."""
    name = f"{stem}-{function}"
    queue = {"QueueName": name}
    age = Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", WAITING_SECONDS)
    yield "Waiting", _alarm(stem, f"{name}-waiting", _ABOUT["waiting"], age)
    yield from _failing(stem, function, name)


def _failing(stem: str, function: str, name: str) -> Iterator[tuple[str, Resource]]:
    for measured in ("Errors", "Throttles"):
        dimensions, label = {"FunctionName": f"{stem}-{function}"}, measured.lower()
        metric = Metric("AWS/Lambda", measured, dimensions, lasting=True)
        yield measured, _alarm(stem, f"{name}-{label}", _ABOUT[label], metric)


def overdue(stage: str, subscriber: str) -> Resource:
    """Return the alarm of what waits for an original for longer than it should."""
    stem, mine = f"tillbridge-{stage}", {"stage": stage, "subscriber": subscriber}
    metric = Metric(NAMESPACE, "overdue", mine, "Maximum", lasting=True)
    return _alarm(stem, f"{stem}-{subscriber}-overdue", _ABOUT["overdue"], metric)


def door_alarms(stem: str) -> Iterator[tuple[str, Resource]]:
    """Yield the door's alarms under what they are about."""
    api = {"ApiName": stem}
    failing = Metric("AWS/ApiGateway", "5XXError", api, lasting=True)
    yield "Failing", _alarm(stem, f"{stem}-door-failing", _ABOUT["failing"], failing)
    slow = Metric("AWS/ApiGateway", "Latency", api, "p99", SLOW_MS, lasting=True)
    yield "Slow", _alarm(stem, f"{stem}-door-slow", _ABOUT["slow"], slow)


def dead_letters(stem: str, queue: str) -> Resource:
    """Return the alarm of a queue that should be empty."""
    waiting = Metric(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum"
    )
    return _alarm(stem, queue, _ABOUT["dead"], waiting)


def refused_files(stage: str) -> Resource:
    """Return the alarm of files that could not be taken apart, or not wholly."""
    stem = f"tillbridge-{stage}"
    refused = Metric(NAMESPACE, REFUSED_FILES, {"stage": stage})
    return _alarm(stem, f"{stem}-files-refused", _ABOUT["files"], refused)


def _alarm(stem: str, name: str, about: str, metric: Metric) -> Resource:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": about,
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": key, "Value": one} for key, one in metric.dimensions.items()],
            (
                "ExtendedStatistic" if metric.statistic.startswith("p") else "Statistic"
            ): metric.statistic,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": metric.threshold,
            # Silence is fine: nothing was sold, or nothing of that kind was counted.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [arn("sns", f"{stem}-alarms")],
            "OKActions": [arn("sns", f"{stem}-alarms")],
            **(_LASTING if metric.lasting else _AT_ONCE),
        },
    }


def dashboard(name: str, stage: str, merchants: Sequence[Declared]) -> Resource:
    """Return a dashboard with a row for each merchant."""
    widgets = [_row(at * _HEIGHT, stage, one) for at, one in enumerate(merchants)]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": name, "DashboardBody": {"Fn::Sub": body}},
    }


def _row(top: int, stage: str, one: Declared) -> dict[str, Any]:
    mine = ["stage", stage, "merchant", one.merchant.id]
    dead = f"tillbridge-{stage}-{one.merchant.id}-dead"
    metrics = [
        [NAMESPACE, "published", *mine],
        *([NAMESPACE, fate, *mine] for fate in ("duplicate", "quarantined", "left")),
        [NAMESPACE, "lag", *mine, {"stat": "p95", "yAxis": "right"}],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead, {"stat": "Maximum"}],
    ]
    properties = {"title": one.merchant.id, "metrics": metrics, "stat": "Sum", "period": 300,
                  "region": "${AWS::Region}"}  # fmt: skip
    return {"type": "metric", "x": 0, "y": top, "width": _WIDTH, "height": _HEIGHT,
            "properties": properties}  # fmt: skip
