"""Clover's oddities: doorbells, voids that say SUCCESS, tips in refunds and out of payments."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import clover
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "clover"
SALE = "sale-by-card-with-a-tip-outside-the-payment"
REFUNDED = "refund-in-full-with-its-tip-inside-the-order"


def payload(name: str = SALE, **changed: Any) -> Any:
    body = json.loads((HERE / f"{name}.json").read_text())
    return body | changed if changed else body


def outcomes(body: Any) -> list[Outcome]:
    return read(json.dumps(body), Merchant("quay-store", clover.adapt, currency="USD"))


def transactions(body: Any) -> list[Transaction]:
    found = outcomes(body)
    assert all(isinstance(one, Transaction) for one in found), found
    return [one for one in found if isinstance(one, Transaction)]


def voided(**paid: Any) -> Any:
    body = payload()
    body["payments"]["elements"][0] |= paid
    return body


@pytest.mark.parametrize("mark", [{"voidReason": "USER_CANCEL"}, {"result": "VOIDED"},
                                  {"voidStatus": "VOIDED"}, {"result": "VOIDING"}])  # fmt: skip
@pytest.mark.parametrize("state", ["PAID", "OPEN"])
def test_a_void_leaves_nothing_whatever_the_payment_or_the_order_still_says(
    mark: dict[str, Any], state: str
) -> None:
    [before], [after] = (
        transactions(payload()),
        transactions(voided(**mark) | {"paymentState": state}),
    )
    assert (after.id, after.kind, after.total) == (before.id, "void", 0)
    assert after.revision > before.revision


def test_a_full_refund_takes_the_tip_back_too() -> None:
    sale, refund = transactions(payload(REFUNDED))
    assert sale.total + refund.total == 0
    assert (sale.tip, refund.tip) == (300, -300)


def test_a_sale_stays_what_it_was_when_it_is_refunded() -> None:
    [before] = transactions(payload(REFUNDED, refunds=None, paymentState="PAID"))
    sale, _ = transactions(payload(REFUNDED))
    assert sale.fingerprint == before.fingerprint


def test_a_refund_is_the_same_inside_its_order_and_by_itself() -> None:
    order = payload(REFUNDED)
    _, inside = transactions(order)
    [alone] = transactions(order["refunds"]["elements"][0])
    assert alone == inside


def test_what_came_back_of_an_order_that_is_not_counted_is_not_counted() -> None:
    found = outcomes(payload(REFUNDED, testMode=True))
    assert all(isinstance(one, Ignored) for one in found)
    assert len(found) == 2


def test_every_bell_that_rings_for_a_sale_is_refused_with_what_to_push() -> None:
    found = outcomes(payload("doorbell-of-many-merchants"))
    codes = [one.code if isinstance(one, Rejected) else None for one in found]
    thin = Code.THIN_NOTIFICATION
    assert codes == [thin, None, thin, Code.UNKNOWN_EVENT, Code.BAD_SHAPE]
    assert isinstance(found[0], Rejected)
    assert "push the order" in found[0].reason


def test_an_order_that_is_paid_by_its_payments_needs_no_state() -> None:
    [told], [silent] = transactions(payload()), transactions(payload(paymentState=None))
    assert told == silent
    [found] = outcomes(payload(paymentState=None, total=1949))
    assert isinstance(found, Ignored)


def test_a_lane_that_rounds_by_line_and_rate_is_not_corrected() -> None:
    [sale] = transactions(payload("sale-with-two-rates-rounded-each"))
    assert sum(tax.amount for tax in sale.taxes) == 237  # 18.25 % at once would be 236
    assert sale.discrepancies == ()


def test_what_the_payments_tell_of_taxes_is_right() -> None:
    body = payload("sale-with-two-rates-rounded-each", total=1531)
    body["payments"]["elements"][0] |= {"amount": 1531, "taxAmount": 236}
    [sale] = transactions(body)
    assert sum(tax.amount for tax in sale.taxes) == 236
    assert sale.discrepancies == ()


def test_no_tax_is_listed_where_it_was_removed() -> None:
    body = payload(taxRemoved=True, total=1800)
    body["payments"]["elements"][0] |= {"amount": 1800, "taxAmount": 0}
    [sale] = transactions(body)
    assert sale.taxes == ()
    assert sale.discrepancies == ()


@pytest.mark.parametrize("paid", [1000, 1030])
def test_a_surcharge_counts_once_whether_the_payment_has_it_or_not(paid: int) -> None:
    body = payload("sale-with-a-surcharge-for-the-card")
    body["payments"]["elements"][0]["amount"] = paid
    [sale] = transactions(body)
    assert (sale.total, sale.service_charge, sale.discrepancies) == (1030, 30, ())


def test_a_paid_order_without_its_payments_is_refused_and_not_counted_without_its_tip() -> None:
    found = outcomes(payload("orders-whose-payments-are-not-expanded"))
    assert {one.code for one in found if isinstance(one, Rejected)} == {Code.THIN_NOTIFICATION}
    assert len(found) == 2


def test_the_merchant_in_the_body_decides_nothing_and_no_cardholder_gets_out() -> None:
    [sale] = transactions(payload())
    assert sale.merchant == "quay-store"
    assert "QUILL" not in sale.model_dump_json().upper()


def test_taxes_are_reckoned_where_no_payment_tells_them() -> None:
    body = payload("sale-with-vat-included")
    del body["payments"]["elements"][0]["taxAmount"]
    [sale] = transactions(body)
    assert [tax.amount for tax in sale.taxes] == [200]  # of 12.00 with 20 % in it
    assert sale.discrepancies == ()
