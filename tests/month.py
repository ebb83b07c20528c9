"""A made-up month at two shops' tills: what they remember of each sale, and the events of it."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.mechanics import HappyHour, Mechanics, Tier
from chalicelib.model import Customer, Discount, Line, Tax, Transaction
from chalicelib.publish import event

FIRST = datetime(2026, 10, 20, tzinfo=UTC)  # the clocks go back within it, here and there
DAYS = 31
#: shop -> its mechanics, as a merchant would declare them.
PROGRAMS: dict[str, Mechanics] = {
    "cafe": Mechanics(
            "USD", "America/New_York", points="1.5", minimum=4, tier_days=10, claim_days=60,
            categories={"coffee": 2, "deal": "0.5"}, skus={"SPECIAL": 5},
            excluded_categories=frozenset({"tobacco"}),
            happy_hours=(HappyHour("15:00", "17:00", 2, days=(0, 1, 2, 3, 4)),),
            tiers=(Tier("silver", 60, "1.25"), Tier("gold", 150, 2)),
    ),
    "konbini": Mechanics("JPY", "Asia/Tokyo", points="0.01", rounding="half_up", claim_days=60),
}  # fmt: skip
GOODS = (
    ("coffee", "", 450), ("cake", "", 575), ("deal", "", 999), ("tobacco", "", 1200),
    ("cake", "SPECIAL", 310), ("gift", "", 2000),
)  # fmt: skip


@dataclass
class Bill:
    """What a till remembers of a sale in the end."""

    shop: str
    number: int
    moment: datetime
    #: (category, sku, minor units) of each line, and which of them came back.
    lines: list[tuple[str, str, int]]
    member: str = ""
    by_email: bool = False
    tip: int = 0
    discount: int = 0
    voided: bool = False
    back: set[int] = field(default_factory=set)
    #: Paid back beside goods, as an amount alone.
    refunded: int = 0
    claimed_by: str = ""
    #: A return without a sale that is known: its lines are negative, and all there is.
    loose: bool = False

    @property
    def total(self) -> int:
        return sum(cents for *_, cents in self.lines) - self.discount + self.tip


def email_hash(member: str) -> str:
    return "hmac-sha256:" + hashlib.sha256(member.encode()).hexdigest()


@dataclass
class Month:
    """Every bill, and every event that told of it: bodies, in the order in which they happened."""

    bills: list[Bill]
    bodies: list[str]
    #: The events by which a bill is claimed: shop, receipt number, day, member.
    claims: list[tuple[str, str, str, str]]


def month(count: int, members: int, seed: int = 1, days: int = DAYS) -> Month:
    """Return a month (or so many days) of about so many sales: the same for the same seed."""
    chance = random.Random(seed)
    teller = _Teller(chance)
    for number in range(1, count + 1):
        shop = chance.choice(("cafe", "cafe", "cafe", "konbini"))
        teller.trade(_bill(shop, number, members, chance, days))
    return Month(teller.bills, teller.bodies, teller.claims)


def _bill(shop: str, number: int, members: int, chance: random.Random, days: int) -> Bill:
    lines = [chance.choice(GOODS) for _ in range(chance.randrange(1, 5))]
    named = chance.random() < 0.85
    return Bill(
        shop=shop, number=number, lines=lines,
        moment=FIRST + timedelta(seconds=chance.randrange(days * 86_400)),
        member=f"M{chance.randrange(members):04}" if named else "", by_email=chance.random() < 0.3,
        tip=chance.choice((0, 0, 100)), discount=chance.choice((0, 0, 0, 77)),
    )  # fmt: skip


class _Teller:
    """Lets each bill have its fate, and tells it as a till does."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.bills = chance, list[Bill]()
        self.bodies, self.claims = list[str](), list[tuple[str, str, str, str]]()

    def trade(self, bill: Bill) -> None:
        self.bills.append(bill)
        fate = self.chance.random()
        if fate < 0.04:
            return self._loose(bill)
        if fate < 0.14:  # told first without what makes it right
            wrong = Bill(bill.shop, bill.number, bill.moment, [*bill.lines, GOODS[0]])
            self._tell(_sale(wrong, 0))
        self._tell(_sale(bill, 1))
        if fate > 0.94:
            self._void(bill)
        elif fate > 0.72:
            self._give_back(bill)
        if not bill.member and self.chance.random() < 0.5:
            self._claim(bill)
        return None

    def _tell(self, found: Transaction) -> None:
        self.bodies.append(event(found).body)

    def _void(self, bill: Bill) -> None:
        bill.voided = True
        own = self.chance.random() < 0.5  # as a revision of its own, or as another transaction
        name = _name(bill)
        self._tell(_head(bill, id=name if own else f"{name}-void", revision=2, kind="void",
                         original=name, total=0))  # fmt: skip

    def _give_back(self, bill: Bill) -> None:
        places = list(range(len(bill.lines)))
        self.chance.shuffle(places)
        kind = self.chance.random()
        if kind < 0.3 and not bill.discount:
            bill.refunded = bill.total // self.chance.randrange(2, 5)
            self._tell(_head(bill, id=f"{_name(bill)}-r0", revision=1, kind="return",
                             original=_name(bill), total=-bill.refunded))  # fmt: skip
            return
        for at, place in enumerate(places[: self.chance.randrange(1, len(places) + 1)]):
            undone = self.chance.random() < 0.15
            self._tell(_back(bill, place, f"{_name(bill)}-r{at}"))
            if undone:  # the return itself is voided
                self._tell(_head(bill, id=f"{_name(bill)}-v{at}", revision=1, kind="void",
                                 original=f"{_name(bill)}-r{at}", total=0))  # fmt: skip
            else:
                bill.back.add(place)

    def _loose(self, bill: Bill) -> None:
        bill.loose, bill.tip, bill.discount = True, 0, 0
        lines = tuple(_line(at, goods, -1) for at, goods in enumerate(bill.lines, 1))
        original = self.chance.choice((None, f"{_name(bill)}-never-told"))
        self._tell(_head(bill, revision=1, kind="return", lines=lines, total=-bill.total,
                         original=original))  # fmt: skip

    def _claim(self, bill: Bill) -> None:
        bill.claimed_by = f"loyalty:M{self.chance.randrange(50):04}"
        day = f"{bill.moment:%Y-%m-%d}"
        self.claims.append((bill.shop, f"R{bill.number}", day, bill.claimed_by))


def _name(bill: Bill) -> str:
    return f"{bill.shop}-{bill.number}"


def _head(bill: Bill, **more: object) -> Transaction:
    yen = bill.shop == "konbini"
    who = None
    if bill.member:
        who = (
            Customer(email=email_hash(bill.member)) if bill.by_email
            else Customer(loyalty_id=bill.member, email=email_hash("somebody"))
        )  # fmt: skip
    told: dict[str, object] = {
        "merchant": bill.shop, "vendor": "till", "id": _name(bill), "customer": who,
        "occurred_at": bill.moment.isoformat(), "currency": "JPY" if yen else "USD",
        "exponent": 0 if yen else 2, "store_id": "S1", "receipt_number": f"R{bill.number}",
        "business_date": f"{bill.moment:%Y-%m-%d}",
    }  # fmt: skip
    return Transaction.model_validate(told | more)


def _line(number: int, goods: tuple[str, str, int], sign: int = 1, **more: object) -> Line:
    category, sku, cents = goods
    kind = "gift_card" if category == "gift" else "item"
    return Line(number=number, kind=kind, category=category, sku=sku or None, total=sign * cents,
                quantity=str(sign), **more)  # fmt: skip


def _sale(bill: Bill, revision: int) -> Transaction:
    lines = tuple(_line(at, goods) for at, goods in enumerate(bill.lines, 1))
    off = (Discount(amount=bill.discount),) if bill.discount else ()
    tax = Tax(amount=80, inclusive=False)  # on top: it earns nothing
    return _head(bill, revision=revision, kind="sale", lines=lines, discounts=off, taxes=(tax,),
                 tip=bill.tip, total=bill.total + 80)  # fmt: skip


def _back(bill: Bill, place: int, name: str) -> Transaction:
    line = _line(1, bill.lines[place], -1, original_line=str(place + 1))
    share = bill.discount * line.total / sum(c for *_, c in bill.lines)
    off = (Discount(amount=round(share)),) if round(share) else ()
    return _head(bill, id=name, revision=1, kind="return", original=_name(bill), lines=(line,),
                 discounts=off, total=line.total - round(share))  # fmt: skip
