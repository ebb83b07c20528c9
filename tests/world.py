"""A world to run the path in: real calls to the emulator, a queue and a clock that obey us."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.dedupe import Store
from chalicelib.errors import Retry
from chalicelib.model import Merchant
from chalicelib.pipeline import Pipeline
from chalicelib.publish import Destination, Publisher
from chalicelib.quarantine import Quarantine
from chalicelib.receive import Message
from chalicelib.table import Table
from ops.emulator import REGION, Emulator
from tests.faults import Killed
from tests.till import adapt, sale

__all__ = ["World", "message", "sale"]

_accounts = itertools.count(100_000_000_000)
_ids = itertools.count(1)
INVOCATION_MS = 120_000


@dataclass
class World:
    """One merchant with an AWS account to itself."""

    emulator: Emulator
    merchant: Merchant = field(default_factory=lambda: Merchant("test-shop", adapt))
    account: str = field(default_factory=lambda: str(next(_accounts)))
    now: int = 1_795_000_000_000
    logged: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dynamodb, self.sns, self.sqs = (
            self.emulator.client(service, self.account) for service in ("dynamodb", "sns", "sqs")
        )
        self.dynamodb.create_table(
            TableName="claims",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        self.queue("dead")
        self.topic = self.sns.create_topic(Name="out")["TopicArn"]
        self.sink = self.queue("sink")
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.arn("sink"),
            Attributes={"RawMessageDelivery": "true"},
        )
        self.destinations = [self.topic]

    def queue(self, name: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{REGION}:{self.account}:{name}"

    def worker(self) -> Pipeline:
        """A container that has just started: it remembers nothing."""
        return Pipeline(
            merchant=self.merchant,
            store=Store(Table(self.dynamodb, "claims"), self.clock),
            publisher=Publisher(
                [Destination(arn) for arn in self.destinations], self.sns, self.sqs
            ),
            quarantine=Quarantine(self.sqs, self.arn("dead"), self.merchant.id),
            acknowledge=lambda done, left: self.acknowledged.append(
                ([message.id for message in done], [message.id for message in left])
            ),
            log=self.logged.append,
            now_ms=self.clock,
        )

    def clock(self) -> int:
        return self.now

    def run(self, *messages: Message, worker: Pipeline | None = None) -> list[Message]:
        """Let a worker take the messages once; return those that stay on the queue."""
        return self.run_until(self.now + INVOCATION_MS, *messages, worker=worker)

    def run_until(
        self, deadline: int, *messages: Message, worker: Pipeline | None = None
    ) -> list[Message]:
        self.acknowledged.clear()
        try:
            (worker or self.worker()).run(messages, deadline)
        except Retry:
            done = self.acknowledged[-1][0] if self.acknowledged else []
            return [message for message in messages if message.id not in done]
        except Killed:
            return list(messages)
        return []

    def later(self) -> None:
        """Let the time of every invocation so far, and the lease of every claim, run out."""
        self.now += 2 * INVOCATION_MS

    def settle(self, *messages: Message, rounds: int = 5) -> None:
        """Deliver until nothing is left, each time after every lease has run out."""
        left = list(messages)
        for _ in range(rounds):
            left = self.run(*left)
            if not left:
                return
            self.later()
        raise AssertionError(f"{len(left)} messages never came to an end")

    def events(self, url: str | None = None) -> list[dict[str, Any]]:
        """Take every event out of the subscriber's queue."""
        return [json.loads(message["Body"]) for message in self.taken(url or self.sink)]

    def dead(self) -> list[dict[str, Any]]:
        return self.taken(f"{self.sqs.meta.endpoint_url}/{self.account}/dead")

    def taken(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += answer["Messages"]


def message(*records: Any, raw: str | None = None, **over: Any) -> Message:
    """A message as a queue delivers it, of one record or several."""
    body = raw if raw is not None else json.dumps(records[0] if len(records) == 1 else records)
    name = f"message-{next(_ids)}"
    return Message(**{"id": name, "raw": body, "source_arn": "arn:q", "receipt": name, **over})
