"""A rewards desk: inboxes and ledgers of the month's shops, over any DynamoDB client."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.accounts import points
from chalicelib.desk import Declaration, Desk
from chalicelib.inbox import Outcome
from chalicelib.ledger import Ledger
from chalicelib.members import Claimed, Receipt, claim_receipt, member
from chalicelib.shelf import EVER
from chalicelib.story import Told, told
from tests.month import DAYS, FIRST, PROGRAMS, Month
from tests.owed import owed

TABLE = "rewards"
PATIENCE = 3 * 24 * 3600


def create(dynamodb: Any, name: str = TABLE) -> None:
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys],
        KeySchema=[{"AttributeName": n, "KeyType": kind} for n, kind in keys],
    )


@dataclass
class Counter:
    """What the rewards function has, with a clock that obeys."""

    client: Any
    programs: Declaration = field(default_factory=lambda: PROGRAMS)
    now: int = int(FIRST.timestamp() * 1000) + DAYS * 86_400_000

    def __post_init__(self) -> None:
        self.desk = Desk(self.client, TABLE, self.programs, lambda: self.now, PATIENCE)
        self.inbox = self.desk.inbox

    def ledger(self, shop: str) -> Ledger:
        return self.desk.ledgers[shop]

    def take(self, body: str) -> Outcome:
        news = told(body)
        return self.inbox.take(news, self.desk.effect_of(news))

    def claim(self, shop: str, name: str, **receipt: Any) -> Claimed:
        return claim_receipt(self.inbox, self.ledger(shop), name, Receipt("S1", **receipt))

    def release(self, between: Callable[[], None] = lambda: None) -> int:
        """Let the limit of all that waits pass; return how many were released."""
        self.now += PATIENCE * 1000 + 1
        released = 0
        while found := self.inbox.overdue():
            for one in found:
                between()
                news = Told("", one.source, one.subject, 0, {})
                self.inbox.release(one, self.desk.effect_of(news))
                released += 1
        return released

    def balances(self) -> dict[tuple[str, str], int]:
        """Return every account's balance, once it is sure that it is the sum of its entries."""
        found = {}
        for shop, who in accounts(self.client):
            ledger = self.ledger(shop)
            account = ledger.account(who)
            entries = list(self.entries(shop, who))
            assert account.balance == sum(one.points for one in entries)
            assert [one.number for one in entries] == list(range(account.version, 0, -1))
            rows = ledger.rows(who, 0, EVER)
            assert account.balance == sum(points(rows, ledger.program).values())
            found[shop, who] = account.balance
        return found

    def entries(self, shop: str, who: str) -> Any:
        page = member(self.ledger(shop), who, most=3)
        yield from page.entries
        while page.older:
            page = member(self.ledger(shop), who, before=page.older, most=100)
            yield from page.entries


def accounts(client: Any) -> list[tuple[str, str]]:
    """Return the shop and the member of every account in the table."""
    if hasattr(client, "items"):
        keys = list(client.items)
    else:
        pages = client.get_paginator("scan").paginate(TableName=TABLE)
        keys = [(i["pk"]["S"], i["sk"]["S"]) for page in pages for i in page["Items"]]
    named = [pk.split("#", 2) for pk, sk in keys if sk == "account"]
    return [(shop, who) for shop, _, who in named]


def wrong(counter: Counter, found: Month) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the members who don't have what they are owed: (held, owed)."""
    held, due = counter.balances(), owed(found.bills)
    return {
        who: (held.get(who, 0), due.get(who, 0))
        for who in held.keys() | due.keys()
        if held.get(who, 0) != due.get(who, 0)
    }
