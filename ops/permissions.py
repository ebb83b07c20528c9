"""What each function may do: a merchant's its own queue, keys and destinations; the door, queue."""

import re
from collections.abc import Sequence
from typing import Any

from chalicelib.wiring import destinations
from ops.merchants import Declared


def policy(one: Declared, stage: str, place: str) -> dict[str, Any]:
    """Return the IAM policy of a merchant's function.

    `place` is region:account, or stands for them in a template: ${AWS::Region}:${AWS::AccountId}.
    """
    name = f"tillbridge-{stage}"
    function = f"{name}-{one.function}"
    table = f"arn:aws:dynamodb:{place}:table/{name}"
    dead = f"arn:aws:sqs:{place}:{name}-{one.merchant.id}-dead"
    out = destinations(one.merchant, place)
    topics = [arn for arn in out if arn.split(":")[2] == "sns"]
    queues = [arn for arn in out if arn.split(":")[2] == "sqs"]
    statements = [
        _logs(place, function),
        _allow(["dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PutItem",
                "dynamodb:BatchGetItem"], [table]) | _own_keys(one.merchant.id),
        _allow(["sns:Publish"], topics),
        _allow(["sqs:SendMessage"], [*queues, dead]),
        _allow(["s3:GetObject", "s3:PutObject"],
               [_objects("inbox", stage, place, f"large/{one.merchant.id}/*")]),
    ]  # fmt: skip
    if one.kind == "sqs":
        statements.append(_reads(place, one.source))
    return _document(*statements)


def service_policy(
    service: str, stage: str, place: str, merchants: Sequence[Declared]
) -> dict[str, Any]:
    """Return the IAM policy of a function that serves all merchants."""
    name = f"tillbridge-{stage}-{service}"
    wanted = {
        "archive": _archive(stage, place),
        "files": _files(stage, place, merchants),
        "rewards": _rewards(stage, place),
    }
    return _document(_logs(place, name), *wanted[service], _reads(place, name))


def _archive(stage: str, place: str) -> list[dict[str, Any]]:
    return [_allow(["s3:PutObject"], [_objects("archive", stage, place, "events/*")])]


def _files(stage: str, place: str, merchants: Sequence[Declared]) -> list[dict[str, Any]]:
    """Return what it takes to read files, and to send what is in them."""
    queues = [one.source for one in merchants if one.kind == "sqs"]
    own = [f"tillbridge-{stage}-files", *queues]
    written = [_objects("inbox", stage, place, part) for part in ("large/*", "results/*")]
    table = f"arn:aws:dynamodb:{place}:table/tillbridge-{stage}"
    return [
        _allow(["s3:GetObject"], [_objects("inbox", stage, place, "files/*")]),
        _allow(["s3:PutObject"], written),
        _allow(["dynamodb:GetItem", "dynamodb:PutItem"], [table]) | _own_keys("files"),
        _allow(["sqs:SendMessage"], [f"arn:aws:sqs:{place}:{queue}" for queue in own]),
    ]


def _rewards(stage: str, place: str) -> list[dict[str, Any]]:
    """Return its table, whose writes go in transactions, and its dead letters."""
    name = f"tillbridge-{stage}-rewards"
    actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    return [
        _allow(actions, [f"arn:aws:dynamodb:{place}:table/{name}"]),
        _allow(["sqs:SendMessage"], [f"arn:aws:sqs:{place}:{name}-dead"]),
    ]


def _objects(bucket: str, stage: str, place: str, keys: str) -> str:
    region, account = re.findall(r"\$\{[^}]+\}|[^:]+", place)
    return f"arn:aws:s3:::tillbridge-{stage}-{bucket}-{account}-{region}/{keys}"


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def door_policy(merchants: list[Declared], stage: str, place: str) -> dict[str, Any]:
    """Return the IAM policy of the door's function: it queues for everybody, and reads no queue."""
    name = f"tillbridge-{stage}"
    table = f"arn:aws:dynamodb:{place}:table/{name}"
    sources = {kind: [f"arn:aws:{kind}:{place}:{one.source}" for one in merchants
                      if one.kind == kind] for kind in ("sqs", "sns")}  # fmt: skip
    statements = [
        _logs(place, name),
        _allow(["ssm:GetParameter"], [f"arn:aws:ssm:{place}:parameter/tillbridge/{stage}/door/*"]),
        _allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], [table]) | _keys("*#door#*"),
        _allow(["dynamodb:BatchGetItem"], [table]) | _keys("*#claim#*", "*#batch#*"),
        *_members(f"{table}-rewards"),
        _allow(["s3:PutObject"], [_objects("inbox", stage, place, "large/*")]),
        *([_allow(["sqs:SendMessage"], sources["sqs"])] if sources["sqs"] else []),
        *([_allow(["sns:Publish"], sources["sns"])] if sources["sns"] else []),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _members(table: str) -> list[dict[str, Any]]:
    """Return what it takes to show a member and to claim a receipt: nothing is ever deleted."""
    story, member = "story#rewards#*", "*#member#*"
    return [
        _allow(["dynamodb:GetItem"], [table]) | _keys(story, member),
        _allow(["dynamodb:Query"], [table]) | _keys(member, "*#receipt#*"),
        _allow(["dynamodb:PutItem"], [table]) | _keys(story, member, "waiting#rewards"),
    ]


def _logs(place: str, function: str) -> dict[str, Any]:
    group = f"arn:aws:logs:{place}:log-group:/aws/lambda/{function}:*"
    return _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [group])


def _reads(place: str, queue: str) -> dict[str, Any]:
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
               "sqs:ChangeMessageVisibility"]  # fmt: skip
    return _allow(actions, [f"arn:aws:sqs:{place}:{queue}"])


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    filled = [{"Fn::Sub": one} if "${" in one else one for one in resources]
    return {"Effect": "Allow", "Action": actions, "Resource": filled}


def _own_keys(merchant: str) -> dict[str, Any]:
    """Fence tenants off: every partition key of a merchant begins with its name."""
    return _keys(f"{merchant}#*")


def _keys(*patterns: str) -> dict[str, Any]:
    keys = {"dynamodb:LeadingKeys": list(patterns)}
    return {
        "Condition": {"ForAllValues:StringLike": keys, "Null": {"dynamodb:LeadingKeys": "false"}}
    }
