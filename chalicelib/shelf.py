"""Where an inbox keeps what it knows: a DynamoDB table with the keys `pk` and `sk`.

- `story#<consumer>#<source>#<subject>`, sk `story`: a story at its root; at another of its
  transactions, where the root is; version, expiry
- `waiting#<consumer>`, sk `<due, ms>#<...>`: source, subject, original, since and due of what waits
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Code, Rejected, Retry
from chalicelib.story import Story, packed, unpacked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
#: One of DynamoDB's TransactItems: {"Put": {...}}, {"Update": {...}}, ...
Write = dict[str, Any]

_DAY = 24 * 3600
#: How long a transaction is known: as long as the relay knows it.
MEMORY_SECONDS = 400 * _DAY
MOST_WRITES = 100
#: Later than any time that something is due, in ms.
EVER = 10**13 - 2


class LostRace(Exception):
    """Another worker changed what was read: read again."""


@dataclass(frozen=True)
class Waiting:
    """A transaction whose original is unknown, since and until when (ms since 1970)."""

    source: str
    subject: str
    original: str
    since: int
    due: int


@dataclass(frozen=True)
class Place:
    """Where a story stands: its root, the root's version as read (None: no item), and itself."""

    root: str
    version: int | None
    story: Story


@dataclass(frozen=True)
class Shelf:
    """One consumer's stories, and what waits."""

    client: "DynamoDBClient"
    table: str
    consumer: str
    now_ms: Callable[[], int]

    def find(self, source: str, subject: str) -> Place:
        """Follow a transaction to its story; one that was joined to another points to it."""
        root = subject
        while True:
            item: Any = self.client.get_item(
                TableName=self.table, Key=self._key(source, root), ConsistentRead=True
            ).get("Item")
            if not item:
                return Place(root, None, {})
            if "story" in item:
                return Place(root, int(item["version"]["N"]), unpacked(item["story"]["B"]))
            root = item["root"]["S"]

    def write(self, writes: Sequence[Write]) -> None:
        """Write all or nothing; say apart who was faster, what can never be, and what is for now.

        An answer that is lost needs no token: the condition on the version fails the second time,
        and what is read then is our own.
        """
        if len(writes) > MOST_WRITES:
            raise Rejected(Code.TOO_MANY, f"{len(writes)} writes at once: DynamoDB takes 100")
        try:
            self.client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
        except self.client.exceptions.TransactionCanceledException as fault:
            codes = {one.get("Code") for one in fault.response.get("CancellationReasons", ())}
            if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
                raise LostRace from fault
            if "ValidationError" in codes:
                raise Rejected(Code.TOO_LARGE, "DynamoDB takes no such write") from fault
            raise Retry(f"DynamoDB cancelled the writes: {sorted(map(str, codes))}") from fault

    def root(self, source: str, place: Place, story: Story) -> Write:
        return self.stored(source, place, {"story": {"B": packed(story)}})

    def stored(self, source: str, place: Place, content: Item) -> Write:
        """Return the write of a story's own item, on condition that it is as it was read."""
        version = {"version": {"N": str((place.version or 0) + 1)}, "expiry": self._expiry()}
        item = self._key(source, place.root) | version | content
        return put(self.table, item, place.version, new=place.version is None)

    def _key(self, source: str, subject: str) -> Item:
        return {"pk": {"S": f"story#{self.consumer}#{source}#{subject}"}, "sk": {"S": "story"}}

    def wait(self, source: str, subject: str, due: int, original: str) -> Write:
        told_ = {"source": source, "subject": subject, "original": original}
        item = self._wait_key(source, subject, due) | {"expiry": self._expiry()}
        item |= {name: {"S": text} for name, text in told_.items()}
        return put(self.table, item | {"since": {"N": str(self.now_ms())}, "due": {"N": str(due)}})

    def no_wait(self, source: str, subject: str, due: int) -> Write:
        return {"Delete": {"TableName": self.table, "Key": self._wait_key(source, subject, due)}}

    def _wait_key(self, source: str, subject: str, due: int) -> Item:
        place = f"{due:013}#{digest(source, subject)}"
        return {"pk": {"S": f"waiting#{self.consumer}"}, "sk": {"S": place}}

    def waits(self, most: int, until: int) -> list[Waiting]:
        query = {
            "TableName": self.table,
            "Limit": most,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND sk < :until",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"waiting#{self.consumer}"},
                ":until": {"S": f"{until + 1:013}"},
            },
        }
        return [
            Waiting(
                item["source"]["S"], item["subject"]["S"], item["original"]["S"],
                int(item["since"]["N"]), int(item["due"]["N"]),
            )
            for item in islice(paged(self.client, query), most)
        ]  # fmt: skip

    def _expiry(self) -> Item:
        return {"N": str(self.now_ms() // 1000 + MEMORY_SECONDS)}


def put(table: str, item: Item, version: int | None = None, *, new: bool = False) -> Write:
    """Return a write of an item: over the version as read, where none is (`new`), or anyhow."""
    found: Write = {"TableName": table, "Item": item}
    if version is not None:
        found["ConditionExpression"] = "version = :version"
        found["ExpressionAttributeValues"] = {":version": {"N": str(version)}}
    elif new:
        found["ConditionExpression"] = "attribute_not_exists(pk)"
    return {"Put": found}


def paged(client: "DynamoDBClient", query: Any) -> Iterator[Item]:
    """Yield the items of a query, page by page."""
    while True:
        answer: Any = client.query(**query)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        query = query | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def digest(*parts: str) -> str:
    """Return a short name for texts that a key has no room for."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
