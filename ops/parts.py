"""The parts of a template: queues, topics, the table, and who may use them.

Names are given, so that wiring finds everything by its stage; what is meant to outlive its stack
has `keep`.
"""

from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]

_DAY = 24 * 3600
KEEP_SECONDS, KEEP_DEAD_SECONDS = 4 * _DAY, 14 * _DAY
#: A message comes back this often before SQS puts it among the dead letters: with the waits of
#: chalicelib.acknowledge, an outage of twenty minutes sends nothing there.
MOST_RECEIVES = 12
KEPT: Resource = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def logical_id(name: str) -> str:
    """Return a name as a logical id: harbour-coffee becomes HarbourCoffee."""
    words = name.replace(".", "-").replace("_", "-").split("-")
    return "".join(word[:1].upper() + word[1:] for word in words)


def arn(service: str, name: str) -> Resource:
    """Return the ARN of something of the same account and region, by its name."""
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:{PLACE}:{name}"}


PLACE = "${AWS::Region}:${AWS::AccountId}"


def queue(name: str, dead: str = "", *, visibility: int = 0, keep: int = KEEP_SECONDS) -> Resource:
    """Return a queue; `dead` is the name of the one that takes what fails too often."""
    properties: Resource = {
        "QueueName": name,
        "MessageRetentionPeriod": keep,
        "SqsManagedSseEnabled": True,
    }
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
    if visibility:
        properties["VisibilityTimeout"] = visibility
    if dead:
        properties["RedrivePolicy"] = {
            "deadLetterTargetArn": arn("sqs", dead),
            "maxReceiveCount": MOST_RECEIVES,
        }
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def dead_queue(name: str) -> Resource:
    """Return a queue for dead letters, which outlives its stack."""
    return queue(name, keep=KEEP_DEAD_SECONDS) | KEPT


def topic(name: str) -> Resource:
    """Return a topic."""
    properties: Resource = {"TopicName": name}
    if name.endswith(".fifo"):
        properties["FifoTopic"] = True
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def queue_policy(refs: list[str], *allowed: Resource) -> Resource:
    """Return the policy of queues of this template: by TLS only, and what is `allowed` beside."""
    found = [{"Fn::GetAtt": [ref, "Arn"]} for ref in refs]
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": ref} for ref in refs],
            "PolicyDocument": _document(_tls_only("sqs:*", found), *allowed),
        },
    }


def topic_policy(ref: str, *allowed: Resource) -> Resource:
    """Return the policy of a topic of this template: by TLS only, and what is `allowed` beside."""
    document = _document(_tls_only("sns:Publish", {"Ref": ref}), *allowed)
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {"Topics": [{"Ref": ref}], "PolicyDocument": document},
    }


def may(action: str, resource: Any, principal: Resource, **condition: Any) -> Resource:
    """Return the statement that lets a principal do one thing."""
    found = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
    }
    return found | ({"Condition": condition} if condition else {})


def subscription(
    topic_ref: str, name: str, undelivered: str, filtered: Resource | None = None
) -> Resource:
    """Return the subscription of a queue to a topic, with a queue for what can't be delivered.

    `filtered` says which message attributes may have which values.
    """
    found: Resource = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": topic_ref},
            "Protocol": "sqs",
            "Endpoint": arn("sqs", name),
            "RawMessageDelivery": True,
            "RedrivePolicy": {"deadLetterTargetArn": arn("sqs", undelivered)},
        },
    }
    if filtered:
        found["Properties"]["FilterPolicy"] = filtered
    return found


def table(name: str, sort: str = "") -> Resource:
    """Return a table with the key `pk`, and a sort key if one is named; it outlives its stack."""
    keys = {"pk": "HASH"} | ({sort: "RANGE"} if sort else {})
    return KEPT | {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": k, "AttributeType": "S"} for k in keys],
            "KeySchema": [{"AttributeName": k, "KeyType": kind} for k, kind in keys.items()],
            "TimeToLiveSpecification": {"AttributeName": "expiry", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    }


def bucket(name: str, days: Mapping[str, int], **more: Any) -> Resource:
    """Return a private, encrypted bucket; `days` say how long objects are kept, by their prefix."""
    closed = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    rules = [
        {
            "Id": f"expire-{kept.rstrip('/') or 'all'}",
            "Status": "Enabled",
            "ExpirationInDays": count,
        }
        | ({"Prefix": kept} if kept else {})
        for kept, count in days.items()
    ]
    encrypted = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    return KEPT | {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": {"Fn::Sub": name},
            "PublicAccessBlockConfiguration": closed,
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encrypted]},
            "OwnershipControls": owned,
            "LifecycleConfiguration": {"Rules": rules},
            **more,
        },
    }


def bucket_policy(ref: str, *allowed: Resource) -> Resource:
    """Return the policy of a bucket of this template: by TLS only, and what is `allowed` beside."""
    arn_ = {"Fn::GetAtt": [ref, "Arn"]}
    document = _document(_tls_only("s3:*", [arn_, objects(ref)]), *allowed)
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": ref}, "PolicyDocument": document},
    }


def objects(ref: str, prefix: str = "") -> Resource:
    """Return the ARN of a bucket's objects, or of those that begin with a prefix."""
    return {"Fn::Sub": f"${{{ref}.Arn}}/{prefix}*"}


def log_group(function: str, days: int = 30) -> Resource:
    """Return the log group of a function, so that its logs don't stay for ever."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": f"/aws/lambda/{function}", "RetentionInDays": days},
    }


def _document(*statements: Resource) -> Resource:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _tls_only(action: str, resource: Any) -> Resource:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
