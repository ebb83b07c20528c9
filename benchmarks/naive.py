"""As tutorials do it: a conditional put, then publish.  A crash between the two loses the sale."""

import json
import uuid
from typing import Any

from benchmarks import place, plain


def clients() -> list[Any]:
    return [place.client("dynamodb"), place.client("sns")]


def forget() -> None:
    """Nothing is remembered."""


def handle(event: dict[str, Any], _: Any) -> None:
    """Put and publish one message after the other."""
    dynamodb, sns = clients()
    for record in event["Records"]:
        found = plain.transaction(json.loads(record["body"])["order"])
        try:
            dynamodb.put_item(
                TableName=place.name(),
                Item={"pk": {"S": f"{plain.MERCHANT}#naive#{found['id']}"}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        sns.publish(
            TopicArn=place.topic(),
            Message=plain.body(found, uuid.uuid4().hex),
            MessageAttributes=plain.attributes(found),
        )
