"""What a purchase earns, and what of that is taken back: worked out by hand."""

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.accounts import points
from chalicelib.errors import Misconfigured, Rejected
from chalicelib.mechanics import HappyHour, Mechanics, Tier, program
from chalicelib.model import Customer, Transaction
from chalicelib.publish import event
from chalicelib.rewards import CLAIM, keep, purchases
from chalicelib.story import told

PLAIN = Mechanics("EUR", "Europe/Berlin")
MONDAY = "2026-11-23T10:00:00+01:00"


def sold(*totals: int, **more: Any) -> Transaction:
    lines = [{"number": at, "total": cents} for at, cents in enumerate(totals, 1)]
    bill = {
        "merchant": "shop", "vendor": "till", "id": "a", "kind": "sale", "occurred_at": MONDAY,
        "currency": "EUR", "exponent": 2, "lines": lines, "total": sum(totals),
        "customer": {"loyalty_id": "L"},
    }  # fmt: skip
    return Transaction.model_validate(bill | more, strict=False)


def back(*totals: int, **more: Any) -> Transaction:
    told_ = {"id": "r", "kind": "return", "original": "a"}
    return sold(*(-cents for cents in totals), **(told_ | more))


def line(total: int, **more: Any) -> dict[str, Any]:
    return {"number": 1, "total": total} | more


def earned(*found: Transaction, by: Mechanics = PLAIN, member: str = "loyalty:L") -> int:
    events = [told(event(one).body) for one in found]
    rows = purchases({one.subject: keep(one) for one in events}, program(by))
    mine = {name: row for name, row in rows.items() if row.member == member}
    return sum(points(mine, program(by)).values())


def with_lines(*lines: dict[str, Any], **more: Any) -> Transaction:
    numbered = [one | {"number": at} for at, one in enumerate(lines, 1)]
    return sold(lines=numbered, total=sum(one["total"] for one in lines), **more)


@pytest.mark.parametrize(
    ("mechanics", "cents", "worth"),
    [
        ({}, 1999, 19),
        ({"rounding": "half_up"}, 1950, 20),
        ({"rounding": "up"}, 1901, 20),
        ({"points": "0.1"}, 1999, 1),
        ({"points": Fraction(1, 3), "rounding": "up"}, 300, 1),
        ({"points": 10}, 1999, 199),
        ({"minimum": 20}, 1999, 0),
        ({"minimum": 20}, 2000, 20),
        ({"currency": "USD"}, 1999, 0),
    ],
)
def test_points_for_each_unit_of_the_currency(
    mechanics: dict[str, Any], cents: int, worth: int
) -> None:
    by = Mechanics(**({"currency": "EUR", "timezone": "Europe/Berlin"} | mechanics))
    assert earned(sold(cents), by=by) == worth


@pytest.mark.parametrize(("exponent", "worth"), [(0, 1500), (2, 15), (3, 1)])
def test_the_exponent_says_what_a_unit_is(exponent: int, worth: int) -> None:
    assert earned(sold(1500, exponent=exponent)) == worth


def test_what_is_no_goods_earns_nothing_unless_declared() -> None:
    bill = with_lines(
        line(1000), line(2000, kind="gift_card"), line(400, kind="shipping"),
        tip=300, taxes=[{"amount": 190, "inclusive": False}],
    ).model_copy(update={"total": 3890})  # fmt: skip
    assert earned(bill) == 10
    everything = frozenset({"item", "gift_card", "shipping", "tip", "tax"})
    generous = Mechanics("EUR", "Europe/Berlin", earns=everything, rounding="up")
    assert earned(bill, by=generous) == 39


def test_tax_inside_the_price_earns_nothing() -> None:
    inclusive = [{"amount": 190, "inclusive": True}]
    assert earned(sold(1190, taxes=inclusive)) == 10
    told_by_line = with_lines(line(1190, tax=190), line(500, tax=0), taxes=inclusive)
    assert earned(told_by_line) == 15


def test_discounts_on_the_whole_and_negative_lines_lessen_every_line() -> None:
    assert earned(sold(1000, 1000, discounts=[{"amount": 500}], total=1500)) == 15
    assert earned(sold(1000, 1000, -500)) == 15


def test_a_till_that_tells_no_lines_earns_on_its_amount_without_the_tip() -> None:
    assert earned(sold(lines=(), total=1250, tip=200)) == 10
    assert earned(sold(lines=(), total=1250, tip=200, subtotal=900)) == 9


def test_multipliers_and_exclusions_by_category_and_sku() -> None:
    by = Mechanics(
        "EUR", "Europe/Berlin", categories={"wine": 2, "sale": "0.5"}, skus={"X1": 5},
        excluded_categories=frozenset({"tobacco"}), excluded_skus=frozenset({"X9"}),
    )  # fmt: skip
    bill = with_lines(
        line(1000, category="wine"), line(1000, category="sale"), line(1000),
        line(1000, category="wine", sku="X1"), line(1000, category="tobacco"),
        line(1000, category="wine", sku="X9"),
    )  # fmt: skip
    assert earned(bill, by=by) == 20 + 5 + 10 + 50


@pytest.mark.parametrize(
    ("moment", "worth"),
    [
        ("2026-11-23T06:59:59+01:00", 10),
        ("2026-11-23T06:00:00+00:00", 20),  # 07:00 in Berlin
        ("2026-07-20T05:00:00+00:00", 20),  # and in summer
        ("2026-11-23T09:00:00+01:00", 10),
        ("2026-11-22T08:00:00+01:00", 10),  # a Sunday
    ],
)
def test_happy_hours_are_in_the_stores_time(moment: str, worth: int) -> None:
    hours = (HappyHour("07:00", "09:00", 2, days=(0, 1, 2, 3, 4)), HappyHour("08:00", "09:00", 1))
    by = Mechanics("EUR", "Europe/Berlin", happy_hours=hours)
    assert earned(sold(1000, occurred_at=moment), by=by) == worth


def test_a_sale_goes_by_the_mechanics_of_its_own_day() -> None:
    old, new = PLAIN, Mechanics("EUR", "Europe/Berlin", points=3, since="2026-11-23")
    for moment, worth in (("2026-11-22T22:59:59+00:00", 10), ("2026-11-22T23:00:00+00:00", 30)):
        events = [told(event(sold(1000, occurred_at=moment)).body)]
        [row] = purchases({"a": keep(events[0])}, program((new, old))).values()
        assert row.base == worth


def test_tiers_follow_from_what_was_spent_in_the_window_before() -> None:
    by = Mechanics(
        "EUR", "Europe/Berlin", tiers=(Tier("silver", 20, 2), Tier("gold", 30, 3)), tier_days=7
    )
    days = ("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-08", "2026-11-20")
    bills = [sold(1500, id=day, occurred_at=f"{day}T10:00:00+00:00") for day in days]
    worth = [15, 15, 45, 45, 15]  # the eighth still counts the first: seven days to the moment
    for count in range(1, 6):
        assert earned(*bills[:count], by=by) == sum(worth[:count])
    assert earned(*reversed(bills), by=by) == sum(worth)
    undone = back(1500, original="2026-11-02", occurred_at="2026-12-01T10:00:00+00:00")
    assert earned(*bills, undone, by=by) == 15 + 0 + 15 + 45 + 15


def test_parts_that_come_back_take_exactly_what_the_whole_had_earned() -> None:
    bill = sold(333, 333, 333)
    for count, left in ((1, 6), (2, 3), (3, 0)):
        parts = [back(333, id=f"r{at}", lines=[line(-333, original_line=str(at))])
                 for at in range(1, count + 1)]  # fmt: skip
        assert earned(bill, *parts) == left
    amounts = [back(id=f"r{at}", lines=(), total=-333) for at in range(3)]
    assert [earned(bill, *amounts[:count]) for count in range(4)] == [9, 6, 3, 0]


def test_a_line_that_comes_back_takes_what_that_line_had_earned() -> None:
    by = Mechanics("EUR", "Europe/Berlin", categories={"wine": 3})
    bill = with_lines(line(1000, category="wine", sku="W"), line(1000, sku="B"), line(800))
    goods = line(-1000, sku="W", original_line="90071992")  # some till's own line id
    assert earned(bill, back(lines=[goods], total=-1000), by=by) == 18
    assert earned(bill, back(lines=[line(-1000, original_line="2")], total=-1000), by=by) == 38
    unknown = line(-1400, sku="?")
    assert earned(bill, back(lines=[unknown], total=-1400), by=by) == 24


def test_a_tills_rounding_of_a_discount_leaves_no_points_behind() -> None:
    by = Mechanics("EUR", "Europe/Berlin", points=1000)
    bill = sold(1000, 1000, 1000, discounts=[{"amount": 100}], total=2900)
    parts = [
        back(id=f"r{at}", lines=[line(-967, original_line=str(at))], total=-967 + (at == 3))
        for at in (1, 2, 3)
    ]
    assert earned(bill, *parts, by=by) == 0


def test_a_line_that_is_back_but_for_less_than_a_cent_is_back() -> None:
    by = Mechanics("EUR", "Europe/Berlin", points=1000)
    bill = sold(1000, 1000, 1000, discounts=[{"amount": 100}], total=2900)
    assert earned(bill, back(lines=[line(-966, original_line="1")], total=-966), by=by) == 19_333


def test_a_gift_card_that_comes_back_takes_nothing_from_goods_of_the_same_number() -> None:
    bill = with_lines(line(1000), line(2000, kind="gift_card"))
    for named, left in (("2", 10), ("1", 3)):  # by its line; by its amount, a part of the whole
        card = line(-2000, kind="gift_card", original_line=named)
        assert earned(bill, back(lines=[card], total=-2000)) == left


def test_more_than_was_bought_can_not_be_taken_back() -> None:
    twice = [back(1000, id=name) for name in ("r1", "r2")]
    assert earned(sold(1000), *twice) == 0


def test_a_void_takes_all_and_a_voided_return_gives_back() -> None:
    void = sold(id="v", kind="void", original="a", lines=(), total=0)
    assert earned(sold(1000), void) == 0
    assert earned(sold(1000), back(1000), void) == 0
    own = sold(kind="void", original="a", lines=(), total=0)
    assert earned(own, back(1000)) == 0
    undone = sold(id="v", kind="void", original="r", lines=(), total=0)
    assert earned(sold(1000), back(400)) == 6
    assert earned(sold(1000), back(400), undone) == 10
    again = sold(id="w", kind="void", original="v", lines=(), total=0)
    assert earned(sold(1000), void, again) == 10


def test_an_exchange_takes_back_at_the_original_and_earns_at_itself() -> None:
    swap = sold(-400, 700, id="x", kind="exchange", original="a", customer={"loyalty_id": "M"})
    assert earned(sold(400, 600), swap) == 6
    assert earned(sold(400, 600), swap, member="loyalty:M") == 7


def test_a_return_without_a_sale_takes_from_whoever_it_names() -> None:
    assert earned(back(450, original=None)) == -4
    assert earned(back(450, original=None, customer=None)) == 0


@pytest.mark.parametrize(
    ("customer", "name"),
    [
        ({"loyalty_id": "L", "email": "a@b.c", "phone": "1"}, "loyalty:L"),
        ({"email": "hmac-sha256:" + "ab" * 32, "phone": "1"}, "email:hmac-sha256:" + "ab" * 32),
        ({"id": "C"}, None),
        (None, None),
    ],
)
def test_whose_points_they_are(customer: dict[str, str] | None, name: str | None) -> None:
    who = Customer(**customer) if customer else None
    kept = keep(told(event(sold(1000, customer=who)).body))
    assert kept.get("member") == name
    assert "customer" not in kept


def test_an_address_in_plain_is_kept_as_a_hash_of_the_merchants_own() -> None:
    names = {
        keep(told(event(sold(1000, merchant=shop, customer=Customer(email=mail))).body))["member"]
        for shop, mail in (("a", "x@y.z"), ("a", " X@Y.z"), ("b", "x@y.z"))
    }
    assert len(names) == 2
    assert all(name.startswith("email:sha256:") for name in names)


def test_a_claim_counts_where_the_till_named_nobody() -> None:
    claim = {CLAIM + "a": {"member": "loyalty:C"}}
    for customer, owner in ((None, "loyalty:C"), ({"loyalty_id": "L"}, "loyalty:L")):
        view = {"a": keep(told(event(sold(1000, customer=customer)).body))} | claim
        [row] = purchases(view, program(PLAIN)).values()
        assert (row.member, row.base) == (owner, 10)


@pytest.mark.parametrize(
    ("totals", "more", "why"),
    [
        ((1000,), {}, ""),
        ((1000,), {"currency": "USD"}, "other_currency"),
        ((100,), {}, "below_minimum"),
        ((), {"lines": [line(2000, kind="gift_card")], "total": 2000}, "below_minimum"),
    ],
)
def test_why_a_purchase_earns_nothing(
    totals: tuple[int, ...], more: dict[str, Any], why: str
) -> None:
    by = program(Mechanics("EUR", "Europe/Berlin", minimum=2))
    [row] = purchases({"a": keep(told(event(sold(*totals, **more)).body))}, by).values()
    assert row.why == why


def test_data_that_is_no_transaction_is_refused_without_being_quoted() -> None:
    news = told(event(sold(1000)).body)
    for spoiled in ({"kind": "secret"}, {"total": 1.5}, {"merchant": "other"}, {"lines": "secret"}):
        with pytest.raises(Rejected) as refused:
            keep(type(news)(news.id, news.source, news.subject, 0, news.data | spoiled))
        assert "secret" not in refused.value.reason


def test_a_field_of_a_newer_relay_does_no_harm() -> None:
    news = told(event(sold(1000)).body)
    assert keep(type(news)(news.id, news.source, "a", 0, news.data | {"invented": {"x": 1}}))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Mechanics("EUR", "Europe/Berlin", points=0.1),  # type: ignore[arg-type]
        lambda: Mechanics("EUR", "Mars/Base"),
        lambda: program((PLAIN, PLAIN)),
        lambda: program(()),
    ],
)
def test_mechanics_that_can_not_be_meant_are_refused(wrong: Any) -> None:
    with pytest.raises(Misconfigured):
        wrong()
