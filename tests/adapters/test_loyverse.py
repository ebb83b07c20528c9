"""Loyverse's oddities: refunds in positive amounts, no currency, receipts that are cancelled."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import loyverse
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "loyverse"
SALE = "webhook-sale-paid-in-cash-with-tax-included"
REFUND = "refund-in-positive-amounts"


def payload(name: str = SALE, **changed: Any) -> Any:
    """Return the first receipt of a payload, changed."""
    body = json.loads((HERE / f"{name}.json").read_text())
    return (body["receipts"][0] if "receipts" in body else body) | changed


def outcome(body: Any, currency: str | None = "EUR") -> Outcome:
    [found] = read(json.dumps(body), Merchant("corner-cafe", loyverse.adapt, currency=currency))
    return found


def transaction(name: str = SALE, **changed: Any) -> Transaction:
    found = outcome(payload(name, **changed))
    assert isinstance(found, Transaction), found
    return found


def test_a_webhook_a_page_and_a_bare_receipt_tell_the_same_sale() -> None:
    webhook = json.loads((HERE / f"{SALE}.json").read_text())
    page = {"receipts": webhook["receipts"], "cursor": "x"}
    assert outcome(webhook) == outcome(page) == outcome(webhook["receipts"][0])


def test_sale_and_refund_cancel_each_other_out() -> None:
    sale, refund = transaction(), transaction(REFUND)
    assert refund.original == sale.id != refund.id
    assert sale.total + refund.total == 0
    assert sale.taxes[0].amount + refund.taxes[0].amount == 0


def test_the_tip_of_a_refund_is_given_back_too() -> None:
    refund = transaction(REFUND, tip=1, total_money=7.6)
    assert (refund.total, refund.tip) == (-760, -100)


@pytest.mark.parametrize(("name", "total"), [(SALE, 660), (REFUND, -660)])
def test_what_is_cancelled_leaves_nothing_and_is_newer(name: str, total: int) -> None:
    before = transaction(name)
    after = transaction(name, cancelled_at="2026-03-14T18:00:00.000Z")
    assert before.total == total
    assert (after.kind, after.total, after.id, after.original) == ("void", 0, before.id, before.id)
    assert after.revision > before.revision


@pytest.mark.parametrize(("total", "paid"), [(9.6, 9.6), (6.6, 9.6), (6.6, 6.6)])
def test_tip_and_surcharge_are_told_apart_from_the_goods(total: float, paid: float) -> None:
    payments = [payload()["payments"][0] | {"money_amount": paid}]
    sale = transaction(total_money=total, tip=2, surcharge=1, payments=payments)
    assert (sale.subtotal, sale.tip, sale.service_charge) == (660, 200, 100)
    assert sale.total == round(paid * 100)
    assert bool(sale.discrepancies) is (paid < 9)


def test_an_amount_with_more_decimals_than_the_currency_is_rounded_once() -> None:
    payments = [payload()["payments"][0] | {"money_amount": 6.6049}]
    assert transaction(total_money=6.6049, payments=payments).total == 660


def test_a_receipt_is_refused_without_the_merchants_currency() -> None:
    found = outcome(payload(), currency=None)
    assert isinstance(found, Rejected)
    assert found.code == Code.MISSING_CURRENCY


def test_an_unknown_topic_is_refused_even_if_it_brings_receipts() -> None:
    body = {"type": "receipts.archive", "receipts": [payload()]}
    found = outcome(body)
    assert isinstance(found, Rejected)
    assert found.code == Code.UNKNOWN_EVENT


def test_events_of_other_things_need_no_currency() -> None:
    found = outcome({"type": "customers.update", "customers": []}, currency=None)
    assert isinstance(found, Ignored)


def test_neither_cost_nor_the_cashier_gets_out() -> None:
    body = payload(employee_id="em-secret", note="call Quill")
    body["line_items"][0] |= {"cost": 1.2345, "line_note": "for Quill"}
    found = outcome(body)
    assert isinstance(found, Transaction)
    told = found.model_dump_json()
    assert not any(secret in told for secret in ("em-secret", "Quill", "2345"))
