"""End to end on the embedded AWS: queue, function, table, topic, subscriber's queue."""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import till
from benchmarks.rounds import Rows
from ops.emulator import ACCOUNT, REGION, Emulator

#: Workers a function: this machine has few CPUs, and the emulator needs one.
WORKERS = 2
PATIENCE_SECONDS = 120


class Line:
    """One variant, deployed: its queue, its function, its topic and the queue of a subscriber."""

    def __init__(self, emulator: Emulator, variant: str, package: Path) -> None:
        self.sqs, self.topic = emulator.client("sqs"), f"flow-{variant}"
        name = f"tillbridge-bench-{self.topic}"
        self.queue = self._queue(f"{name}-in", "120")
        self.sink = self._queue(f"{name}-out", "30")
        self.arrived = 0
        topic = emulator.client("sns").create_topic(Name=name)["TopicArn"]
        emulator.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=_arn(self.sink),
            Attributes={"RawMessageDelivery": "true"},
        )  # fmt: skip
        functions, stage = emulator.client("lambda"), {"STAGE": "bench", "TOPIC": self.topic}
        functions.create_function(
            FunctionName=name, Runtime=f"python3.{sys.version_info.minor}", Timeout=120,
            Role=f"arn:aws:iam::{ACCOUNT}:role/bench", Handler="app.bench_shop",
            Code={"ZipFile": package.read_bytes()}, MemorySize=512,
            Environment={"Variables": emulator.environment | stage},
        )  # fmt: skip
        functions.create_event_source_mapping(
            EventSourceArn=_arn(self.queue), FunctionName=name, BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": WORKERS},
        )  # fmt: skip

    def run(self, numbers: range) -> float:
        """Send the orders; return transactions a second until the last is at the subscriber."""
        began = time.monotonic()
        for start in range(0, len(numbers), 10):
            entries = [
                {"Id": str(number), "MessageBody": till.order(number)}
                for number in numbers[start : start + 10]
            ]
            self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
        self.arrived += len(numbers)
        while (there := self._count()) < self.arrived:
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise RuntimeError(f"{self.topic}: {there} of {self.arrived} have arrived")
            time.sleep(0.02)
        return len(numbers) / (time.monotonic() - began)

    def _count(self) -> int:
        name = "ApproximateNumberOfMessages"
        found = self.sqs.get_queue_attributes(QueueUrl=self.sink, AttributeNames=[name])
        return int(found["Attributes"][name])

    def _queue(self, name: str, hidden: str) -> str:
        attributes = {"VisibilityTimeout": hidden, "Policy": _policy(name)}
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url


def flow(
    emulator: Emulator, zips: dict[str, Path], times: int, count: int, each: Callable[[], None]
) -> Rows:
    """Send `count` orders through every variant in random order, round by round."""
    dice, rows = random.Random(1), Rows()  # noqa: S311 - no secret
    lines = {name: Line(emulator, name, package) for name, package in zips.items()}
    for turn in range(times + 1):
        order = list(lines)
        dice.shuffle(order)
        first = turn * count
        row = {name: {"rate": lines[name].run(range(first, first + count))} for name in order}
        if turn:  # the first starts the workers
            rows.append(row)
        each()
    return rows


def _arn(url: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"


def _policy(name: str) -> str:
    allowed = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
