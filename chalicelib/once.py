"""`Idempotency-Key`: the same request twice within a day is answered twice and queued once.

One item a key, in the app's own table: `<merchant>#door#<hash of the key>`, with the body's hash,
until when its worker may be alive, and the answer once there is one.  A worker that dies leaves an
item without an answer: whoever comes after its time takes it over and queues the body again, which
does no harm, as every transaction in it is recognised.  So a key may cost a copy, never a record.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY_SECONDS = 24 * 3600
#: API Gateway gives up after 29 seconds, and the worker with it.
LEASE_MS = 35_000
LONGEST_KEY = 255


class State(Enum):
    """What a key says of a request."""

    OURS = auto()
    ANSWERED = auto()
    AT_WORK = auto()
    OTHER_BODY = auto()


@dataclass(frozen=True)
class Once:
    """The keys of all merchants, in one DynamoDB table."""

    dynamodb: "DynamoDBClient"
    table: str

    def begin(self, pk: str, body: str, now: int) -> tuple[State, dict[str, Any]]:
        """Take the key, or return what stands in its way, with the answer given.  `now` in ms."""
        try:
            self._put(
                self._item(pk, body, now, lease_until=now + LEASE_MS),
                ConditionExpression="attribute_not_exists(pk) OR expiry < :second"
                " OR (body = :body AND lease_until < :now)",
                ExpressionAttributeValues={
                    ":second": {"N": str(now // 1000)}, ":now": {"N": str(now)},
                    ":body": {"S": body},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )  # fmt: skip
        except self.dynamodb.exceptions.ConditionalCheckFailedException as fault:
            found: Any = fault.response["Item"]  # type: ignore[typeddict-item]
            if found["body"]["S"] != body:
                return State.OTHER_BODY, {}
            if "answer" in found:
                return State.ANSWERED, json.loads(found["answer"]["S"])
            return State.AT_WORK, {}
        return State.OURS, {}

    def end(self, pk: str, body: str, now: int, answer: dict[str, Any] | None) -> None:
        """Keep the answer; without one, let whoever comes next begin at once."""
        told = {"answer": {"S": json.dumps(answer)}} if answer else {}
        # An answered key is never taken over: its lease outlives it.
        lease = (now + 2 * DAY_SECONDS * 1000) if answer else 0
        self._put(self._item(pk, body, now, lease_until=lease) | told)

    def _item(self, pk: str, body: str, now: int, *, lease_until: int) -> dict[str, Any]:
        return {
            "pk": {"S": pk},
            "body": {"S": body},
            "lease_until": {"N": str(lease_until)},
            "expiry": {"N": str(now // 1000 + DAY_SECONDS)},
        }

    def _put(self, item: dict[str, Any], **condition: Any) -> None:
        self.dynamodb.put_item(TableName=self.table, Item=item, **condition)


def item_key(merchant: str, key: str) -> str:
    """Return the partition key of a merchant's idempotency key."""
    return f"{merchant}#door#{hashlib.sha256(key.encode()).hexdigest()}"


def fingerprint(records: Iterable[str]) -> str:
    """Return a hash of records, however their body was written around them."""
    whole = hashlib.sha256()
    for one in records:
        whole.update(one.encode("utf-8", "surrogatepass") + b"\n")
    return whole.hexdigest()
