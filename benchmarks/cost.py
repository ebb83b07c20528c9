"""What it costs, by list prices: `python -m benchmarks.cost --help`.

Lambda's duration follows from the CPU that `make bench` measured: it is what is waited for and
computed, or what is computed at the memory's share of a CPU, whichever is longer.
"""

import argparse
import itertools
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.meter import LATENCY
from benchmarks.rounds import MB_A_CPU

HERE = Path(__file__).parent
PRICES = json.loads((HERE / "prices.json").read_text())
MEASURED = json.loads((HERE / "measured.json").read_text())
MILLION = 1_000_000
_MONTH = 30.4 * 24 * 3600
#: A queue that triggers a function is asked by five pollers, every 20 seconds, if it is empty.
POLLS = 5 * _MONTH / 20
#: Of a merchant with a queue: its alarms, and the metrics it keeps busy (in, published, lag).
ALARMS, METRICS = 5, 3
#: Transactions a call: PublishBatch and SQS take 10, BatchExecuteStatement 25.
ENTRIES, STATEMENTS = 10, 25
#: Bytes of log an invocation: ours, and Lambda's own lines.
LOG_BYTES = 1500


@dataclass(frozen=True)
class Usage:
    """What a month is like.  `transactions` are of all merchants together."""

    transactions: float = MILLION
    #: Transactions an invocation gets, on average.
    batch: float = 10
    #: Share of them that has been seen before, and by another container.
    duplicates: float = 0
    memory: int = 256
    merchants: int = 1
    #: Queues that functions are triggered by: one a merchant, or fewer; none if all send by topic.
    queues: int = 1


def milliseconds(usage: Usage) -> float:
    """Return how long an invocation takes, billed."""
    dynamodb, sns = LATENCY["dynamodb"] * 1000, LATENCY["sns"] * 1000
    new = usage.batch * (1 - usage.duplicates)
    seen = usage.batch - new
    # Calls of one step are made at once: a step waits for one.
    waits = dynamodb + (sns + dynamodb if new else 0) + (2 * dynamodb if seen else 0)
    cpu = _cpu("new", usage.batch) * (1 - usage.duplicates)
    cpu += _cpu("duplicate", usage.batch) * usage.duplicates
    return max(waits + cpu, cpu / min(usage.memory / MB_A_CPU, 1))


def per_million(usage: Usage, duration: float = 0) -> dict[str, float]:
    """Return dollars by service for a million transactions; `duration` is an invocation's, ms."""
    invocations = MILLION / usage.batch
    seconds = (duration or milliseconds(usage)) / 1000
    new = usage.batch * (1 - usage.duplicates)
    seen = usage.batch - new
    writes = usage.batch + (1 if new else 0)
    reads = 2 * seen  # the claim and, at worst, a marker for each
    # Received and deleted.  What comes by topic is neither.
    received = 2 * math.ceil(usage.batch / ENTRIES) if usage.queues else 0
    return {
        "Lambda": invocations * seconds * usage.memory / 1024 * PRICES["lambda_gb_second"]
        + invocations / MILLION * PRICES["lambda_million_requests"],
        "DynamoDB": invocations / MILLION * (writes * PRICES["dynamodb_million_write_units"]
                                             + reads * PRICES["dynamodb_million_read_units"]),
        "SNS": invocations / MILLION * math.ceil(new / ENTRIES) * PRICES["sns_million_requests"],
        "SQS": invocations / MILLION * received * PRICES["sqs_million_requests"],
    }  # fmt: skip


def monthly(usage: Usage) -> dict[str, float]:
    """Return dollars a month by what they are for, what is idle included."""
    used = sum(per_million(usage).values()) * usage.transactions / MILLION
    invocations = usage.transactions / usage.batch
    return {
        "transactions": used,
        "logs": invocations * LOG_BYTES / 1e9 * PRICES["logs_gb"],
        "polling": usage.queues * POLLS / MILLION * PRICES["sqs_million_requests"],
        "metrics": usage.merchants * METRICS * PRICES["metric_month"],
        "alarms": usage.merchants * ALARMS * PRICES["alarm_month"],
    }


def _cpu(kind: str, batch: float) -> float:
    """Return the CPU milliseconds of a batch, between those that were measured."""
    points: Mapping[str, float] = MEASURED[kind]
    known = sorted((int(size), cpu) for size, cpu in points.items())
    for (size, cpu), (larger, more) in itertools.pairwise(known):
        if batch <= larger:
            return cpu + (more - cpu) * (batch - size) / (larger - size)
    size, cpu = known[-1]
    return cpu * batch / size


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a month of that kind costs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    for name, kind, text in (
        ("transactions", float, "a month, all merchants together (default: %(default)s)"),
        ("batch", float, "transactions an invocation gets (default: %(default)s)"),
        ("duplicates", float, "share of resends that come to another container, 0 to 1"),
        ("memory", int, "MB of a function (default: %(default)s)"),
        ("merchants", int, "merchants (default: %(default)s)"),
        ("queues", int, "queues they send to (default: one each)"),
    ):
        default = 0 if name == "queues" else getattr(Usage, name)
        parser.add_argument(f"--{name}", type=kind, default=default, help=text)
    options = vars(parser.parse_args(arguments))
    usage = Usage(**options | {"queues": options["queues"] or options["merchants"]})
    table = Table("a month", "$", box=SIMPLE_HEAD)
    costs = monthly(usage)
    for name, dollars in {**costs, "all": sum(costs.values())}.items():
        table.add_row(name, f"{dollars:,.2f}")
    console = Console()
    console.print(table)
    each = per_million(usage)
    told = ", ".join(f"{name} {dollars:.3f}" for name, dollars in each.items())
    console.print(f"A million transactions: ${sum(each.values()):.2f} ({told}).")
    console.print(f"Prices: {PRICES['region']}, {PRICES['as_of']}; {PRICES['source']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
