"""Stripe's oddities: no versions, money told of thrice, decimals of its own, refunds that fail."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import stripe
from chalicelib.claims import Claim, Verdict, decide
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.payload import json_records
from chalicelib.reading import read

HERE = Path(__file__).parent / "stripe"
SALE = "event-payment-intent-succeeded-with-a-tip"
RICH = "payment-intent-with-tax-and-tip-at-a-reader"
FAILED = "refund-that-failed-after-it-had-succeeded"


def payload(name: str, **changed: Any) -> Any:
    """Return the first record of a payload, its object changed."""
    record = json_records((HERE / f"{name}.json").read_text())[0]
    (record["data"]["object"] if record["object"] == "event" else record).update(changed)
    return record


def outcomes(body: Any, **settings_: Any) -> list[Outcome]:
    merchant = Merchant(id="harbour-coffee", adapt=stripe.adapt, **settings_)
    return read(json.dumps(body), merchant)


def transaction(body: Any, **settings_: Any) -> Transaction:
    [outcome] = outcomes(body, **settings_)
    assert isinstance(outcome, Transaction), outcome
    return outcome


def verdict(standing: Transaction, ours: Transaction) -> Verdict:
    """Return what becomes of a transaction where another was published before."""
    assert standing.key == ours.key
    found, wanted = (
        Claim(one.key, str(number), one.revision, one.fingerprint, 0)
        for number, one in enumerate((standing, ours))
    )
    return decide(found, wanted, now=1, committed=True)


def test_a_payment_told_by_an_event_and_bare_is_published_once_in_either_order() -> None:
    event = payload(SALE)
    told, bare = transaction(event), transaction(event["data"]["object"])
    assert verdict(told, bare) is Verdict.DUPLICATE
    assert verdict(bare, told) is Verdict.ADVANCE


def test_a_later_event_about_an_unchanged_refund_publishes_nothing() -> None:
    event = payload("refund-partial-and-then-the-rest")
    details = {"type": "card", "card": {"reference": "4215", "reference_status": "available"}}
    later = payload("refund-partial-and-then-the-rest", destination_details=details)
    later |= {"created": event["created"] + 5, "type": "refund.updated"}
    assert verdict(transaction(event), transaction(later)) is Verdict.ADVANCE
    assert verdict(transaction(later), transaction(event)) is Verdict.DUPLICATE


def test_of_two_tellings_in_one_second_the_one_with_the_charge_in_it_is_newer() -> None:
    rich, thin = payload(RICH), payload(RICH, latest_charge="ch_HbrTax1")
    assert verdict(transaction(thin), transaction(rich)) is Verdict.TAKE_OVER
    assert verdict(transaction(rich), transaction(thin)) is Verdict.SUPERSEDED


def test_that_a_refund_failed_is_the_last_word_even_if_it_is_heard_first() -> None:
    failed = payload(FAILED)
    back = payload("refund-partial-and-then-the-rest") | {"created": failed["created"] + 10**8}
    for void in (failed, failed["data"]["object"]):
        assert verdict(transaction(void), transaction(back)) is Verdict.SUPERSEDED
        assert verdict(transaction(back), transaction(void)) is Verdict.TAKE_OVER
    assert verdict(transaction(failed), transaction(failed["data"]["object"])) is Verdict.DUPLICATE


@pytest.mark.parametrize("status", ["pending", "requires_action"])
def test_a_refund_that_never_succeeded_is_no_void(status: str) -> None:
    event = payload(FAILED)
    event["data"]["previous_attributes"]["status"] = status
    [outcome] = outcomes(event)
    assert isinstance(outcome, Ignored)


def test_one_payment_told_as_intent_charge_and_refunds_nets_to_nothing_once() -> None:
    intent = payload(SALE)["data"]["object"]
    refunds = json_records((HERE / "refund-partial-and-then-the-rest.json").read_text())
    charge = {
        "object": "charge", "id": intent["latest_charge"], "payment_intent": intent["id"],
        "amount": 1450, "amount_captured": 1450, "captured": True, "status": "succeeded",
        "refunds": {"object": "list", "data": [one["data"]["object"] for one in refunds]},
    }  # fmt: skip
    found = outcomes([intent, charge, *refunds])
    totals = {one.id: one.total for one in found if isinstance(one, Transaction)}
    assert len(totals) == 3
    assert sum(totals.values()) == 0


def test_a_refund_leaves_the_total_of_a_charge_without_an_intent_alone() -> None:
    charge = payload("charges-on-a-page-with-their-refunds")["data"][0]
    refunded = charge | {"amount_refunded": 2400, "refunded": True}
    first, *_ = outcomes(charge)
    later, *_ = outcomes(refunded)
    assert isinstance(first, Transaction)
    assert isinstance(later, Transaction)
    assert first.fingerprint == later.fingerprint


@pytest.mark.parametrize(
    ("decimals", "currencies"),
    [
        (0, "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"),
        (2, "isk ugx huf twd eur usd gbp"),
        (3, "bhd jod kwd omr tnd"),
    ],
)
def test_amounts_are_read_with_the_decimals_that_stripe_documents(
    decimals: int, currencies: str
) -> None:
    for currency in currencies.split():
        changed = {"amount_received": 700_000, "amount_details": None, "currency": currency}
        found = transaction(payload(SALE, **changed))
        assert found.total * 10**decimals == 700_000 * 10**found.exponent


def test_live_mode_is_what_event_and_object_agree_on() -> None:
    for changed in ({"livemode": False}, {"livemode": None}):
        [outcome] = outcomes(payload(SALE, **changed) | {"livemode": False})
        assert isinstance(outcome, Ignored)
    assert transaction(payload(SALE, livemode=None)).total == 1450  # refunds have no such field


def test_e_mail_and_phone_leave_as_the_merchant_decided_and_names_never() -> None:
    kept = transaction(payload(RICH, receipt_email="ada@example.com"), personal="keep")
    assert kept.customer is not None
    assert kept.customer.email == "ada@example.com"
    dropped = transaction(payload(RICH, receipt_email="ada@example.com"))
    assert "ada@" not in dropped.model_dump_json()
    assert "Quill" not in kept.model_dump_json()


def test_what_is_refused_is_not_quoted() -> None:
    for changed in ({"status": "4111111111111111"}, {"id": {"pan": "4111111111111111"}}):
        [outcome] = outcomes(payload(SALE, **changed))
        assert isinstance(outcome, Rejected)
        assert "4111" not in outcome.reason


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount_received": None}, Code.BAD_MONEY),
        ({"amount_details": {"tip": {"amount": "200"}}}, Code.BAD_MONEY),
        ({"currency": None}, Code.MISSING_CURRENCY),
        ({"created": "2026-11-18T11:06:40Z"}, Code.BAD_TIME),
        ({"created": 0}, Code.BAD_TIME),
        ({"id": None}, Code.MISSING_ID),
        ({"status": None}, Code.UNKNOWN_STATUS),
        ({"object": "payment_intention"}, Code.UNKNOWN_EVENT),
        ({"latest_charge": {"billing_details": ["x"]}}, Code.BAD_SHAPE),
    ],
)
def test_what_a_payment_needs_is_refused_by_name_where_it_is_wrong(
    changed: dict[str, Any], code: Code
) -> None:
    [outcome] = outcomes(payload(SALE, **changed))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


def test_a_page_that_lists_nothing_it_could_is_refused_and_not_passed_over() -> None:
    [outcome] = outcomes({"object": "list", "data": {"object": "payment_intent"}})
    assert isinstance(outcome, Rejected)
