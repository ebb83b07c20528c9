"""Errors in the shapes in which botocore raises them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

ENDPOINT = "https://aws.invalid"


class ConditionalCheckFailedException(ClientError):
    """What DynamoDB's client raises where a condition doesn't hold."""


def error(
    operation: str,
    code: str,
    message: str,
    *,
    status: int = 400,
    kind: type = ClientError,
    **more: Any,
) -> ClientError:
    """Return the exception that a client raises for an error answer."""
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0},
        **more,
    }
    made: ClientError = kind(answer, operation)
    return made


def meta() -> SimpleNamespace:
    """Return what the code asks of a client's `meta`."""
    return SimpleNamespace(endpoint_url=ENDPOINT)


def checked_batch(operation: str, entries: Sequence[dict[str, Any]], prefix: str = "") -> None:
    """Refuse what SNS and SQS refuse in any batch; `prefix` stands before SQS's codes."""
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise error(operation, f"{prefix}EmptyBatchRequest", "The batch has no entry.")
    if len(ids) > 10:
        raise error(operation, f"{prefix}TooManyEntriesInBatchRequest", "More than 10 entries.")
    if len(set(ids)) != len(ids):
        raise error(operation, f"{prefix}BatchEntryIdsNotDistinct", "Two entries have one id.")


def attributes_size(attributes: dict[str, Any]) -> int:
    """Return the bytes that message attributes count for."""
    return sum(
        len(name.encode()) + len(one["DataType"]) + len(one.get("StringValue", "").encode())
        for name, one in attributes.items()
    )
