"""How often a merchant may call, over all containers: calls are taken from the table by the dozen.

One item a merchant and ten seconds counts what was taken.  A container takes so many at once, and
writes again when they are used up: a tenth of a write a call where it matters, one in ten seconds
where little comes.  When the table can't say, everybody may: a limit must not lose a sale.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.calls import note

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WINDOW_SECONDS = 10
DOZEN = 10
#: After that many seconds, an item is of no use any more.
KEPT_SECONDS = 600


@dataclass
class Pace:
    """A container's share of what each merchant may call."""

    dynamodb: "DynamoDBClient"
    table: str
    now_ms: Callable[[], int]
    _left: dict[str, tuple[int, int]] = field(default_factory=dict)

    def wait(self, merchant: str, rate: int) -> int:
        """Count a call; return after how many seconds it may come again, 0 if it may now.

        `rate` is calls a second.
        """
        second = self.now_ms() // 1000
        window = second // WINDOW_SECONDS
        since, left = self._left.get(merchant, (0, 0))
        if since != window or not left:
            left = left if since == window and left < 0 else self._taken(merchant, window, rate)
        self._left[merchant] = (window, left - 1 if left > 0 else -1)
        return 0 if left > 0 else WINDOW_SECONDS - second % WINDOW_SECONDS

    def _taken(self, merchant: str, window: int, rate: int) -> int:
        """Take a dozen calls of this window, or none if all are taken."""
        try:
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"{merchant}#door#pace#{window}"}},
                UpdateExpression="SET expiry = :expiry ADD taken :dozen",
                ConditionExpression="attribute_not_exists(taken) OR taken < :most",
                ExpressionAttributeValues={
                    ":dozen": {"N": str(DOZEN)}, ":most": {"N": str(rate * WINDOW_SECONDS)},
                    ":expiry": {"N": str(window * WINDOW_SECONDS + KEPT_SECONDS)},
                },
            )  # fmt: skip
        except self.dynamodb.exceptions.ConditionalCheckFailedException:
            return -1
        except Exception as fault:  # noqa: BLE001 - whatever it is, the sale goes on
            note(f"{type(fault).__name__} when counting calls")
        return DOZEN
