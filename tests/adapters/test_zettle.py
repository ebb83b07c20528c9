"""Zettle's oddities: one purchase under two sets of names, refunds that don't say so, tips."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters import zettle
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters.mutations import mutated

HERE = Path(__file__).parent / "zettle"
TIP = "api-sale-with-a-tip-in-its-amount"
EVENT = "event-sale-paid-in-cash-with-change"
REFUND = "event-refund-that-does-not-call-itself-one"


def body(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def inside(name: str) -> Any:
    """Return the purchase of an event."""
    return json.loads(body(name)["payload"])


def outcomes(found: Any) -> list[Outcome]:
    return read(json.dumps(found), Merchant(id="harbour-coffee", adapt=zettle.adapt))


def sale(found: Any, **changed: Any) -> Transaction:
    [outcome] = outcomes(found | changed)
    assert isinstance(outcome, Transaction), outcome
    return outcome


def renamed(found: Any, names: dict[str, str]) -> Any:
    return {names.get(name, name): value for name, value in found.items()}


def as_the_api_says(found: Any) -> Any:
    """Return an event's purchase under the names that the API has for the same things."""
    names = {"purchaseUuid": "purchaseUUID1", "refundsPurchaseUuid": "refundsPurchaseUUID1"}
    told = renamed(found, names)
    back = "refundsPurchaseUUID1" in told
    more = {"refund": back, "refunded": False, "organizationId": 8642, "globalPurchaseNumber": 77}
    rows = [row | {"rowTaxableAmount": 1, "libraryProduct": True} for row in told["products"]]
    for row in rows:
        row.pop("taxRates", None)
    return told | more | {"products": rows, "timestamp": told["created"]}


@pytest.mark.parametrize("name", [EVENT, REFUND])
def test_an_event_and_the_answer_of_the_api_are_one_transaction_to_the_letter(name: str) -> None:
    event, answer = sale(body(name)), sale(as_the_api_says(inside(name)))
    assert answer.key == event.key
    assert answer.fingerprint == event.fingerprint
    assert answer.revision == event.revision


def test_a_capital_letter_or_the_old_base64_makes_no_second_purchase() -> None:
    [_, refund] = body("api-purchases-known-by-their-old-ids-alone")
    packed = refund["purchaseUUID"]
    plain = sale(refund).id
    assert sale(refund, purchaseUUID=None, purchaseUUID1=plain.upper()).id == plain
    assert sale(refund, purchaseUUID=f"{packed}==").id == plain


def test_each_refund_raises_the_revision_of_the_sale_and_changes_nothing_else() -> None:
    sold = body("api-page-with-a-sale-and-its-two-partial-refunds")["purchases"][-1]
    ids = sold["refundedByPurchaseUUIDs1"]
    unmarked = {"refunded": False, "refundedByPurchaseUUIDs": [], "refundedByPurchaseUUIDs1": None}
    steps = [
        sale(sold, **unmarked),
        sale(sold, **unmarked | {"refunded": True}),
        sale(sold, **unmarked | {"refunded": True, "refundedByPurchaseUUIDs": ids}),
    ]
    assert [step.revision for step in steps] == [0, 1, 2]
    assert {step.fingerprint for step in steps} == {sale(sold).fingerprint}


def test_a_sale_and_its_refunds_add_up_to_what_was_kept() -> None:
    page = outcomes(body("api-page-with-a-sale-and-its-two-partial-refunds"))
    assert sum(one.total for one in page if isinstance(one, Transaction)) == 0


@pytest.mark.parametrize("mark", [{"refund": True}, {"refundsPurchaseUuid": None}, {}])
def test_a_negative_amount_is_a_refund_whatever_marks_it_or_not(mark: dict[str, Any]) -> None:
    refund = sale(inside(REFUND), **mark)
    assert (refund.kind, refund.total, refund.lines[0].quantity) == ("return", -350, "-1")
    assert not refund.discrepancies


def test_what_names_the_sale_it_refunds_is_a_refund_even_in_positive_figures() -> None:
    found = inside(REFUND)
    [row], [payment] = found["products"], found["payments"]
    payment |= {"amount": 350, "attributes": {"handedAmount": 350, "changeAmount": 100}}
    refund = sale(found, amount=350, vatAmount=58, products=[row | {"quantity": "1"}])
    assert refund.fingerprint == sale(inside(REFUND)).fingerprint
    assert refund.tenders[0].change == 0


def test_a_sale_that_is_negative_is_counted_and_named() -> None:
    refund = sale(inside(REFUND), refund=False)
    assert (refund.kind, refund.total) == ("return", -350)
    assert refund.discrepancies == ("refund_mark_and_sign_disagree",)


@pytest.mark.parametrize("amount", [4500, 4000])
def test_a_tip_is_counted_once_whether_the_amount_holds_it_or_not(amount: int) -> None:
    tipped = sale(body(TIP), amount=amount)
    assert (tipped.subtotal, tipped.tip, tipped.total) == (4000, 500, 4500)
    assert not tipped.discrepancies


def test_an_amount_that_nothing_else_bears_out_wins_all_the_same() -> None:
    tipped = sale(body(TIP), amount=4100)
    assert (tipped.tip, tipped.total) == (500, 4100)
    assert tipped.discrepancies == ("total_does_not_add_up", "tenders_do_not_add_up")


def test_prices_hold_the_tax_unless_the_purchase_says_otherwise() -> None:
    taxed = body("api-sale-with-sales-tax-on-top")
    inclusive = sale(taxed, taxationMode=None)
    assert [tax.inclusive for tax in inclusive.taxes] == [True]
    assert inclusive.discrepancies == ("total_does_not_add_up",)
    assert [tax.inclusive for tax in sale(taxed).taxes] == [False, False]


def test_tax_by_rate_is_told_only_if_it_is_to_the_cent_what_zettle_says() -> None:
    rates = body("api-sale-with-several-rates-of-vat")
    assert sum(tax.amount for tax in sale(rates).taxes) == 2900
    [tax] = sale(rates, vatAmount=2901).taxes
    assert (tax.rate, tax.amount) == (None, 2901)


def test_the_purchase_is_dated_by_the_till_and_not_by_its_upload() -> None:
    late = sale(body(TIP), created="2026-03-15T12:00:00.000+0000")
    assert late.occurred_at.startswith("2026-03-14T09:26:53")
    undated = sale(body(TIP), timestamp=None, created="2026-03-15T12:00:00.000+0000")
    assert undated.occurred_at == "2026-03-15T12:00:00+00:00"


def test_who_sold_where_and_with_which_card_goes_no_further() -> None:
    found = body("api-sale-with-discounts-on-rows-and-on-the-whole")["purchases"][0]
    found["gpsCoordinates"] = {"longitude": 13.00001, "latitude": 55.60001}
    told = sale(found).model_dump_json()
    for secret in ("Till Two", "4711", "13.00001", "Ms Example", "411111", "QX7PLM2RTV"):
        assert secret not in told


def test_an_invoice_and_its_refund_cancel_out() -> None:
    sold = body("api-sale-on-an-invoice")
    [row], [payment] = sold["products"], sold["payments"]
    back = sale(
        sold,
        purchaseUUID1="00000999-5b0c-11ee-9c4d-8f3a6d2b71e0",
        refund=True,
        refundsPurchaseUUID1=sold["purchaseUUID1"],
        amount=-92500,
        vatAmount=-18500,
        products=[row | {"quantity": "-1"}],
        payments=[payment | {"amount": -92500}],
    )
    assert sale(sold).total + back.total == 0
    assert back.original == sale(sold).id
    assert back.tenders[0].type == "account"
    assert not back.discrepancies


def test_an_event_of_another_kind_never_becomes_a_sale() -> None:
    for name in ("TestMessage", "ProductUpdated", "InventoryBalanceChanged"):
        [outcome] = outcomes(body(EVENT) | {"eventName": name})
        assert isinstance(outcome, Ignored)
    for unknown in ("PurchaseUpdated", "purchasecreated", "", None, ["PurchaseCreated"]):
        [outcome] = outcomes(body(EVENT) | {"eventName": unknown})
        assert isinstance(outcome, Rejected)
        assert outcome.code == Code.UNKNOWN_EVENT


def test_a_barcode_typed_wrong_costs_the_barcode_and_not_the_sale() -> None:
    found = body(TIP)
    found["products"][0] |= {"barcode": "12\u200b34", "sku": "x" * 257}
    [line] = sale(found).lines
    assert (line.gtin, line.sku) == (None, None)


def test_a_page_too_long_is_refused_before_it_is_read() -> None:
    [outcome] = outcomes({"purchases": [1] * 20_001})
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.TOO_MANY


GOOD = body(TIP)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([EVENT, REFUND]), st.randoms(use_true_random=False))
def test_a_spoiled_purchase_in_an_event_is_refused_as_well(name: str, random: Random) -> None:
    spoiled = body(name) | {"payload": json.dumps(mutated(random, inside(name)))}
    for one in outcomes([GOOD, spoiled]):
        assert not isinstance(one, Rejected) or one.code != Code.ADAPTER_FAULT, one.reason
