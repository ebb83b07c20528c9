"""The ledger: members' accounts in DynamoDB.  Entries are added and never changed.

All of a member's items have the partition key `<merchant>#member#<member>`:

- sk `account`: version (how many entries there are), balance (their sum), rows (what of the
  purchases changed last, each with its version, and 0 for those that are gone)
- sk `bought#<when, ms>#<...>`: source, subject, moment, spend, base: what each purchase is worth;
  version (that of the account as it was written)
- sk `entry#<number>`: points, balance, reason, noted (ms), and the event: event_id, revision, ...

Sales that are nobody's can be found by `<merchant>#receipt#<...>`, for as long as they can be
claimed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib import times
from chalicelib.accounts import DAY_MS, change
from chalicelib.bought import Sold
from chalicelib.mechanics import Program
from chalicelib.rewards import CLAIM, purchases, receipts
from chalicelib.rows import (
    Account,
    Bought,
    account_of,
    attributes,
    moment_of,
    placed,
    read,
    stored,
    version_of,
    written,
)
from chalicelib.shelf import Item, LostRace, Write, digest, paged, put
from chalicelib.story import Told, View

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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
        return account_of(item) if item else Account()

    def rows(self, member: str, since: int, until: int) -> Bought:
        """Return a member's purchases of a time (ms since 1970), by their sort keys."""
        return {row["sk"]["S"]: read(row, member) for row in self._bought(member, since, until)}

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
        """Return the writes for one member."""
        account = self.account(member)
        before, after = placed(old, news.source), placed(new, news.source)
        others = self._others(member, account, before, after)
        made = change(others, before, after, self.program)
        reason = "claim" if news.subject.startswith(CLAIM) else str(news.data.get("kind"))
        entries = [(reason, made.own), *([("tier", made.others)] if made.others else [])]
        version, gone = account.version + len(entries), sorted(before.keys() - after.keys())
        rows = dict.fromkeys(gone, 0) | dict.fromkeys(after, version)
        now = Account(version, account.balance + made.own + made.others, rows)
        return [
            *({"Delete": {"TableName": self.table, "Key": self.key(member, one)}} for one in gone),
            *(
                put(self.table, self.key(member, one) | written(row, news.source, name, version))
                for (one, row), name in zip(after.items(), new, strict=True)
            ),
            *self._entries(member, account, now, entries, news),
        ]

    def _others(self, member: str, account: Account, before: Bought, after: Bought) -> Bought:
        """Return the member's other purchases within the windows of what changes.

        The account is read before them: rows that are newer let the writes fail, by its version.
        Those of its last transaction may not be seen yet, as DynamoDB shows writes one by one;
        then all is read again.
        """
        window = self.program.window_days * DAY_MS
        if not window:
            return {}
        moments = [row.at for row in (*before.values(), *after.values())]
        moments += [moment_of(place) for place in account.rows]
        items = {
            item["sk"]["S"]: item
            for item in self._bought(member, min(moments) - window, max(moments) + window)
        }
        if any(version_of(items.get(one)) != version for one, version in account.rows.items()):
            raise LostRace
        own = before.keys() | after.keys()
        return {one: read(item, member) for one, item in items.items() if one not in own}

    def _bought(self, member: str, since: int, until: int) -> Iterator[Item]:
        return self.between(member, f"bought#{max(since, 0):013}", f"bought#{until + 1:013}")

    def _entries(
        self, member: str, account: Account, now: Account, entries: Sequence[tuple[str, int]],
        news: Told,
    ) -> list[Write]:  # fmt: skip
        writes, balance = [], account.balance
        for number, (reason, points) in enumerate(entries, account.version + 1):
            balance += points
            words = {"reason": reason, "event_id": news.id, "source": news.source,
                     "subject": news.subject.removeprefix(CLAIM),
                     "occurred_at": str(news.data.get("occurred_at", ""))}  # fmt: skip
            counts = {"points": points, "balance": balance, "revision": news.revision,
                      "noted": self.now_ms()}  # fmt: skip
            item = self.key(member, f"entry#{number:012}") | attributes(words, counts)
            writes.append(put(self.table, item, new=True))
        item = self.key(member, "account") | stored(now)
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
        return key | attributes(words, counts)
