"""CloudWatch metrics in the embedded format: log lines that CloudWatch counts by itself.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
A count of nothing is no metric: CloudWatch charges by the metric, and alarms know what silence is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAMESPACE = "Tillbridge"
DIMENSIONS = ("stage", "merchant")
COUNTS = ("in", "published", "duplicate", "superseded", "ignored", "quarantined", "left",
          "discrepancies", "unconserved")  # fmt: skip
REFUSED_FILES = "refused_files"
#: A metric holds so many values at most.
MOST_VALUES = 100


def embedded(line: Mapping[str, Any], lags: Sequence[int], now_ms: int) -> Iterator[dict[str, Any]]:
    """Yield a line for each code of quarantine, and then the log line with its metrics.

    `lags` are milliseconds from a sale to its publishing.
    """
    for code, count in line["codes"].items():
        by_code = {"merchant": line["merchant"], "code": code, "quarantined": count}
        yield by_code | directive((*DIMENSIONS, "code"), {"quarantined": "Count"}, now_ms)
    units = {name: "Count" for name in COUNTS if line[name]}
    told = dict(line)
    if lags:
        told["lag"] = _sampled(sorted(lags))
        units["lag"] = "Milliseconds"
    yield told | directive(DIMENSIONS, units, now_ms)


def of_file(told: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    """Return the log line of what became of a file, counted if any of it was refused."""
    if told["state"] != "refused" and not (told["state"] == "done" and told["refused"]):
        return dict(told)
    units = {REFUSED_FILES: "Count"}
    return {**told, REFUSED_FILES: 1} | directive(DIMENSIONS[:1], units, now_ms)


def of_door(line: Mapping[str, Any], ended: str, now_ms: int) -> dict[str, Any]:
    """Return the log line of a call at the door, with how it ended as a metric: `door_<ended>`."""
    name = f"door_{ended}"
    return {**line, name: 1} | directive(DIMENSIONS, {name: "Count"}, now_ms)


def _sampled(values: list[int]) -> list[int]:
    """Return the values, or as many as may be, the greatest among them."""
    step = -(-len(values) // MOST_VALUES)
    return values[::-step][::-1]


def directive(dimensions: Sequence[str], units: Mapping[str, str], now_ms: int) -> dict[str, Any]:
    """Return what makes metrics of a log line: those fields of it that `units` names."""
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    found = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": metrics}
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [found]}}
