"""Everything a stage needs beside its functions, as CloudFormation templates.

It is derived from the decorated functions in app.py.  What all merchants share is one stack, and
each merchant is another: it can be added, changed and taken away by itself, and a hundred of them
stay within CloudFormation's limits.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from chalicelib.errors import Misconfigured
from ops import door, watch
from ops.inbox import inbox
from ops.merchants import Declared, declared, refuse_without_services, services
from ops.parts import (
    Resource,
    arn,
    bucket,
    bucket_policy,
    dead_queue,
    log_group,
    logical_id,
    may,
    queue,
    queue_policy,
    subscription,
    table,
    topic,
    topic_policy,
)
from ops.rewards import FILTERS, rewards

CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"
#: Queues that get every transaction, whatever the merchant.
SUBSCRIBERS = ("rewards", "archive")
#: The subscriber that keeps every event for so many days.
ARCHIVE, ARCHIVE_DAYS = "archive", 400
#: Dashboards have so many merchants at most, for the sake of their template's size.
ROWS = 60


def prefix(stage: str) -> str:
    """Return what every name of a stage begins with."""
    return f"tillbridge-{stage}"


def stacks(stage: str) -> dict[str, Resource]:
    """Return the stage's stacks by their names, in the order in which they are created."""
    merchants, name = declared(stage), prefix(stage)
    whole(stage)  # which refuses names that are taken
    about = f"what all of stage {stage} share"
    found = {f"{name}-core": template(core(stage, merchants), about)}
    for one in merchants:
        about = f"merchant {one.merchant.id} of stage {stage}"
        found[stack_name(stage, one)] = template(of_merchant(one, stage), about)
    for label, board in _dashboards(stage, merchants).items():
        found[f"{name}-{label.lower()}"] = template({label: board}, f"dashboard of stage {stage}")
    return found


def stack_name(stage: str, one: Declared) -> str:
    """Return the name of a merchant's own stack."""
    return f"{prefix(stage)}-merchant-{one.merchant.id}"


def whole(stage: str) -> Resource:
    """Return all of a stage as one template; raise Misconfigured where two things have one name."""
    merchants = declared(stage)
    refuse_without_services(stage)
    parts = [core(stage, merchants), _dashboards(stage, merchants)]
    parts += [of_merchant(one, stage) for one in merchants]
    resources: Resource = {}
    for part in parts:
        resources |= part
    functions = [*services(stage), *(one.function for one in merchants)]
    _refuse_twins([key for part in parts for key in part] + [*map(logical_id, functions)])
    _refuse_twins([_name(one) for one in resources.values()])
    return template(resources, f"stage {stage}")


def _refuse_twins(names: list[str]) -> None:
    """Refuse names that are there twice; in a package, functions are among the resources."""
    for name, count in Counter(names).items():
        if name and count > 1:
            raise Misconfigured(f"{name} would be there twice: rename a merchant in app.py")


def _name(resource: Resource) -> str:
    """Return a resource's type and name, or nothing if it has none that must be its own."""
    kinds = ("QueueName", "TopicName", "LogGroupName", "AlarmName")
    named = [resource["Properties"][kind] for kind in kinds if kind in resource["Properties"]]
    return f"{resource['Type']} {named[0]}" if named else ""


def template(resources: Resource, about: str) -> Resource:
    """Return resources as a template of CloudFormation's."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Tillbridge: {about}",
        "Resources": resources,
    }


def core(stage: str, merchants: list[Declared]) -> Resource:
    """Return what the merchants share: table, outgoing topic, subscribers, alarms' topic."""
    name = prefix(stage)
    found: Resource = {
        "Table": table(name),
        "Transactions": topic(f"{name}-transactions"),
        "TransactionsPolicy": topic_policy("Transactions"),
        "Undelivered": dead_queue(f"{name}-undelivered"),
        "UndeliveredPolicy": queue_policy(["Undelivered"], _from_transactions("undelivered", name)),
        "Alarms": topic(f"{name}-alarms"),
        "AlarmsPolicy": topic_policy("Alarms", _from_alarms(name)),
        "UndeliveredAlarm": watch.dead_letters(name, f"{name}-undelivered"),
    }
    for extra in sorted({extra for one in merchants for extra in one.merchant.also}):
        found |= _extra(extra, name)
    for subscriber in SUBSCRIBERS:
        found |= _subscriber(subscriber, name)
    if door.routed(stage):
        found |= door.shared(name)
    found |= {
        "ArchiveBucket": bucket(archive_bucket(stage), {"": ARCHIVE_DAYS}),
        "ArchiveBucketPolicy": bucket_policy("ArchiveBucket"),
        "ArchiveLog": log_group(f"{name}-{ARCHIVE}"),
    }
    found |= rewards(stage, functions=services(stage))
    return found | inbox(stage, merchants, visibility=6 * lambda_timeout())


def _dashboards(stage: str, merchants: list[Declared]) -> Resource:
    found: Resource = {}
    for number, start in enumerate(range(0, len(merchants), ROWS), 1):
        label = prefix(stage) if number == 1 else f"{prefix(stage)}-{number}"
        rows = merchants[start : start + ROWS]
        found[f"Dashboard{number}"] = watch.dashboard(label, stage, rows)
    return found


def of_merchant(one: Declared, stage: str) -> Resource:
    """Return what one merchant has: its source, its dead letters, its log and its alarms."""
    name, bare = f"{prefix(stage)}-{one.merchant.id}", logical_id(one.merchant.id)
    source, dead = f"{bare}{'Queue' if one.kind == 'sqs' else 'Topic'}", f"{bare}Dead"
    found: Resource = {
        dead: dead_queue(f"{name}-dead"),
        f"{bare}Log": log_group(function_name(stage, one)),
    }
    principal = {"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{one.merchant.sender}:root"}}
    if one.kind == "sns":
        sender = [may("sns:Publish", {"Ref": source}, principal)] if one.merchant.sender else []
        found |= {
            source: topic(one.source),
            f"{bare}TopicPolicy": topic_policy(source, *sender),
            f"{bare}DeadPolicy": queue_policy([dead]),
        }
    else:
        target = {"Fn::GetAtt": [source, "Arn"]}
        sender = [may("sqs:SendMessage", target, principal)] if one.merchant.sender else []
        # AWS refuses a queue that shows a message again while its function may still be at it.
        found |= {
            source: queue(one.source, f"{name}-dead", visibility=6 * lambda_timeout())
            | {"DependsOn": dead},
            f"{bare}QueuePolicy": queue_policy([source, dead], *sender),
        }
    return found | {f"{bare}{label}Alarm": alarm for label, alarm in watch.alarms(one, stage)}


def archive_bucket(stage: str) -> str:
    """Return the name of the archive's bucket, for CloudFormation to fill in."""
    return f"{prefix(stage)}-archive-${{AWS::AccountId}}-${{AWS::Region}}"


def function_name(stage: str, one: Declared) -> str:
    """Return the name that Chalice gives a merchant's function."""
    return f"{prefix(stage)}-{one.function}"


def lambda_timeout() -> int:
    """Return the functions' time limit in seconds, as .chalice/config.json has it."""
    return int(json.loads(CONFIG.read_text())["lambda_timeout"])


def _extra(extra: str, name: str) -> Resource:
    """Return a destination that a merchant adds: a queue, or a topic after `topic:`."""
    kind, _, bare = extra.rpartition(":")
    ref = logical_id(bare)
    if kind:
        return {ref: topic(f"{name}-{bare}"), f"{ref}Policy": topic_policy(ref)}
    return {ref: queue(f"{name}-{bare}"), f"{ref}Policy": queue_policy([ref])}


def _subscriber(label: str, name: str) -> Resource:
    """Return a queue that gets every transaction, and takes back what fails there too often."""
    ref, full = logical_id(label), f"{name}-{label}"
    allowed = _from_transactions(label, name)
    return {
        f"{ref}Dead": dead_queue(f"{full}-dead"),
        f"{ref}Queue": queue(full, f"{full}-dead", visibility=6 * lambda_timeout())
        | {"DependsOn": f"{ref}Dead"},
        f"{ref}Policy": queue_policy([f"{ref}Queue", f"{ref}Dead"], allowed),
        f"{ref}DeadAlarm": watch.dead_letters(name, f"{full}-dead"),
        f"{ref}Subscription": subscription(
            "Transactions", full, f"{name}-undelivered", FILTERS.get(label)
        )
        | {"DependsOn": [f"{ref}Policy", "UndeliveredPolicy"]},
    }


def _from_alarms(name: str) -> Resource:
    source = {"aws:SourceArn": arn("cloudwatch", f"alarm:{name}-*")}
    return may("sns:Publish", {"Ref": "Alarms"}, {"Service": "cloudwatch.amazonaws.com"},
               ArnLike=source)  # fmt: skip


def _from_transactions(label: str, name: str) -> Resource:
    source = {"aws:SourceArn": {"Ref": "Transactions"}}
    principal: dict[str, Any] = {"Service": "sns.amazonaws.com"}
    return may("sqs:SendMessage", arn("sqs", f"{name}-{label}"), principal, ArnEquals=source)
