"""A day's trading of every merchant, with all that goes wrong on such a day."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from ops.tills import TILLS, Sale, Till, poslog, poslog_transaction

#: Numbers that card schemes publish for testing; none may be found anywhere afterwards.
CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6011111111111117")
NOTES = ("paid with {}", "card {} declined, then cash", "{} exp 12/29")
MALFORMED = ('{"id": ', " ", "<POSLog><Transaction>", '{"hello": "world"}', "[" * 5_000, "null")
SHARES = {
    "harbour-coffee": 0.30,
    "elm-street-books": 0.25,
    "nordmarkt": 0.25,
    "sakura-bakery": 0.15,
    "night-market": 0.05,
}
#: Of a merchant's sales, how many are of each kind.
RESENT, EDITED, OPEN, BAD, NOTED = 0.10, 0.03, 0.03, 0.02, 0.03
#: The share of the POSLog merchant's sales that comes in one large file.
FILED = 0.5
#: A queue carries a mebibyte, which is so many transactions.
FILE_COUNT = 800
#: How many members a merchant has, and the share of its sales that are theirs.
MEMBERS, NAMED, REFUNDED = 25, 0.6, 0.08


@dataclass(frozen=True)
class Bought:
    """What a member bought in the end, and how many cents of it were paid back."""

    sale: Sale
    refunded: int = 0


@dataclass
class Day:
    """What one merchant's till sends, and what must come of it."""

    merchant: str
    #: In this order; a resend comes after what it repeats.
    bodies: list[str] = field(default_factory=list)
    resends: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    #: id -> amounts in cents of its revisions, oldest first.
    expected: dict[str, list[int]] = field(default_factory=dict)
    bought: list[Bought] = field(default_factory=list)


def trading(count: int, seed: int = 1) -> list[Day]:
    """Return about `count` transactions over all merchants: the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a made-up day needs no secrets
    return [_day(merchant, round(count * share), chance) for merchant, share in SHARES.items()]


def _day(merchant: str, count: int, chance: random.Random) -> Day:
    day, till = Day(merchant), TILLS[merchant]
    sales = [_sale(number, till, chance) for number in range(1, count + 1)]
    filed = sales[: round(count * FILED)] if merchant == "nordmarkt" else []
    for sale in sales[len(filed) :]:
        _send(day, till, sale, chance)
    if filed:
        _file(day, till, filed)
    chance.shuffle(day.bodies)
    return day


def _sale(number: int, till: Till, chance: random.Random) -> Sale:
    noted = chance.random() < NOTED
    card = chance.choice(CARDS)
    spaced = " ".join(card[at : at + 4] for at in range(0, len(card), 4))
    note = chance.choice(NOTES).format(chance.choice((card, spaced))) if noted else ""
    asked = till.asks.format(chance.randrange(MEMBERS)) if chance.random() < NAMED else ""
    return Sale(number, chance.randrange(150, 25_000), note=note, member=asked)


def _send(day: Day, till: Till, sale: Sale, chance: random.Random) -> None:
    kind = chance.random()
    if kind < BAD:
        day.bodies.append(chance.choice(MALFORMED))
        day.sent["malformed"] += 1
    elif kind < BAD + OPEN:
        day.bodies.append(till.write_open(sale))
        day.sent["not final"] += 1
    else:
        _expect(day, till, sale)
        if till.edits and kind > 1 - EDITED:
            sale = replace(sale, cents=sale.cents + 100, edits=sale.edits + 1)
            _expect(day, till, sale)
        refunded = _refund(day, till, sale, chance)
        if sale.member:
            day.bought.append(Bought(sale, refunded))
        if chance.random() < RESENT:
            day.resends.append(till.write(sale))
            day.sent["resend"] += 1


def _expect(day: Day, till: Till, sale: Sale) -> None:
    day.bodies.append(till.write(sale))
    day.sent["revision" if sale.edits else "sale"] += 1
    day.expected.setdefault(till.identify(sale), []).append(sale.cents)


def _refund(day: Day, till: Till, sale: Sale, chance: random.Random) -> int:
    """Pay some sales back, whole or in part; the refund may well be told before its sale."""
    if till.write_refund is None or chance.random() > REFUNDED:
        return 0
    cents = chance.choice((sale.cents, sale.cents // 3))
    day.bodies.append(till.write_refund(sale, cents))
    day.sent["refund"] += 1
    day.expected[till.identify_refund(sale)] = [-cents]
    return cents


def _file(day: Day, till: Till, sales: list[Sale]) -> None:
    """Large files with everything in them: two transactions of each can't be read."""
    bad = "<Transaction><RetailStoreID>0031</RetailStoreID></Transaction>"
    for start in range(0, len(sales), FILE_COUNT):
        parts = [poslog_transaction(sale) for sale in sales[start : start + FILE_COUNT]]
        day.bodies.append(poslog(*parts, bad, bad))
        day.sent["malformed"] += 2
    day.sent["sale"] += len(sales)
    for sale in sales:
        day.expected[till.identify(sale)] = [sale.cents]
        if sale.member:
            day.bought.append(Bought(sale))
