"""All that rewards have: the inbox, and a ledger for each merchant that has mechanics."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from chalicelib.errors import Ignored
from chalicelib.inbox import PATIENCE_SECONDS, Effect, Inbox
from chalicelib.ledger import Ledger
from chalicelib.mechanics import Mechanics, program
from chalicelib.rewards import keep
from chalicelib.shelf import Shelf
from chalicelib.story import Told

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONSUMER = "rewards"
#: What app.py declares: each merchant's mechanics, or several, old and new.
Declaration = Mapping[str, Mechanics | Iterable[Mechanics]]


class Desk:
    """Rewards in one DynamoDB table.  `patience` is how long a return waits for its sale."""

    def __init__(
        self, client: "DynamoDBClient", table: str, declared: Declaration,
        now_ms: Callable[[], int], patience: int = PATIENCE_SECONDS,
    ) -> None:  # fmt: skip
        self.inbox = Inbox(Shelf(client, table, CONSUMER, now_ms), patience, keep)
        self.ledgers = {
            merchant: Ledger(client, table, merchant, program(mechanics), now_ms)
            for merchant, mechanics in declared.items()
        }

    def effect_of(self, news: Told) -> Effect:
        """Return what an event does to its merchant's accounts; raise Ignored where nothing."""
        merchant = news.source.split("/")[2] if news.source.count("/") > 1 else ""
        ledger = self.ledgers.get(merchant)
        if ledger is None:
            raise Ignored("the merchant has no mechanics")
        return ledger.effect
