"""Where large bodies and files are dropped: the bucket, and the queue that tells of files."""

from typing import Any

from ops import watch
from ops.merchants import Declared
from ops.parts import (
    KEEP_DEAD_SECONDS,
    KEEP_SECONDS,
    Resource,
    bucket,
    bucket_policy,
    dead_queue,
    log_group,
    may,
    objects,
    queue,
    queue_policy,
)

FILES = "files"
_DAY = 24 * 3600
#: As long as a message may wait on its queue and then lie among the dead letters, and a day more:
#: so nothing that points to an object outlives it.
OBJECT_DAYS = (KEEP_SECONDS + KEEP_DEAD_SECONDS) // _DAY + 1
RESULT_DAYS = 400


def inbox(stage: str, merchants: list[Declared], visibility: int) -> Resource:
    """Return the bucket, the queue of its notes, and who may drop what; `visibility` in seconds."""
    name = f"tillbridge-{stage}"
    bucket_name = f"{name}-inbox-${{AWS::AccountId}}-${{AWS::Region}}"
    full = f"{name}-{FILES}"
    days = {"large/": OBJECT_DAYS, "files/": OBJECT_DAYS, "results/": RESULT_DAYS}
    note = {
        "Event": "s3:ObjectCreated:*",
        "Queue": {"Fn::GetAtt": ["FilesQueue", "Arn"]},
        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "files/"}]}},
    }
    noting = {"QueueConfigurations": [note]}
    senders = [_drops(one) for one in merchants if one.merchant.sender]
    return {
        "FilesDead": dead_queue(f"{full}-dead"),
        "FilesQueue": queue(full, f"{full}-dead", visibility=visibility)
        | {"DependsOn": "FilesDead"},
        "FilesPolicy": queue_policy(["FilesQueue", "FilesDead"], _from_bucket(bucket_name)),
        "FilesDeadAlarm": watch.dead_letters(name, f"{full}-dead"),
        "FilesRefusedAlarm": watch.refused_files(stage),
        "FilesLog": log_group(full),
        # S3 tries whether it may send to the queue, when it is told to.
        "InboxBucket": bucket(bucket_name, days, NotificationConfiguration=noting)
        | {"DependsOn": "FilesPolicy"},
        "InboxBucketPolicy": bucket_policy("InboxBucket", *senders),
    }


def _from_bucket(name: str) -> Resource:
    """Let the bucket's notes in; any account could have a bucket of that name one day."""
    principal: dict[str, Any] = {"Service": "s3.amazonaws.com"}
    source = {"aws:SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{name}"}}
    account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    target = {"Fn::GetAtt": ["FilesQueue", "Arn"]}
    return may("sqs:SendMessage", target, principal, ArnEquals=source, StringEquals=account)


def _drops(one: Declared) -> Resource:
    """Let a vendor's account drop large bodies and files of its own merchant."""
    principal = {"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{one.merchant.sender}:root"}}
    parts = [objects("InboxBucket", f"{part}/{one.merchant.id}/") for part in ("large", "files")]
    return may("s3:PutObject", parts, principal)
