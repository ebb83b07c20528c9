"""How far a file has been sent, written down after each wave of messages.

Two workers may be at one file: S3 tells of it twice, or one of them is slow and not dead.  So each
writes on condition that nobody has since it read, and the one that loses leaves off.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.bulk.records import BARE, Draft, Frame
from chalicelib.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Nobody tells us of a file for longer.
KEPT_SECONDS = 20 * 24 * 3600
REFUSALS_TOLD = 100
SERVICE = "files"


@dataclass
class Progress:
    """A file as far as its messages are on the queue."""

    started_ms: int
    #: Times that it was written, and so the condition on which it is written again.
    version: int = 0
    offset: int = 0
    encoding: str = ""
    frame: Frame = BARE
    records: int = 0
    messages: int = 0
    offloaded: int = 0
    refused: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    done: bool = False

    def sent(self, wave: Iterable[Draft], offloaded: int) -> None:
        """Count a wave that is on the queue."""
        for draft in wave:
            for place, fault in draft.faults:
                self.refuse(fault, self.records + place)
            self.records += draft.count
            self.messages += bool(draft.texts)
            self.offset, self.frame = draft.end, draft.frame
        self.offloaded += offloaded

    def refuse(self, fault: Rejected, position: int) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_TOLD:
            told = {"position": position, "code": fault.code.value, "reason": fault.reason}
            self.refusals.append(told)


class Checkpoints:
    """The progress of files, in the dedupe table under keys of their own."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table
        self._worker = uuid.uuid4().hex

    def read(self, key: str, now_ms: int) -> Progress:
        """Return how far a file is, or a new beginning."""
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        if not (item := answer.get("Item")):
            return Progress(started_ms=now_ms)
        told = json.loads(item["progress"]["S"])
        return Progress(**told | {"frame": Frame(**told["frame"])})

    def write(self, key: str, found: Progress, now_ms: int) -> bool:
        """Write it down; return False if another worker has, which then goes on with the file."""
        before, found.version = found.version, found.version + 1
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before:
            condition = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(before)}},
            }
        mine = {"version": {"N": str(found.version)}, "worker": {"S": self._worker}}
        item = {
            "pk": {"S": key},
            **mine,
            "progress": {"S": json.dumps(asdict(found))},
            "expiry": {"N": str(now_ms // 1000 + KEPT_SECONDS)},
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except self._client.exceptions.ConditionalCheckFailedException as fault:
            standing: Any = fault.response.get("Item", {})
            # Ours was applied, its answer lost, and the SDK tried again.
            return {name: standing.get(name) for name in mine} == mine
        return True


def checkpoint_key(merchant: str, key: str, version: str) -> str:
    """Return the partition key of a file's checkpoint; `version` tells it from its next content."""
    return f"{SERVICE}#{merchant}#" + hashlib.sha256(f"{version}\n{key}".encode()).hexdigest()
