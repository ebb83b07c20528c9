"""Shopify's oddities: refunds that come twice, money in two currencies, tips told twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import shopify
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "shopify"
SALE = "sale-at-a-till-paid-in-cash-with-change"
SHIPPING = "refund-with-vat-included-and-lines-of-shipping"
REFUNDS = (
    "refund-by-itself",
    "refund-of-an-amount-without-lines",
    "refund-with-shipping-less-a-deduction",
    SHIPPING,
    "refund-in-yen",
)


def payload(name: str) -> Any:
    body = json.loads((HERE / f"{name}.json").read_text())
    return body.get("refund", body.get("order", body))


def outcomes(body: Any, currency: str | None = None) -> list[Outcome]:
    merchant = Merchant("elm-street-books", shopify.adapt, currency=currency)
    return read(json.dumps(body), merchant)


def transactions(body: Any, currency: str | None = None) -> list[Transaction]:
    found = outcomes(body, currency)
    assert all(isinstance(one, Transaction) for one in found)
    return [one for one in found if isinstance(one, Transaction)]


def order(**changed: Any) -> Transaction:
    return transactions(payload(SALE) | changed)[0]


def refund(name: str = REFUNDS[0], **changed: Any) -> Transaction:
    [found] = transactions(payload(name) | changed)
    return found


def usd(amount: str) -> dict[str, Any]:
    return {"shop_money": {"amount": amount, "currency_code": "USD"}}


def adjustment(kind: str, amount: str) -> dict[str, Any]:
    return {"kind": kind, "amount": amount, "tax_amount": "0.00"}


@pytest.mark.parametrize("name", REFUNDS)
@pytest.mark.parametrize("currency", [None, "EUR"])
def test_a_refund_is_the_same_by_itself_and_inside_its_order(
    name: str, currency: str | None
) -> None:
    body = payload(name)
    around = {"id": body["order_id"], "financial_status": "refunded", "refunds": [body]}
    around |= {"currency": refund(name).currency, "customer": {"id": 7}, "location_id": 99}
    [sale, inside] = transactions(payload("order-with-words-nobody-knows") | around, currency)
    [alone] = transactions(body, currency)
    assert (inside.key, inside.revision) == (alone.key, alone.revision)
    assert inside.fingerprint == alone.fingerprint
    assert inside.original == sale.id


def test_a_refund_without_a_currency_gets_its_orders_only_where_there_is_no_other() -> None:
    body = payload("refund-without-a-currency-of-its-own")
    around = payload(SALE) | {"financial_status": "refunded", "refunds": [body]}
    assert transactions(around)[1].currency == "USD"
    [alone] = transactions(body, "SEK")
    assert transactions(around, "SEK")[1].fingerprint == alone.fingerprint


def test_a_refund_makes_a_newer_revision_of_its_sale_with_the_same_content() -> None:
    sale, back = transactions(payload("order-that-was-partly-refunded-later"))
    assert sale.revision > order().revision
    assert sale.fingerprint == order().fingerprint
    assert sale.total + back.total == 3049 - 1089


def test_refunds_wait_until_their_sale_counts() -> None:
    body = payload("order-that-was-partly-refunded-later")
    for changed in ({"financial_status": "partially_paid"}, {"test": True}):
        [outcome] = outcomes(body | changed)
        assert isinstance(outcome, Ignored)


def test_a_bad_refund_takes_neither_its_order_nor_its_neighbours_with_it() -> None:
    good = payload("refund-by-itself")
    refunds = [good | {"id": None}, "?", good]
    sale, *bad, back = outcomes(payload(SALE) | {"refunds": refunds})
    assert isinstance(sale, Transaction)
    assert isinstance(back, Transaction)
    assert [one.code for one in bad if isinstance(one, Rejected)] == ["missing_id", "bad_shape"]


@pytest.mark.parametrize(
    "value", [9007199254740995, "9007199254740995", "gid://shopify/Order/9007199254740995"]
)
def test_an_id_keeps_its_last_digit_however_it_is_written(value: Any) -> None:
    assert order(id=value).id == "order:9007199254740995"


@pytest.mark.parametrize(("paid", "inclusive"), [("10.89", False), ("10.00", True)])
def test_what_was_paid_back_tells_whether_a_refunds_lines_contain_the_tax(
    paid: str, *, inclusive: bool
) -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    found = refund(transactions=[payment | {"amount": paid}])
    assert [tax.inclusive for tax in found.taxes] == [inclusive]
    assert not found.discrepancies


def test_goods_that_a_refund_tells_nothing_of_have_no_price_and_come_back_all_the_same() -> None:
    body = payload(REFUNDS[0])
    [one] = body["refund_line_items"]
    del one["line_item"]
    [line] = refund(refund_line_items=[one]).lines
    assert (line.unit_price, line.total, line.original_line) == (
        None,
        -1000,
        str(one["line_item_id"]),
    )


def test_what_is_left_of_a_pending_refund_cancels_out_and_is_no_line() -> None:
    pair = [adjustment("refund_discrepancy", amount) for amount in ("10.89", "-10.89")]
    assert refund(order_adjustments=pair).fingerprint == refund().fingerprint


def test_shipping_that_is_told_in_both_places_is_paid_back_once() -> None:
    told = {"kind": "shipping_refund", "amount": "-4.20", "tax_amount": "-0.70"}
    assert refund(SHIPPING, order_adjustments=[told]).fingerprint == refund(SHIPPING).fingerprint


def test_half_of_the_shipping_brings_half_of_its_tax_back() -> None:
    [line] = payload(SHIPPING)["refund_shipping_lines"]
    half = {"shop_money": {"amount": "2.10", "currency_code": "GBP"}}
    found = refund(SHIPPING, refund_shipping_lines=[line | {"subtotal_amount_set": half}])
    assert found.taxes[-1].amount == -35


def test_duties_paid_back_are_a_fee_that_came_back() -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    paid = [payment | {"amount": "12.89"}]
    found = refund(transactions=paid, total_duties_set=usd("2.00"))
    assert [(line.kind, line.total) for line in found.lines] == [("item", -1000), ("fee", -200)]
    assert not found.discrepancies


@pytest.mark.parametrize(("total", "inclusive"), [("12.00", True), ("14.00", False)])
def test_an_orders_total_tells_whether_its_prices_include_the_tax_where_nothing_else_does(
    total: str, *, inclusive: bool
) -> None:
    body = payload("order-with-words-nobody-knows")
    [line, *_] = body["line_items"]
    goods = line | {"price": "12.00", "price_set": usd("12.00"), "quantity": 1}
    goods |= {"total_discount": "0.00", "discount_allocations": []}
    told = {"line_items": [goods], "shipping_lines": [], "transactions": []}
    told |= {"total_price": total, "subtotal_price": "12.00", "total_tax": "2.00", "tax_lines": []}
    bare = {name: body[name] for name in body if not name.endswith("_set")} | told
    del bare["taxes_included"]
    [found] = transactions(bare)
    assert [(tax.amount, tax.inclusive) for tax in found.taxes] == [(200, inclusive)]
    assert not found.discrepancies


def test_duties_that_the_prices_include_are_no_fee() -> None:
    told = {"original_total_duties_set": usd("3.00")}
    assert [line.kind for line in order(**told).lines] == ["item", "item", "fee"]
    assert [line.kind for line in order(**told, duties_included=True).lines] == ["item", "item"]


@pytest.mark.parametrize("mark", [{}, {"tip_payment_gateway": "cash"}, {"tip": {"x": None}}])
@pytest.mark.parametrize("subtotal", ["20.00", "23.00"])
def test_a_tip_is_counted_once_whether_or_not_the_subtotal_contains_it(
    mark: dict[str, Any], subtotal: str
) -> None:
    body = payload("order-with-a-tip-told-twice")
    del body["line_items"][1]["tip"]
    body["line_items"][1] |= mark
    [found] = transactions(body | {"subtotal_price": subtotal})
    assert (found.tip, found.subtotal, found.total) == (300, 2000, 2460)
    assert not found.discrepancies


def test_goods_named_tip_are_goods_where_nobody_tipped() -> None:
    body = payload("order-with-a-tip-told-twice")
    del body["line_items"][1]["tip"]
    [found] = transactions(body | {"total_tip_received": "0.00", "subtotal_price": "23.00"})
    assert (found.tip, found.subtotal, len(found.lines)) == (0, 2300, 2)


@pytest.mark.parametrize("total", ["10.02", "10.00"])
def test_cash_is_rounded_once_whether_or_not_the_total_contains_it(total: str) -> None:
    body = payload("order-whose-cash-was-rounded") | {"total_price": total, "refunds": []}
    [found] = transactions({key: body[key] for key in body if key != "total_price_set"})
    assert (found.total, found.rounding) == (1000, -2)


def test_the_buyers_currency_is_never_counted() -> None:
    sale, back = transactions(payload("order-and-refund-paid-in-another-currency"))
    assert (sale.currency, sale.total, back.currency, back.total) == ("EUR", 5000, "EUR", -5000)


def test_of_several_payments_in_the_buyers_currency_none_is_known_in_the_shops() -> None:
    body = payload("order-and-refund-paid-in-another-currency") | {"refunds": []}
    [payment] = body["transactions"]
    halves = [payment | {"id": number, "amount": "21.50"} for number in (1, 2)]
    [found] = transactions(body | {"transactions": halves})
    assert (found.total, found.tenders) == (5000, ())


def test_a_refund_of_which_only_the_buyers_currency_is_known_is_refused() -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    bare = {"refund_line_items": [], "total_duties_set": usd("0.00")}
    [outcome] = outcomes(
        payload(REFUNDS[0]) | bare | {"transactions": [payment | {"currency": "EUR"}]}
    )
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.MIXED_CURRENCY


def test_an_amount_that_makes_the_total_is_missed_and_not_taken_for_nothing() -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    unpaid = payload(REFUNDS[0]) | {"transactions": [payment | {"amount": None}]}
    unsold = payload(SALE) | {"total_price": None, "total_price_set": {"shop_money": {}}}
    for body in (unpaid, unsold):
        [outcome] = outcomes(body)
        assert isinstance(outcome, Rejected)
        assert outcome.code == Code.BAD_MONEY


@pytest.mark.parametrize("amount", ["10.89", "-10.89"])
def test_what_was_paid_back_is_negative_whatever_its_sign(amount: str) -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    assert refund(transactions=[payment | {"amount": amount}]).total == -1089


def test_a_payment_that_names_no_gateway_has_no_unknown_one() -> None:
    [payment] = payload(REFUNDS[0])["transactions"]
    bare = {name: payment[name] for name in payment if name != "payment_details"}
    found = refund(transactions=[bare | {"gateway": ""}])
    assert [(tender.type, tender.name) for tender in found.tenders] == [("other", None)]
    assert not found.discrepancies


def test_an_order_that_tells_its_payments_needs_no_gateways() -> None:
    told = {"payment_gateway_names": ["gift_card"]}
    assert order(**told).tenders == order().tenders
    failed = [one | {"status": "failure"} for one in payload(SALE)["transactions"]]
    assert not order(**told, transactions=failed).tenders


def test_a_line_has_the_discounts_allocated_to_it_and_not_its_total_discount() -> None:
    [line, _] = payload(SALE)["line_items"]
    told = {"total_discount": "1.00", "total_discount_set": usd("1.00")}
    assert order(line_items=[line | told]).lines[0].discount == 500
    assert order(line_items=[line | told | {"discount_allocations": []}]).lines[0].discount == 100


def test_nothing_personal_comes_out_of_payments_but_the_last_four_digits() -> None:
    receipt = {"receipt": {"name": "Ada Example", "emv": "4F07A0"}, "authorization": "ABC123"}
    body = payload("order-in-pounds-with-vat-and-shipping-included")
    body["transactions"] = [one | receipt for one in body["transactions"]]
    [found] = transactions(body)
    told = found.model_dump_json()
    for secret in ("Ada", "4F07A0", "ABC123", "400000", "192.0.2.4", "Quay"):
        assert secret not in told
    assert found.tenders[0].card_last_four == "4021"
