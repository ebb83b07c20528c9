"""Stripe's oddities: one money told of by three objects, and decimals of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import stripe
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "stripe"
SALE = "event-payment-intent-succeeded-with-a-tip"
FAILED = "refund-that-failed-after-it-had-succeeded"
LISTED = "charge-refunded-of-an-old-version-lists-its-refunds"


def payload(name: str = SALE) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def refund_event(**changed: Any) -> Any:
    body = payload(FAILED)
    body["type"], body["created"] = "refund.created", 1795086403
    body["data"]["previous_attributes"] = None
    body["data"]["object"] |= {"status": "succeeded"} | changed
    return body


def outcomes(body: Any) -> list[Outcome]:
    return read(json.dumps(body), Merchant(id="harbour-coffee", adapt=stripe.adapt))


def transaction(body: Any) -> Transaction:
    [found] = outcomes(body)
    assert isinstance(found, Transaction), found
    return found


def test_an_intent_its_charge_and_the_charges_events_are_one_sale() -> None:
    charges = payload("charges-with-and-without-a-payment-intent")
    found = outcomes([payload(), charges[0]])
    assert [one.total for one in found if isinstance(one, Transaction)] == [1450]
    assert charges[0]["data"]["object"]["amount"] == 1450


def test_a_refund_has_one_id_whichever_event_brings_it() -> None:
    listed = payload(LISTED)["data"]["object"]["refunds"]["data"]
    alone = outcomes([refund_event(**one) for one in listed])
    together = outcomes(payload(LISTED))
    assert {one.id for one in together} == {one.id for one in alone}
    assert [one.fingerprint for one in together] == [one.fingerprint for one in alone]


def test_a_refund_that_failed_stays_failed_even_if_the_api_is_asked_before_the_event_comes() -> (
    None
):
    void = payload(FAILED)["data"]["object"]
    early, late = transaction(void), transaction(refund_event())
    assert (early.id, early.kind, early.total) == (late.id, "void", 0)
    assert early.revision > late.revision


def test_a_sale_stays_what_it_was_when_its_event_comes_late() -> None:
    bare = payload()["data"]["object"]
    event, pulled = transaction(payload()), transaction(bare)
    assert event.id == pulled.id
    assert event.revision > pulled.revision


def test_a_tip_is_in_the_total_once() -> None:
    sale = transaction(payload())
    assert (sale.subtotal, sale.tip, sale.total) == (1250, 200, 1450)
    assert sale.discrepancies == ("payment_only",)


@pytest.mark.parametrize(
    ("currency", "amount", "total"),
    [("ugx", 500, 5), ("isk", 500, 5), ("mga", 5, 500), ("jpy", 5, 5), ("huf", 500, 500)],
)
def test_amounts_are_counted_as_iso_4217_counts_them(
    currency: str, amount: int, total: int
) -> None:
    body = payload()
    body["data"]["object"] |= {"currency": currency, "amount_received": amount}
    body["data"]["object"]["amount_details"] = {}
    assert transaction(body).total == total


def test_a_refund_is_scaled_as_its_sale_was() -> None:
    assert transaction(refund_event(currency="ugx", amount=500)).total == -5
    [outcome] = outcomes(refund_event(currency="ugx", amount=501))
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.BAD_MONEY


@pytest.mark.parametrize("reason", ["expired_uncaptured_charge", "partial_capture"])
def test_what_was_never_captured_is_not_given_back(reason: str) -> None:
    [outcome] = outcomes(refund_event(reason=reason))
    assert isinstance(outcome, Ignored)


def test_refunds_that_nobody_would_tell_of_are_not_passed_over_in_silence() -> None:
    body = payload(LISTED)
    del body["data"]["object"]["refunds"]
    [outcome] = outcomes(body)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.THIN_NOTIFICATION
    body["api_version"] = "2025-03-31.basil"
    [outcome] = outcomes(body)
    assert isinstance(outcome, Ignored)


def test_an_intent_that_allows_many_methods_names_none_as_the_one_used() -> None:
    body = payload()
    body["data"]["object"]["payment_method_types"] = ["card", "klarna"]
    [tender] = transaction(body).tenders
    assert tender.type == "other"


def test_no_name_and_no_address_gets_out() -> None:
    body = payload("payment-intent-with-its-charge-and-customer-expanded")
    merchant = Merchant(id="harbour-coffee", adapt=stripe.adapt, personal="keep")
    [found] = read(json.dumps(body), merchant)
    assert isinstance(found, Transaction)
    told = found.model_dump_json()
    assert "ada@example.com" in told
    assert "Quill" not in told
