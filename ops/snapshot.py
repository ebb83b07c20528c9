"""What stands in the account of a stage, as plain data: reads only."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ops.aws import client, place
from ops.door import routed, url
from ops.entries import stored
from ops.merchants import Declared, declared, services
from ops.resources import SUBSCRIBERS, function_name, prefix
from ops.rewards import REWARDS
from ops.stack import status

T = TypeVar("T")
Data = dict[str, Any]
_ABSENT = ("NotFound", "NonExistent", "NoSuchEntity", "DoesNotExist")


@dataclass
class Queue:
    """A queue: its attributes, none if it isn't there."""

    name: str
    attributes: Data | None


@dataclass
class Seen:
    """What a merchant has: `function` and what hangs on it are empty if it isn't deployed."""

    one: Declared
    function: Data = field(default_factory=dict)
    mappings: list[Data] = field(default_factory=list)
    on_failure: list[str] = field(default_factory=list)
    statements: list[Data] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    concurrency: int | None = None
    log_days: int | None = None
    source: Data | None = None
    subscribed: list[str] = field(default_factory=list)
    dead: Data | None = None


@dataclass
class Snapshot:
    """A stage as it stands."""

    stage: str
    place: str
    #: The command that brings the stage up to date: as it was shipped.
    deploy: str
    merchants: list[Seen]
    table: Data | None
    subscriptions: list[Data]
    listeners: int
    alarms: dict[str, Data]
    queues: list[Queue]
    #: Mappings of each function that serves all merchants; None if that isn't deployed.
    services: dict[str, list[Data] | None]
    #: Tables beside the dedupe table, by what they are for.
    tables: dict[str, Data | None]
    #: The door's function, empty if it isn't deployed; None if app.py has no routes.
    door: Data | None = None
    doors_api: str = ""
    entries: dict[str, tuple[Data, datetime | None]] = field(default_factory=dict)


def look(stage: str, seen: Callable[[], None] = lambda: None) -> Snapshot:
    """Read a stage; `seen` is called for each merchant that was looked at."""
    name, where = prefix(stage), place()

    def one_of(one: Declared) -> Seen:
        found = _merchant(one, stage)
        seen()
        return found

    with ThreadPoolExecutor(5) as pool:
        merchants = list(pool.map(one_of, declared(stage)))
    subscriptions = _subscriptions(f"arn:aws:sns:{where}:{name}-transactions")
    alarms = client("cloudwatch").get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{name}-"
    )  # fmt: skip
    everyone = dict.fromkeys((*SUBSCRIBERS, *services(stage)))
    ends = [end for who in everyone for end in (who, f"{who}-dead")]
    return Snapshot(
        stage=stage, place=where, deploy=_deploy(stage), merchants=merchants,
        table=_or_none(lambda: _table(name)),
        subscriptions=subscriptions,
        listeners=len(_subscriptions(f"arn:aws:sns:{where}:{name}-alarms")),
        alarms={one["AlarmName"]: one for page in alarms for one in page["MetricAlarms"]},
        services={one: _or_none(partial(_mappings, f"{name}-{one}")) for one in services(stage)},
        tables={REWARDS: _or_none(lambda: _table(f"{name}-{REWARDS}"))},
        door=_door(name) if routed(stage) else None,
        doors_api=url(name) if routed(stage) else "",
        entries=stored(stage),
        queues=[Queue(end, _queue(f"{name}-{end}")) for end in (*ends, "undelivered")],
    )  # fmt: skip


def _deploy(stage: str) -> str:
    packaged = status(client("cloudformation"), prefix(stage))
    return f"make package STAGE={stage} BUCKET=..." if packaged else f"make deploy STAGE={stage}"


def _merchant(one: Declared, stage: str) -> Seen:
    name = f"{prefix(stage)}-{one.merchant.id}"
    found = Seen(one, dead=_queue(f"{name}-dead"))
    if one.kind == "sqs":
        found.source = _queue(one.source)
    else:
        topic = f"arn:aws:sns:{place()}:{one.source}"
        found.source = _or_none(lambda: client("sns").get_topic_attributes(TopicArn=topic))
        found.subscribed = [end["Endpoint"] for end in _subscriptions(topic)]
    full = function_name(stage, one)
    lambda_ = client("lambda")
    if answer := _or_none(lambda: lambda_.get_function(FunctionName=full)):
        found.function = answer["Configuration"]
        found.concurrency = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions")
        found.mappings = _mappings(full)
        found.on_failure = _on_failure(full)
        found.statements, found.attached = _grants(found.function["Role"].rpartition("/")[2])
        found.log_days = _log_days(f"/aws/lambda/{full}")
    return found


def _door(name: str) -> Data:
    found = _or_none(lambda: client("lambda").get_function(FunctionName=name))
    return found["Configuration"] if found else {}


def _mappings(function: str) -> list[Data]:
    lambda_ = client("lambda")
    lambda_.get_function_configuration(FunctionName=function)
    pages = lambda_.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    return [each for page in pages for each in page["EventSourceMappings"]]


def _queue(name: str) -> Data | None:
    sqs = client("sqs")

    def read() -> Data:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: Data = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    return _or_none(read)


def _table(name: str) -> Data:
    dynamodb = client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return {"ttl": ttl, "recovery": backups.get("PointInTimeRecoveryDescription", {})}


def _subscriptions(topic: str) -> list[Data]:
    pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return _or_none(lambda: [one for page in pages for one in page["Subscriptions"]]) or []


def _on_failure(name: str) -> list[str]:
    answer = client("lambda").list_function_event_invoke_configs(FunctionName=name)
    configs = answer.get("FunctionEventInvokeConfigs", [])
    return [one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
            for one in configs]  # fmt: skip


def _grants(role: str) -> tuple[list[Data], list[str]]:
    """Return the statements of a role's own policies, and the names of those attached to it."""
    iam = client("iam")
    names = (_or_none(lambda: iam.list_role_policies(RoleName=role)) or {}).get("PolicyNames", [])
    found: list[Data] = []
    for name in names:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        found += document["Statement"]
    attached = _or_none(lambda: iam.list_attached_role_policies(RoleName=role)) or {}
    return found, [one["PolicyName"] for one in attached.get("AttachedPolicies", [])]


def _log_days(group: str) -> int | None:
    answer = client("logs").describe_log_groups(logGroupNamePrefix=group)
    groups = [one for one in answer["logGroups"] if one["logGroupName"] == group]
    return groups[0].get("retentionInDays") if groups else None


def _or_none(read: Callable[[], T]) -> T | None:
    """Return what is read, or None if AWS says that it isn't there."""
    try:
        return read()
    except ClientError as fault:
        if any(word in fault.response["Error"]["Code"] for word in _ABSENT):
            return None
        raise
