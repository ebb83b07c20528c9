"""Clover's oddities: voids that say SUCCESS, tips inside refunds, totals nobody broke down."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import clover
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters import contract

HERE = Path(__file__).parent / "clover"
SALE = "order-paid-by-card-with-two-taxes-and-a-tip"
REFUNDED = "order-partly-refunded-twice"
ALONE = "refunds-and-credits-that-come-alone"
PATHS = contract.payloads("clover")


def records(path: Path) -> list[Any]:
    text = path.read_text()
    return [json.loads(text)] if path.stem != ALONE else list(map(json.loads, text.splitlines()))


def order(name: str = SALE, **changed: Any) -> Any:
    return json.loads((HERE / f"{name}.json").read_text()) | changed


def outcomes(body: Any, currency: str | None = "USD") -> list[Outcome]:
    merchant = Merchant(id="harbour-coffee", adapt=clover.adapt, currency=currency)
    return read(json.dumps(body), merchant)


def transactions(body: Any) -> list[Transaction]:
    found = outcomes(body)
    assert all(isinstance(one, Transaction) for one in found), found
    return [one for one in found if isinstance(one, Transaction)]


def refund(amount: int, **more: Any) -> Any:
    paid = {"id": "PAY0000000001"}
    return {"id": "R1", "amount": amount, "createdTime": 1773500000000, "payment": paid} | more


def paid(**changed: Any) -> Any:
    """Return the sale, its only payment changed."""
    body = order()
    body["payments"]["elements"][0] |= changed
    return body


def test_tax_is_rounded_once_for_each_rate_and_neither_once_nor_for_each_line() -> None:
    rates = [{"id": str(rate), "rate": rate} for rate in (825000, 1000000, 100000)]
    lines = [{"id": "L", "price": 1295, "taxRates": {"elements": rates}}]
    for count, total in ((1, 1545), (3, 4634), (10, 15443)):  # line by line: 4635, 15450
        [sale] = transactions(order(lineItems=lines * count, payments=None, total=total))
        assert sale.discrepancies == ("payments_missing",)


def test_a_later_refund_changes_nothing_about_the_sale_but_its_revision() -> None:
    [before] = transactions(order())
    body = order(paymentState="PARTIALLY_REFUNDED", modifiedTime=1773600000000)
    body["lineItems"]["elements"][2]["refunded"] = True
    after, returned = transactions(body | {"refunds": [refund(352, taxAmount=27)]})
    assert after.fingerprint == before.fingerprint
    assert after.revision > before.revision
    assert [line.total for line in returned.lines] == [-325]


def test_a_refund_has_the_tip_in_its_amount_and_a_payment_has_not() -> None:
    back = refund(2754 + 450, tipAmount=450, taxAmount=233)
    sale, returned = transactions(order(paymentState="REFUNDED", refunds=[back]))
    assert sale.total + returned.total == 0
    assert sale.tip + returned.tip == 0
    assert (sale.subtotal, returned.subtotal) == (2521, -2521)


def test_a_refund_is_negative_whichever_sign_is_written() -> None:
    [positive] = transactions(refund(500, taxAmount=40, tipAmount=60))
    [negative] = transactions(refund(-500, taxAmount=-40, tipAmount=-60))
    assert positive == negative
    assert (positive.total, positive.tip, positive.subtotal) == (-500, -60, -400)


def test_a_payment_of_less_than_nothing_is_refused() -> None:
    alone = {"id": "PAY1", "amount": -500, "result": "SUCCESS", "createdTime": 1773489600000}
    [outcome] = outcomes(alone)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.BAD_MONEY


@pytest.mark.parametrize("total", [2754, 2754 - 352])
def test_what_came_back_is_taken_off_once_whether_the_order_keeps_its_total_or_not(
    total: int,
) -> None:
    found = transactions(order(total=total, refunds=[refund(352, taxAmount=27)]))
    assert sum(one.total for one in found) == 2754 + 450 - 352
    assert not any(one.discrepancies for one in found)


def test_a_refund_told_by_its_order_and_by_its_payment_is_one_refund() -> None:
    body = paid(refunds={"elements": [refund(352)]})
    [by_payment] = transactions(body)[1:]
    [by_both] = transactions(body | {"refunds": [refund(352)]})[1:]
    assert by_payment == by_both


def test_a_refund_alone_is_the_refund_in_the_order_which_knows_more_and_is_newer() -> None:
    [_, inside, _] = transactions(order(REFUNDED))
    [alone] = transactions(records(HERE / f"{ALONE}.json")[0])
    assert (alone.id, alone.total, alone.original) == (inside.id, inside.total, inside.original)
    assert alone.revision < inside.revision
    assert inside.lines
    assert not alone.lines


def test_a_tip_that_is_adjusted_later_may_move_the_time_of_its_payment_alone() -> None:
    [early] = transactions(order())
    [late] = transactions(paid(tipAmount=600, modifiedTime=1773500000123))
    assert (late.id, late.tip, late.total) == (early.id, 600, early.total + 150)
    assert late.revision == 1773500000123 > early.revision


def test_an_order_can_be_modified_before_it_is_created() -> None:
    body = paid(modifiedTime=None) | {"createdTime": 1773489001000, "modifiedTime": 1773489000000}
    [sale] = transactions(body)
    assert sale.revision == 1773489001000


@pytest.mark.parametrize("said", ["voidReason", "voidStatus", "voidPaymentRef"])
def test_a_void_can_still_say_success(said: str) -> None:
    [void] = transactions(paid(**{said: {"id": "PAY2"} if said.endswith("Ref") else "SAID"}))
    assert (void.kind, void.id, void.original, void.total) == ("void", *[void.id] * 2, 0)


def test_a_void_is_newer_than_what_it_undoes() -> None:
    [sale] = transactions(order())
    [void] = transactions(paid(voidReason="USER_CANCEL", modifiedTime=1773490000000))
    assert void.id == sale.id
    assert void.revision > sale.revision
    alone = refund(100)
    [live], [undone] = transactions(alone), transactions(alone | {"voided": True})
    assert undone.id == live.id
    assert undone.revision > live.revision


def test_the_state_of_an_order_is_free_text_and_means_nothing() -> None:
    [sale] = transactions(order())
    for state in (None, "open", "OPEN", "locked", "on its way"):
        assert transactions(order(state=state)) == [sale]


@pytest.mark.parametrize(
    ("kind", "extra"), [("CREDIT_SURCHARGE", 96), ("DELIVERY_FEE", 0), ("CASH_DISCOUNT", 0)]
)
def test_a_surcharge_is_in_no_amount_but_was_paid_and_other_charges_are_in_it(
    kind: str, extra: int
) -> None:
    [sale] = transactions(paid(additionalCharges=[{"type": kind, "amount": 96}]))
    assert (sale.total, sale.service_charge, sale.discrepancies) == (3204 + extra, extra, ())


@pytest.mark.parametrize("state", ["PAID", "REFUNDED", "PARTIALLY_REFUNDED", "CREDITED"])
def test_an_order_that_was_paid_counts_though_its_payments_do_not_cover_it(state: str) -> None:
    [sale] = transactions(paid(amount=2700, taxAmount=None) | {"paymentState": state})
    assert sale.total == 3204
    assert "tenders_do_not_add_up" in sale.discrepancies


def test_who_the_merchant_is_does_not_depend_on_the_body() -> None:
    [sale] = transactions(order(merchant={"id": "SOMEBODY ELSE"}))
    assert sale.merchant == "harbour-coffee"


def test_no_name_of_a_cardholder_or_customer_gets_out() -> None:
    [sale] = transactions(order())
    assert "uill" not in sale.model_dump_json().casefold()
    assert sale.customer
    assert sale.customer.id == "CUST000000001"


def test_one_bad_refund_spoils_neither_the_sale_nor_the_other_refund() -> None:
    body = order(REFUNDED)
    body["refunds"]["elements"][0]["amount"] = "9.66"
    sale, bad, good = outcomes(body)
    assert isinstance(bad, Rejected)
    assert bad.code == Code.BAD_MONEY
    assert [one.total for one in (sale, good) if isinstance(one, Transaction)] == [3106, -250]


def test_nothing_in_a_test_order_counts() -> None:
    found = outcomes(order(REFUNDED, testMode=True))
    assert [one.reason for one in found if isinstance(one, Ignored)] == ["test order"] * 3


def test_an_open_order_needs_no_currency() -> None:
    [outcome] = outcomes(order(paymentState="OPEN", payments=None, currency=None), currency=None)
    assert isinstance(outcome, Ignored)


def test_many_taps_on_a_till_are_one_notice_for_each_order() -> None:
    taps = [{"objectId": "O:A", "type": "UPDATE", "ts": 1773489600000 + tap} for tap in range(9)]
    [outcome] = outcomes({"appId": "APP", "merchants": {"M": taps}})
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.THIN_NOTIFICATION


def test_the_direction_of_money_is_not_guessed_at() -> None:
    for name in ("merchants", "amount", "id"):
        [outcome] = outcomes({name: 100})
        assert isinstance(outcome, Rejected)
        assert outcome.code in {Code.UNKNOWN_EVENT, Code.THIN_NOTIFICATION}


def test_the_adapter_is_a_function_of_the_module_that_names_the_vendor() -> None:
    assert clover.adapt.__module__ == "chalicelib.adapters.clover"
