"""The ledger: members' accounts in DynamoDB.  Entries are added and never changed.

All of a member's items have the partition key `<merchant>#member#<member>`:

- sk `account`: version (how many entries there are), balance (their sum)
- sk `bought#<when, ms>#<...>`: source, subject, moment, spend, base: what each purchase is worth
- sk `entry#<number>`: points, balance, reason, noted (ms), and the event: event_id, revision, ...

Sales that are nobody's can be found by `<merchant>#receipt#<...>`, for as long as they can be
claimed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib import times
from chalicelib.accounts import DAY_MS, change
from chalicelib.bought import Sold
from chalicelib.mechanics import Program
from chalicelib.rewards import CLAIM, Purchase, purchases, receipts
from chalicelib.shelf import Item, Write, digest, paged, put
from chalicelib.story import Told, View

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Bought = dict[str, Purchase]


@dataclass(frozen=True)
class Account:
    """What an account's own item says."""

    version: int = 0
    balance: int = 0


@dataclass(frozen=True)
class Ledger:
    """One merchant's accounts, in the table that rewards have to themselves."""

    client: "DynamoDBClient"
    table: str
    merchant: str
    program: Program
    now_ms: Callable[[], int]

    def effect(self, before: View, after: View, news: Told) -> list[Write]:
        """Return the writes that make the difference: an effect for an inbox."""
        then, now = purchases(before, self.program), purchases(after, self.program)
        changed = {one for one in then.keys() | now.keys() if then.get(one) != now.get(one)}
        found = {one.member for rows in (then, now) for one in rows.values()}
        writes = self._receipts(before, after, news.source)
        for member in sorted(one for one in found if one):
            old, new = (
                {name: rows[name] for name in sorted(changed & rows.keys())
                 if rows[name].member == member}
                for rows in (then, now)
            )  # fmt: skip
            if old or new:
                writes += self._account(member, old, new, news)
        return writes

    def account(self, member: str) -> Account:
        """Return how a member stands; nobody's account is empty."""
        item: Any = self.client.get_item(
            TableName=self.table, Key=self.key(member, "account"), ConsistentRead=True
        ).get("Item")
        return Account(int(item["version"]["N"]), int(item["balance"]["N"])) if item else Account()

    def rows(self, member: str, since: int, until: int) -> Bought:
        """Return a member's purchases of a time (ms since 1970), by their sort keys."""
        found = self.between(member, f"bought#{max(since, 0):013}", f"bought#{until + 1:013}")
        return {item["sk"]["S"]: _read(item, member) for item in found}

    def between(self, member: str, first: str, last: str) -> Iterator[Item]:
        """Yield a member's items whose sort keys lie between the two, in their order."""
        query: Any = {
            "TableName": self.table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :since AND :until",
            "ExpressionAttributeValues": {
                ":pk": self.key(member, "")["pk"],
                ":since": {"S": first},
                ":until": {"S": last},
            },
        }
        yield from paged(self.client, query)

    def key(self, member: str, place: str) -> Item:
        """Return the key of one of a member's items."""
        return {"pk": {"S": f"{self.merchant}#member#{member}"}, "sk": {"S": place}}

    def receipt_key(self, store: str, receipt: str) -> str:
        """Return the partition key of the sales that bear a receipt's number."""
        return f"{self.merchant}#receipt#{digest(store, receipt)}"

    def _account(self, member: str, old: Bought, new: Bought, news: Told) -> list[Write]:
        """Return the writes for one member.

        The version is read first: rows that are newer than it let the writes fail.
        """
        account = self.account(member)
        before, after = _placed(old, news.source), _placed(new, news.source)
        moments = [row.at for row in (*old.values(), *new.values())]
        window = self.program.window_days * DAY_MS
        others: Bought = {}
        if window:
            found = self.rows(member, min(moments) - window, max(moments) + window)
            others = {k: row for k, row in found.items() if k not in before.keys() | after.keys()}
        made = change(others, before, after, self.program)
        reason = "claim" if news.subject.startswith(CLAIM) else str(news.data.get("kind"))
        entries = [(reason, made.own), *([("tier", made.others)] if made.others else [])]
        return [
            *(self._delete(member, place) for place in sorted(before.keys() - after.keys())),
            *(
                put(self.table, self.key(member, place) | _written(row, news.source, subject))
                for (place, row), subject in zip(after.items(), new, strict=True)
            ),
            *self._entries(member, account, entries, news),
        ]

    def _entries(
        self, member: str, account: Account, entries: Sequence[tuple[str, int]], news: Told
    ) -> list[Write]:
        writes, balance = [], account.balance
        for number, (reason, points) in enumerate(entries, account.version + 1):
            balance += points
            words = {"reason": reason, "event_id": news.id, "source": news.source,
                     "subject": news.subject.removeprefix(CLAIM),
                     "occurred_at": str(news.data.get("occurred_at", ""))}  # fmt: skip
            counts = {"points": points, "balance": balance, "revision": news.revision,
                      "noted": self.now_ms()}  # fmt: skip
            item = self.key(member, f"entry#{number:012}") | _attributes(words, counts)
            writes.append(put(self.table, item, new=True))
        version = account.version + len(entries)
        counts = {"version": version, "balance": balance}
        item = self.key(member, "account") | _attributes({}, counts)
        known = account.version or None
        return [*writes, put(self.table, item, known, new=known is None)]

    def _receipts(self, before: View, after: View, source: str) -> list[Write]:
        """Return the writes by which anonymous sales are found by their receipts, and no longer."""
        then, now = (self._receipt_items(view, source) for view in (before, after))
        gone = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in sorted(then.keys() - now.keys())]
        kept = [put(self.table, item) for key, item in now.items() if then.get(key) != item]
        return [*({"Delete": {"TableName": self.table, "Key": key}} for key in gone), *kept]

    def _receipt_items(self, view: View, source: str) -> dict[tuple[str, str], Item]:
        return {
            (item["pk"]["S"], item["sk"]["S"]): item
            for subject, sold in receipts(view)
            for item in [self._receipt_item(source, subject, sold)]
        }

    def _receipt_item(self, source: str, subject: str, sold: Sold) -> Item:
        moment = datetime.fromisoformat(sold.occurred_at)
        at, days = times.epoch_ms(sold.occurred_at), self.program.at(moment).claim_days
        words = {"source": source, "subject": subject, "business_date": sold.business_date or ""}
        counts = {"total": sold.total, "expiry": at // 1000 + days * DAY_MS // 1000}
        pk = self.receipt_key(sold.store_id or "", sold.receipt_number or "")
        key = {"pk": {"S": pk}, "sk": {"S": digest(source, subject)}}
        return key | _attributes(words, counts)

    def _delete(self, member: str, place: str) -> Write:
        return {"Delete": {"TableName": self.table, "Key": self.key(member, place)}}


def _placed(rows: Bought, source: str) -> Bought:
    """Return purchases by the sort keys of their items."""
    return {f"bought#{row.at:013}#{digest(source, name)}": row for name, row in rows.items()}


def _written(row: Purchase, source: str, subject: str) -> Item:
    words = {"source": source, "subject": subject, "moment": row.moment.isoformat(),
             "spend": str(row.spend), "base": str(row.base), "why": row.why}  # fmt: skip
    return _attributes(words, {})


def _read(item: Mapping[str, Any], member: str) -> Purchase:
    moment = datetime.fromisoformat(item["moment"]["S"])
    spend, base = (Fraction(item[name]["S"]) for name in ("spend", "base"))
    return Purchase(member, moment, spend, base, item["why"]["S"])


def _attributes(words: Mapping[str, str], counts: Mapping[str, int]) -> Item:
    return {name: {"S": text} for name, text in words.items()} | {
        name: {"N": str(count)} for name, count in counts.items()
    }
