"""Any order and repetition of a set of events gives the same balances, tiers and sums."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.mechanics import HappyHour, Mechanics, Tier
from chalicelib.members import member
from chalicelib.model import Customer, Discount, Line, Tax, Transaction
from chalicelib.publish import event
from chalicelib.rewards import CLAIM
from chalicelib.story import Told
from tests.counter import Counter
from tests.memory import Memory
from tests.month import FIRST

SHOP = "cafe"
MECHANICS = (
    Mechanics(
        "USD", "Europe/London", points="1.3", minimum=2, tier_days=2, rounding="half_up",
        categories={"tea": 3}, happy_hours=(HappyHour("00:00", "12:00", "1.5"),),
        tiers=(Tier("one", 5, "1.1"), Tier("two", 12, "1.7")), below_zero=True,
    ),
    Mechanics("USD", "Europe/London", points=2, tier_days=5, tiers=(Tier("all", 8, 3),),
              since="2026-10-23"),
)  # fmt: skip
NAMES = ("t1", "t2", "t3", "t4")
PEOPLE = (None, Customer(loyalty_id="L"), Customer(email="a@example.com"), Customer(phone="1"))
KINDS = ("sale", "sale", "return", "exchange", "void")
lines = st.builds(
    Line, number=st.integers(1, 3), total=st.integers(-300, 900),
    category=st.sampled_from((None, "tea")), kind=st.sampled_from(("item", "item", "gift_card")),
    sku=st.sampled_from((None, "S1", "S2")), original_line=st.sampled_from((None, "1", "2")),
)  # fmt: skip
transactions = st.builds(
    Transaction, merchant=st.just(SHOP), vendor=st.just("till"), id=st.sampled_from(NAMES),
    revision=st.integers(0, 2), kind=st.sampled_from(KINDS),
    original=st.sampled_from((None, *NAMES)), customer=st.sampled_from(PEOPLE),
    occurred_at=st.integers(0, 120).map(lambda h: (FIRST + timedelta(hours=h)).isoformat()),
    currency=st.just("USD"), exponent=st.just(2), lines=st.lists(lines, max_size=3).map(tuple),
    discounts=st.sampled_from(((), (Discount(amount=50),))), total=st.integers(-900, 1500),
    taxes=st.sampled_from(((), (Tax(amount=40, inclusive=True), Tax(amount=9, inclusive=False)))),
    tip=st.sampled_from((0, 100)), receipt_number=st.sampled_from((None, "R1")),
)  # fmt: skip
claims = st.sampled_from(NAMES).map(
    lambda name: Told(CLAIM + name, f"/tillbridge/{SHOP}/till", CLAIM + name, 0,
                      {"member": "loyalty:C"}, name)
)  # fmt: skip
events = st.lists(transactions.map(lambda one: event(one).body) | claims, min_size=1, max_size=9)


def outcome(told: list[Any], pauses: list[bool]) -> Any:
    """Tell it all; return balances, tiers, and what is left in the table but the entries."""
    counter = Counter(Memory(), {SHOP: MECHANICS})
    for one, pause in zip(told, pauses, strict=False):
        if isinstance(one, Told):
            counter.inbox.take(one, counter.desk.effect_of(one))
        else:
            counter.take(one)
        if pause:
            counter.release()
    counter.release()
    balances = counter.balances()
    counter.now = int((FIRST + timedelta(hours=121)).timestamp() * 1000)
    tiers = {who: member(counter.ledger(SHOP), who).tier for _, who in balances}
    assert counter.inbox.waits() == []
    rows = {
        key: item | {"version": None} for key, item in counter.client.items.items()
        if key[1].startswith("bought#") or "#receipt#" in key[0]
    }  # fmt: skip
    known = {who: held for who, held in balances.items() if held}
    return known, {who: tier for who, tier in tiers.items() if tier}, rows


@settings(max_examples=150)
@given(told=events, data=st.data())
def test_any_order_and_repetition_gives_the_same_balances(told: list[Any], data: Any) -> None:
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    shuffled = data.draw(st.permutations([*told, *again]))
    pauses = data.draw(st.lists(st.booleans(), min_size=len(shuffled), max_size=len(shuffled)))
    assert outcome(shuffled, pauses) == outcome(told, [False] * len(told))
