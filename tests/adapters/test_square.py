"""Square's oddities: one money told of twice, notices without content, returns in positive."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import square
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "square"
SALE = "order-with-additive-tax-and-a-tip"
PAYMENT = "webhook-payment-completed-with-a-tip"
REFUND = "webhook-refund-completed"


def payload(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def read_one(body: Any, adapt: Callable[..., Any] = square.adapt) -> Outcome:
    [outcome] = read(json.dumps(body), Merchant(id="harbour-coffee", adapt=adapt))
    return outcome


def order(name: str = SALE, **changed: Any) -> Transaction:
    outcome = read_one(payload(name)["order"] | changed)
    assert isinstance(outcome, Transaction)
    return outcome


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def test_an_order_and_its_payment_are_two_transactions_unless_a_wrapper_is_chosen() -> None:
    bodies = [payload(SALE), payload(PAYMENT), payload(REFUND)]
    totals = {}
    for adapt in (square.adapt, square.adapt_orders, square.adapt_payments):
        outcomes = [read_one(body, adapt) for body in bodies]
        totals[adapt] = [one.total if isinstance(one, Transaction) else 0 for one in outcomes]
    assert totals[square.adapt] == [1527, 1527, -1250]
    assert totals[square.adapt_orders] == [1527, 0, 0]
    assert totals[square.adapt_payments] == [0, 1527, -1250]


@pytest.mark.parametrize(
    ("name", "adapt", "reason"),
    [
        (PAYMENT, square.adapt_orders, "counted by its order"),
        (REFUND, square.adapt_orders, "counted by its order"),
        (SALE, square.adapt_payments, "counted by its payment"),
    ],
)
def test_what_is_counted_elsewhere_is_ignored_and_not_refused(
    name: str, adapt: Callable[..., Any], reason: str
) -> None:
    outcome = read_one(payload(name), adapt)
    assert isinstance(outcome, Ignored)
    assert outcome.reason == reason


def test_a_payment_without_an_order_is_counted_by_orders_too() -> None:
    body = payload(PAYMENT)
    del body["data"]["object"]["payment"]["order_id"]
    outcome = read_one(body, square.adapt_orders)
    assert isinstance(outcome, Transaction)
    assert outcome.total == 1527


def test_thin_notices_of_orders_trouble_nobody_who_reads_payments() -> None:
    [notice, *_] = payload("webhooks-of-orders-are-thin")
    outcome = read_one(notice, square.adapt_payments)
    assert isinstance(outcome, Ignored)
    outcome = read_one(notice, square.adapt_orders)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.THIN_NOTIFICATION


def test_the_wrappers_are_functions_of_this_module_which_names_the_vendor() -> None:
    for adapt in (square.adapt, square.adapt_orders, square.adapt_payments):
        assert adapt.__module__.rpartition(".")[2] == "square"


def test_a_later_refund_raises_the_version_of_the_sale_and_changes_nothing_else() -> None:
    later = order(
        version=13,
        updated_at="2026-04-01T00:00:00Z",
        refunds=[{"id": "r", "tender_id": "PAYa1", "amount_money": usd(500), "status": "APPROVED"}],
    )
    assert later.revision == 13
    assert later.fingerprint == order().fingerprint


def test_the_total_of_a_return_is_negative_whatever_the_signs_in_it() -> None:
    name = "return-order-whose-own-totals-are-zero"
    body = payload(name)["order"]
    positive = {"total_money": {"amount": 2400, "currency": "GBP"}}
    negative = {"total_money": {"amount": -2400, "currency": "GBP"}}
    assert order(name, return_amounts=None, net_amounts=negative).total == -2400
    assert order(name, return_amounts=None, net_amounts=positive).total == -2400
    assert order(name, return_amounts=negative).total == -2400
    assert body["total_money"]["amount"] == 0


def test_a_sale_that_says_its_totals_as_net_amounts_only_is_the_same_sale() -> None:
    told = order()
    assert told.tip
    silent = dict.fromkeys(("total_money", "total_tip_money", "total_service_charge_money"))
    assert order(**silent) == told


def test_an_open_drawer_is_no_sale_but_a_free_coffee_is_one() -> None:
    no_sale = [{"id": "n", "type": "NO_SALE", "amount_money": usd(0)}]
    nothing = {"total_money": usd(0), "total_tip_money": usd(0), "line_items": [], "taxes": []}
    drawer = read_one(payload(SALE)["order"] | nothing | {"tenders": no_sale})
    assert isinstance(drawer, Ignored)
    assert order(**nothing, tenders=[]).total == 0


def test_one_rejected_object_on_a_page_leaves_its_neighbours_alone() -> None:
    page = {"orders": [payload(SALE)["order"], {"id": "x", "state": "?"}, payload(SALE)["order"]]}
    outcomes = read(json.dumps(page), Merchant(id="harbour-coffee", adapt=square.adapt))
    assert [isinstance(one, Transaction) for one in outcomes] == [True, False, True]


def test_a_page_too_long_is_refused_before_it_is_read() -> None:
    outcome = read_one({"payments": [1] * 20_001})
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.TOO_MANY


def test_the_newer_of_two_refund_notices_is_told_by_its_time_not_by_its_version() -> None:
    body = payload(REFUND)
    first = read_one(body)
    body["data"]["object"]["refund"] |= {"version": 2, "updated_at": "2026-03-15T10:00:10Z"}
    second = read_one(body)
    assert isinstance(first, Transaction)
    assert isinstance(second, Transaction)
    assert second.revision == first.revision + 999


def test_an_id_that_is_not_text_is_refused_and_not_quoted() -> None:
    outcome = read_one(payload(SALE)["order"] | {"id": {"pan": "4111111111111111"}})
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.MISSING_ID
    assert "4111" not in outcome.reason
