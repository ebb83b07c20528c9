"""How many receipts a member may try to claim in a day: their numbers run in sequence.

One item a member and day holds the digests of what was tried, right or wrong.  The same claim again
is no further try: it may be made as often as an app likes, until the till has told of the sale.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.shelf import digest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY_SECONDS = 24 * 3600
MOST_TRIES = 20


@dataclass(frozen=True)
class Tries:
    """What the members of all merchants have tried, in the app's own DynamoDB table."""

    dynamodb: "DynamoDBClient"
    table: str
    now_ms: Callable[[], int]

    def wait(self, merchant: str, member: str, claim: str) -> int:
        """Count a claim; return after how many seconds it may be made, 0 if it may be now.

        Raises what the table raises: a limit that can't be kept is no licence to guess.
        """
        second = self.now_ms() // 1000
        day = second // DAY_SECONDS
        name = digest(claim)
        try:
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"{merchant}#door#claims#{day}#{digest(member)}"}},
                UpdateExpression="SET expiry = :expiry ADD tried :names",
                ConditionExpression="attribute_not_exists(tried) OR contains(tried, :name)"
                " OR size(tried) < :most",
                ExpressionAttributeValues={
                    ":names": {"SS": [name]}, ":name": {"S": name},
                    ":most": {"N": str(MOST_TRIES)},
                    ":expiry": {"N": str((day + 2) * DAY_SECONDS)},
                },
            )  # fmt: skip
        except self.dynamodb.exceptions.ConditionalCheckFailedException:
            return (day + 1) * DAY_SECONDS - second
        return 0
