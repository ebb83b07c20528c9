"""Everything a stage needs beside its functions, as one CloudFormation template.

It is derived from the decorated functions in app.py: a merchant's queue or topic, its dead-letter
queue, the table, the topic that transactions leave by, and the queues of its subscribers.
"""

import json
from pathlib import Path
from typing import Any

from ops.merchants import Declared, declared

CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"
#: Queues that get every transaction, whatever the merchant.
SUBSCRIBERS = ("rewards",)
#: A message comes back this often before SQS puts it among the dead letters: with the waits of
#: chalicelib.acknowledge, an outage of twenty minutes sends nothing there.
MOST_RECEIVES = 12
_DAY = 24 * 3600
KEEP_SECONDS, KEEP_DEAD_SECONDS = 4 * _DAY, 14 * _DAY


def template(stage: str) -> dict[str, Any]:
    """Return the CloudFormation template of a stage."""
    name = f"tillbridge-{stage}"
    topic = f"{name}-transactions"
    resources: dict[str, Any] = {"Table": _table(name), "Transactions": _topic(topic)}
    for one in declared(stage):
        resources |= _merchant(one, name)
        for extra in one.merchant.also:
            kind, _, bare = extra.rpartition(":")
            resources[logical_id(bare)] = (
                _topic(f"{name}-{bare}") if kind else _queue(f"{name}-{bare}")
            )
    for subscriber in SUBSCRIBERS:
        resources |= _subscriber(subscriber, f"{name}-{subscriber}")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Tillbridge, stage {stage}: queues, topics and the dedupe table",
        "Resources": resources,
    }


def lambda_timeout() -> int:
    """Return the functions' time limit in seconds, as .chalice/config.json has it."""
    return int(json.loads(CONFIG.read_text())["lambda_timeout"])


def _merchant(one: Declared, name: str) -> dict[str, Any]:
    dead = f"{logical_id(one.merchant.id)}Dead"
    found = {dead: _queue(f"{name}-{one.merchant.id}-dead", KEEP_DEAD_SECONDS)}
    if one.kind == "sns":
        return found | {logical_id(one.merchant.id): _topic(one.source)}
    queue = _queue(one.source)
    # AWS refuses a queue that shows a message again while its function may still be at it.
    queue["Properties"] |= {
        "VisibilityTimeout": 6 * lambda_timeout(),
        "RedrivePolicy": {
            "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
            "maxReceiveCount": MOST_RECEIVES,
        },
    }
    return found | {logical_id(one.merchant.id): queue}


def _subscriber(label: str, name: str) -> dict[str, Any]:
    queue = logical_id(label)
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    source = {"ArnEquals": {"aws:SourceArn": {"Ref": "Transactions"}}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": source,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {
        queue: _queue(name),
        f"{queue}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": queue}], "PolicyDocument": policy},
        },
        f"{queue}Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Transactions"},
                "Protocol": "sqs",
                "Endpoint": arn,
                "RawMessageDelivery": True,
            },
        },
    }


def _queue(name: str, keep: int = KEEP_SECONDS) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "QueueName": name,
        "MessageRetentionPeriod": keep,
        "SqsManagedSseEnabled": True,
    }
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _topic(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"TopicName": name}
    if name.endswith(".fifo"):
        properties["FifoTopic"] = True
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def _table(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        # What is known to be published outlives a stack that is deleted by mistake.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "TimeToLiveSpecification": {"AttributeName": "expiry", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True},
        },
    }


def logical_id(name: str) -> str:
    """Return a name as a logical id: harbour-coffee becomes HarbourCoffee."""
    words = name.replace(".", "-").replace("_", "-").split("-")
    return "".join(word[:1].upper() + word[1:] for word in words)
