"""What a member is shown, and a receipt claimed, once."""

from typing import Any

import pytest

from chalicelib.errors import Retry
from chalicelib.inbox import Inbox
from chalicelib.mechanics import Mechanics, Tier
from chalicelib.members import Claimed, Receipt, claim_receipt, explained, member
from chalicelib.publish import event
from tests.counter import Counter
from tests.memory import Memory
from tests.simulation.points.table import Table
from tests.test_inbox import Racing
from tests.test_mechanics import back, sold

DAY_MS = 86_400_000
TIERED = Mechanics("EUR", "Europe/Berlin", tiers=(Tier("silver", 20, 2),), tier_days=7)
RECEIPT = {"number": "R1", "business_date": "2026-11-23"}


@pytest.fixture
def counter() -> Counter:
    return Counter(Memory(), {"shop": TIERED}, now=1_795_467_600_000)  # 2026-11-23, noon


def anonymous(*totals: int, **more: Any) -> str:
    told = {"customer": None, "store_id": "S1", "receipt_number": "R1",
            "business_date": "2026-11-23"}  # fmt: skip
    return event(sold(*totals, **(told | more))).body


def shown(counter: Counter, name: str = "loyalty:L", **page: Any) -> Any:
    return member(counter.ledger("shop"), name, **page)


def test_balance_tier_and_entries_are_shown_the_newest_first(counter: Counter) -> None:
    for number in range(3):
        counter.take(event(sold(1500, id=f"b{number}")).body)
    found = shown(counter)
    assert (found.balance, found.debt, found.tier, found.older) == (45, 0, "silver", None)
    assert [(one.number, one.points, one.balance, one.reason) for one in found.entries] == [
        (3, 15, 45, "sale"), (2, 15, 30, "sale"), (1, 15, 15, "sale"),
    ]  # fmt: skip
    assert found.entries[0].subject == "b2"
    assert found.entries[0].noted == counter.now
    counter.now += 7 * DAY_MS
    assert shown(counter).tier == ""


def test_entries_come_in_pages(counter: Counter) -> None:
    for number in range(5):
        counter.take(event(sold(1000, id=f"b{number}")).body)
    numbers, before = [], None
    while True:
        page = shown(counter, before=before, most=2)
        numbers.append([one.number for one in page.entries])
        before = page.older
        if not before:
            break
    assert numbers == [[5, 4], [3, 2], [1]]


def test_nobody_has_nothing(counter: Counter) -> None:
    found = shown(counter, "loyalty:nobody")
    assert (found.balance, found.debt, found.tier, found.entries) == (0, 0, "", ())


def test_the_longest_loyalty_id_that_a_till_may_tell_earns_points(counter: Counter) -> None:
    longest = "L" * 256
    counter.take(event(sold(1500, customer={"loyalty_id": longest})).body)
    assert shown(counter, f"loyalty:{longest}").balance == 15


def test_a_late_sale_changes_what_later_ones_earned_by_an_entry_of_its_own(
    counter: Counter,
) -> None:
    counter.take(event(sold(1000, id="late", occurred_at="2026-11-23T11:00:00+01:00")).body)
    counter.take(event(sold(2000, id="early", occurred_at="2026-11-23T09:00:00+01:00")).body)
    entries = [(one.reason, one.points, one.subject) for one in shown(counter).entries]
    assert entries == [("tier", 10, "early"), ("sale", 20, "early"), ("sale", 10, "late")]


@pytest.mark.parametrize(("below_zero", "balance", "debt"), [(False, 0, 10), (True, -10, 0)])
def test_what_can_not_be_taken_back_is_a_debt_until_it_is_earned(
    *, below_zero: bool, balance: int, debt: int
) -> None:
    by = Mechanics("EUR", "Europe/Berlin", below_zero=below_zero)
    counter = Counter(Memory(), {"shop": by})
    counter.take(event(back(1000, original=None)).body)
    assert (shown(counter).balance, shown(counter).debt) == (balance, debt)
    counter.take(event(sold(1200)).body)
    assert (shown(counter).balance, shown(counter).debt) == (2, 0)


def test_a_receipt_is_claimed_once_and_its_return_is_taken_back(counter: Counter) -> None:
    assert counter.claim("shop", "loyalty:L", **RECEIPT) is Claimed.UNKNOWN  # not told yet
    counter.take(anonymous(1000))
    for _ in range(2):
        assert counter.claim("shop", "loyalty:L", **RECEIPT) is Claimed.CLAIMED
    assert counter.claim("shop", "loyalty:M", **RECEIPT) is Claimed.TAKEN
    assert [(one.reason, one.points) for one in shown(counter).entries] == [("claim", 10)]
    assert shown(counter, "loyalty:M").balance == 0
    counter.take(event(back(400, customer=None)).body)
    assert shown(counter).balance == 6


@pytest.mark.parametrize(
    "proof",
    [
        {"number": "R1"},
        {"number": "R2", "business_date": "2026-11-23"},
        {"number": "R1", "business_date": "2026-11-22"},
        {"number": "R1", "total": 999},
        {"number": "R1", "total": 1000, "business_date": "2026-11-22"},
    ],
)
def test_a_claim_without_proof_finds_nothing(counter: Counter, proof: dict[str, Any]) -> None:
    counter.take(anonymous(1000))
    assert counter.claim("shop", "loyalty:L", **proof) is Claimed.UNKNOWN


def test_two_sales_of_one_number_are_told_apart_by_more_proof(counter: Counter) -> None:
    counter.take(anonymous(1000))
    counter.take(anonymous(2000, id="b"))
    assert counter.claim("shop", "loyalty:L", **RECEIPT) is Claimed.AMBIGUOUS
    assert counter.claim("shop", "loyalty:L", **RECEIPT, total=2000) is Claimed.CLAIMED
    assert shown(counter).balance == 20


def test_a_sale_of_somebodys_or_of_long_ago_can_not_be_claimed(counter: Counter) -> None:
    counter.take(anonymous(1000))
    counter.now += 31 * DAY_MS
    assert counter.claim("shop", "loyalty:L", **RECEIPT) is Claimed.UNKNOWN
    counter.now -= 31 * DAY_MS
    counter.take(anonymous(1000, customer={"loyalty_id": "M"}, revision=1))
    assert counter.claim("shop", "loyalty:L", **RECEIPT) is Claimed.UNKNOWN
    assert shown(counter, "loyalty:M").balance == 10


def test_a_till_that_names_the_buyer_later_has_the_last_word(counter: Counter) -> None:
    counter.take(anonymous(1000))
    counter.claim("shop", "loyalty:L", **RECEIPT)
    counter.take(anonymous(1000, customer={"loyalty_id": "M"}, revision=1))
    assert (shown(counter).balance, shown(counter, "loyalty:M").balance) == (0, 10)


def test_of_two_claims_at_once_one_wins(counter: Counter) -> None:
    counter.take(anonymous(1000))
    ledger, receipt, real = (
        counter.ledger("shop"),
        Receipt("S1", **RECEIPT),
        counter.client.get_item,
    )
    racing = [1]

    def get_item(**call: Any) -> Any:
        answer = real(**call)
        if racing and "story#" in call["Key"]["pk"]["S"]:
            racing.pop()
            assert claim_receipt(counter.inbox, ledger, "loyalty:M", receipt) is Claimed.CLAIMED
        return answer

    counter.client.get_item = get_item
    assert claim_receipt(counter.inbox, ledger, "loyalty:L", receipt) is Claimed.TAKEN
    assert (shown(counter).balance, shown(counter, "loyalty:M").balance) == (0, 10)


def test_a_claim_that_can_not_be_seen_just_now_is_tried_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.take(anonymous(1000))
    ledger, receipt = counter.ledger("shop"), Receipt("S1", **RECEIPT)
    assert claim_receipt(counter.inbox, ledger, "loyalty:M", receipt) is Claimed.CLAIMED
    monkeypatch.setattr(Inbox, "known", lambda *_: {})  # as while stories are joined
    with pytest.raises(Retry):
        claim_receipt(counter.inbox, ledger, "loyalty:L", receipt)


def test_why_a_sale_has_no_points_is_said(counter: Counter) -> None:
    counter.take(event(sold(1000, currency="USD")).body)
    counter.take(event(sold(1000, id="b", customer=None)).body)
    counter.take(event(back(1000, id="c", original="never told")).body)
    ledger, source = counter.ledger("shop"), "/tillbridge/shop/till"
    found = {one: explained(counter.inbox, ledger, source, one) for one in "abc"}
    assert found["a"]["a"].why == "other_currency"
    assert found["b"]["b"].member is None
    assert found["c"] == {}
    assert [one.subject for one in counter.inbox.waits()] == ["c"]


@pytest.mark.parametrize("at", range(8))
def test_two_workers_at_one_account_never_lose_a_point(at: int) -> None:
    first, second = (event(sold(cents, id=str(cents))).body for cents in (1500, 1700))
    client = Racing(at, lambda: counter.take(second))
    counter = Counter(client, {"shop": TIERED})
    counter.take(first)
    client.left = -1
    counter.take(second)
    assert counter.balances() == {("shop", "loyalty:L"): 32}


@pytest.mark.parametrize(("month", "points"), [(11, 45), (10, 35)], ids=["in the window", "before"])
def test_a_tier_waits_for_all_of_what_was_written_last(month: int, points: int) -> None:
    table = Table(lambda: 0, tokens=False)
    counter = Counter(table, {"shop": TIERED}, now=1_795_467_600_000)
    first = sold(2500, id="a", occurred_at=f"2026-{month}-23T09:00:00+01:00")
    second = sold(1000, id="b", occurred_at="2026-11-23T11:00:00+01:00")
    table.hold = iter((False, True, False, False)).__next__  # story, purchase, entry, account
    counter.take(event(first).body)
    table.hold = bool
    with pytest.raises(Retry):
        counter.take(event(second).body)
    table.settle(sorted(table.pending))
    counter.take(event(second).body)
    assert counter.balances() == {("shop", "loyalty:L"): points}


def test_what_is_gone_is_waited_for_as_well() -> None:
    table = Table(lambda: 0, tokens=False)
    counter = Counter(table, {"shop": TIERED}, now=1_795_467_600_000)
    counter.take(event(sold(2500, id="a", occurred_at="2026-11-23T09:00:00+01:00")).body)
    void = sold(kind="void", id="a", original="a", lines=(), total=0, revision=2)
    table.hold = iter((False, True, False, False)).__next__
    counter.take(event(void).body)
    table.hold = bool
    later = event(sold(1000, id="b", occurred_at="2026-11-23T11:00:00+01:00")).body
    with pytest.raises(Retry):
        counter.take(later)
    table.settle(sorted(table.pending))
    counter.take(later)
    assert counter.balances() == {("shop", "loyalty:L"): 10}


def test_purchases_from_before_they_had_versions_count(counter: Counter) -> None:
    counter.take(event(sold(2500, id="a", occurred_at="2026-11-23T09:00:00+01:00")).body)
    for (_, place), item in counter.client.items.items():
        item.pop({"account": "rows"}.get(place, "version" if "bought" in place else ""), None)
    counter.take(event(sold(1000, id="b", occurred_at="2026-11-23T11:00:00+01:00")).body)
    assert counter.balances() == {("shop", "loyalty:L"): 45}


def test_an_entry_is_never_changed(counter: Counter) -> None:
    entries: dict[Any, Any] = {}
    void = sold(kind="void", original="a", lines=(), total=0, revision=2)
    mine = {"customer": {"loyalty_id": "L"}}
    for body in (
        anonymous(700, **mine), event(back(300)).body, anonymous(900, revision=1, **mine),
        event(void).body,
    ):  # fmt: skip
        counter.take(body)
        now = {k: v for k, v in counter.client.items.items() if k[1].startswith("entry#")}
        assert entries.items() <= now.items()
        entries = now
    assert [one.points for one in shown(counter).entries] == [-6, 2, -3, 7]
