"""What a stage's functions do, done by hand: their own code and real calls, without Lambda."""

import json
import os
import time
from typing import Any

from chalicelib import archive
from chalicelib.dedupe import Store
from chalicelib.pipeline import Pipeline
from chalicelib.publish import Destination, Publisher
from chalicelib.quarantine import Quarantine
from chalicelib.receive import Message
from chalicelib.story import told
from chalicelib.table import Table
from ops import aws
from ops.console.place import Stage
from ops.merchants import Declared
from ops.replay import bucket_of
from ops.resources import function_name
from tests.operator import STAGE, Operator

NAME = f"tillbridge-{STAGE}"
HASH_KEY = b"a-key-of-the-tests"


class Hands:
    """Sells, archives and rewards in an operator's stage."""

    def __init__(self, operator: Operator, stage: Stage) -> None:
        self.operator, self.stage = operator, stage

    def sell(self, merchant: str, *bodies: str) -> None:
        """Let a merchant's function have these messages, then let the subscribers have theirs."""
        one = self.stage.merchant(merchant)
        messages = [
            Message(os.urandom(4).hex(), body, source_arn=f"arn:aws:sqs:x:y:{one.source}")
            for body in bodies
        ]
        now = int(time.time() * 1000)
        self.pipeline(one).run(messages, now + 120_000, "request-1")
        self.archived()
        self.rewarded()

    def pipeline(self, one: Declared) -> Pipeline:
        """Wire a merchant's path as wiring does, with the operator's own clients."""
        sns, sqs, place = aws.client("sns"), aws.client("sqs"), aws.place()
        topic = Destination(f"arn:aws:sns:{place}:{NAME}-transactions")
        dead = f"arn:aws:sqs:{place}:{NAME}-{one.merchant.id}-dead"
        return Pipeline(
            merchant=one.merchant,
            store=Store(Table(aws.client("dynamodb"), NAME)),
            publisher=Publisher([topic], sns, sqs),
            quarantine=Quarantine(sqs, dead, one.merchant.id, one.merchant.personal, HASH_KEY),
            acknowledge=lambda *_: None,
            log=lambda line: self.log(one, line),
            hash_key=HASH_KEY,
        )

    def log(self, one: Declared, line: dict[str, Any]) -> None:
        """Write a line to the function's log, as Lambda does with what it prints."""
        logs, group = aws.client("logs"), f"/aws/lambda/{function_name(STAGE, one)}"
        stream = os.urandom(4).hex()
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        text = json.dumps({"stage": STAGE, **line})
        events = [{"timestamp": int(time.time() * 1000), "message": text}]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def archived(self) -> None:
        """Put what was published into the archive."""
        if found := self.taken("archive"):
            records = [
                {"body": one["Body"], "messageId": one["MessageId"],
                 "attributes": one["Attributes"]} for one in found
            ]  # fmt: skip
            archive.keep(aws.client("s3"), bucket_of(STAGE), {"Records": records})

    def rewarded(self) -> None:
        """Let what was published earn points."""
        desk = self.stage.desk
        for one in self.taken("rewards"):
            news = told(one["Body"])
            if news.data["merchant"] in desk.ledgers:
                desk.inbox.take(news, desk.effect_of(news))

    def taken(self, name: str) -> list[dict[str, Any]]:
        """Take every message out of a queue."""
        sqs, url = aws.client("sqs"), self.operator.url(name)
        found: list[dict[str, Any]] = []
        while more := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            found += more
            for one in more:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found
