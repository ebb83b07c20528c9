"""What each merchant's function may do: its own queue, its own keys, its own destinations."""

import re
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
    ]  # fmt: skip
    if one.kind == "sqs":
        statements.append(_reads(place, one.source))
    return {"Version": "2012-10-17", "Statement": statements}


def archive_policy(stage: str, place: str) -> dict[str, Any]:
    """Return the IAM policy of the archive's function: its queue, and writing to its bucket."""
    name = f"tillbridge-{stage}"
    region, account = re.findall(r"\$\{[^}]+\}|[^:]+", place)
    bucket = f"arn:aws:s3:::{name}-archive-{account}-{region}/events/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _logs(place, f"{name}-archive"),
            _allow(["s3:PutObject"], [bucket]),
            _reads(place, f"{name}-archive"),
        ],
    }


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
    keys = {"dynamodb:LeadingKeys": [f"{merchant}#*"]}
    return {
        "Condition": {"ForAllValues:StringLike": keys, "Null": {"dynamodb:LeadingKeys": "false"}}
    }
