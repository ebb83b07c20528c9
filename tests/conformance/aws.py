"""One AWS to ask: the embedded one over real clients, or the simulator's models."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.emulator import REGION, Emulator
from tests.conformance.differences import DIFFERENCES
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.sns import Sns
from tests.simulation.sqs import Sqs

TABLE = "claims"
_accounts = itertools.count(500_000_000_000)
PATIENCE_SECONDS = 20


@dataclass
class Aws:
    """Clients of one account, and a clock."""

    name: str
    dynamodb: Any
    sqs: Any
    sns: Any
    account: str
    #: Lets so many seconds pass.
    passes: Callable[[float], None]

    def queue(self, name: str, **attributes: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{REGION}:{self.account}:{name}"

    def topic(self, name: str, queue: str) -> str:
        """Make a topic to which a queue is subscribed, raw."""
        fifo = {"Attributes": {"FifoTopic": "true"}} if name.endswith(".fifo") else {}
        topic: str = self.sns.create_topic(Name=name, **fifo)["TopicArn"]
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=self.arn(queue),
            Attributes={"RawMessageDelivery": "true"},
        )
        return topic

    def receive(self, url: str) -> list[dict[str, Any]]:
        """Take what can be seen right now, ten at most."""
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def awaited(self, url: str, count: int = 1) -> list[dict[str, Any]]:
        """Receive until so many messages have come."""
        found: list[dict[str, Any]] = []
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(found) < count and time.monotonic() < give_up:
            found += self.receive(url)
            if len(found) < count:
                self.passes(0.1)
        assert len(found) == count
        return found

    def show(self, url: str, message: dict[str, Any], seconds: int = 0) -> Any:
        """Set when a received message can be seen again."""
        entry = {
            "Id": "0",
            "ReceiptHandle": message["ReceiptHandle"],
            "VisibilityTimeout": seconds,
        }
        return self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])

    def expected(self, difference: str) -> str:
        """Return what this AWS does where the two differ."""
        known = DIFFERENCES[difference]
        return known.emulator if self.name == "emulator" else known.aws


def outcome(call: Callable[..., Any], **arguments: Any) -> str:
    """Make a call; return its error's code, without the service's name before it."""
    try:
        call(**arguments)
    except ClientError as fault:
        return fault.response["Error"]["Code"].rpartition(".")[2].removesuffix("Exception")
    return "accepted"


def embedded(emulator: Emulator) -> Aws:
    account = str(next(_accounts))
    clients = {name: emulator.client(name, account) for name in ("dynamodb", "sqs", "sns")}
    clients["dynamodb"].create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    clients["dynamodb"].update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiry"}
    )
    return Aws("emulator", **clients, account=account, passes=time.sleep)


@dataclass
class Clock:
    """The models' time, in ms."""

    now: int = 1_795_000_000_000

    def read(self) -> int:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


def modelled() -> Aws:
    clock = Clock()
    sqs = Sqs(clock.read)
    dynamodb = DynamoDB(clock.read, [TABLE])
    return Aws("models", dynamodb, sqs, Sns(clock.read, sqs), "000000000000", clock.passes)
