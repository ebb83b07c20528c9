"""An operator with an AWS account of their own, in which a stage's resources are deployed."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import clients, wiring
from chalicelib.errors import Rejected
from chalicelib.quarantine import Quarantine
from chalicelib.receive import Message
from ops import __main__, aws, merchants, resources, stack
from ops.emulator import Emulator
from tests.world import _accounts

STAGE = "dev"
#: Who knows an account by its clients: each operator has one of its own.
CACHES = (aws.client, aws.place, clients.client, clients._session, wiring.pipeline)


class Operator:
    """What an operator does: runs commands, and looks at queues."""

    def __init__(self, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
        self.emulator, self.capsys = emulator, capsys
        for name, template in resources.stacks(STAGE).items():
            stack.apply(aws.client("cloudformation"), name, template)
        stack.settle_tables(aws.client("dynamodb"), resources.prefix(STAGE))

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit status, and what it printed on both streams."""
        self.capsys.readouterr()
        try:
            status = __main__.main([*arguments])
        except SystemExit as exit_:
            status = exit_.code if isinstance(exit_.code, int) else 1
        printed = self.capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    def url(self, name: str) -> str:
        found: str = aws.client("sqs").get_queue_url(QueueName=f"tillbridge-{STAGE}-{name}")[
            "QueueUrl"
        ]
        return found

    def set_aside(self, merchant: str, body: str, *reasons: Rejected) -> None:
        """Put a message into quarantine as the merchant's function would."""
        dead = f"arn:aws:sqs:{aws.place()}:tillbridge-{STAGE}-{merchant}-dead"
        message = Message("till-1", body, source_arn=f"arn:aws:sqs:x:y:{merchant}")
        Quarantine(aws.client("sqs"), dead, merchant).put(message, reasons)

    def messages(self, name: str) -> list[dict[str, Any]]:
        """Look at what lies in a queue, and leave it there."""
        found: list[dict[str, Any]] = []
        while more := aws.client("sqs").receive_message(
            QueueUrl=self.url(name), MaxNumberOfMessages=10, VisibilityTimeout=30,
            MessageAttributeNames=["All"],
        ).get("Messages"):  # fmt: skip
            found += more
        for one in found:
            aws.client("sqs").change_message_visibility(
                QueueUrl=self.url(name), ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0
            )
        return found

    def bodies(self, name: str) -> list[Any]:
        return [json.loads(one["Body"]) for one in self.messages(name)]


@pytest.fixture
def operator(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Operator]:
    """Give the commands credentials of an account that nobody else uses."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(next(_accounts)))
    monkeypatch.delitem(os.environ, "COLUMNS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    for cached in CACHES:
        cached.cache_clear()
    merchants.load(STAGE)
    yield Operator(emulator, capsys)
    for cached in CACHES:
        cached.cache_clear()
