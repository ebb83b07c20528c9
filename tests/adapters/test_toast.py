"""Toast's oddities: checks that are split, opened again or voided, refunds without an order."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import toast
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "toast"
SALE = "webhook-check-paid-by-card-with-a-tip"
REFUND = "partial-refund-that-says-which-lines-came-back"
GOOD = json.loads((HERE / f"{SALE}.json").read_text())


def outcomes(body: Any, currency: str | None = "USD") -> list[Outcome]:
    merchant = Merchant(id="harbour-coffee", adapt=toast.adapt, currency=currency)
    return read(json.dumps(body), merchant)


def transactions(body: Any) -> list[Transaction]:
    found = outcomes(body)
    assert all(isinstance(one, Transaction) for one in found), found
    return [one for one in found if isinstance(one, Transaction)]


def payload(name: str = SALE, **changed: Any) -> Any:
    """Return the order of a payload, its first check changed."""
    body = json.loads((HERE / f"{name}.json").read_text())
    order = body["details"]["order"] if "details" in body else body
    order["checks"][0] |= changed
    return order


def test_a_tip_that_is_adjusted_at_night_is_a_later_revision_of_the_same_sale() -> None:
    order = payload(paymentStatus="PAID")
    order["checks"][0]["payments"][0]["tipAmount"] = 0
    [early] = transactions(order)
    [late] = transactions(payload(modifiedDate="2026-03-15T04:00:00.000+0000"))
    assert (early.id, early.total, early.tip) == (late.id, 2444, 0)
    assert (late.total, late.tip) == (2894, 450)
    assert late.revision > early.revision


@pytest.mark.parametrize("name", [SALE, "gratuity-in-the-total", "gratuity-on-top-of-the-total",
                                  "gratuity-among-the-tips"])  # fmt: skip
def test_a_tip_counts_once_whether_the_total_has_it_or_not(name: str) -> None:
    check = payload(name)["checks"][0]
    held = check["totalAmount"] + sum(paid["tipAmount"] for paid in check["payments"])
    [without], [with_it] = (
        transactions(payload(name)),
        transactions(payload(name, totalAmount=held)),
    )
    assert without.tip > 0
    assert with_it == without


def test_a_total_that_nothing_explains_has_no_tip_in_it_as_the_documents_say() -> None:
    [told] = transactions(payload(totalAmount=99.99))
    assert (told.total, told.tip) == (9999 + 450, 450)
    assert told.discrepancies


def test_the_revision_is_the_latest_date_of_the_order_its_check_and_its_selections() -> None:
    [by_check] = transactions(payload())
    assert by_check.revision % 1000 == 833  # the order says .817
    order = payload()
    order["checks"][0]["selections"][1]["modifiedDate"] = "2026-03-14T12:31:00.999+0000"
    [by_selection] = transactions(order)
    assert by_selection.revision % 1000 == 999


def test_a_refund_moves_the_revision_of_the_sale_and_nothing_else_of_it() -> None:
    order = payload(REFUND)
    sale, refund = transactions(order)
    order["checks"][0]["payments"][0] |= {"refundStatus": "NONE", "refund": None}
    [before] = transactions(order)
    assert sale.fingerprint == before.fingerprint
    assert sale.revision > before.revision
    assert refund.original == sale.id
    assert sale.total + refund.total == 2760


def test_a_second_refund_of_a_payment_is_a_revision_of_the_first() -> None:
    order = payload(REFUND)
    _, first = transactions(order)
    paid = order["checks"][0]["payments"][0]
    paid |= {"refundStatus": "FULL"}
    paid["refund"] |= {"refundAmount": 34.56, "refundDate": "2026-03-16T18:00:00.000+0000"}
    _, second = transactions(order)
    assert (second.id, second.total) == (first.id, -3456)
    assert second.revision > first.revision


def test_a_refund_that_its_lines_do_not_explain_comes_without_lines() -> None:
    order = payload(REFUND)
    order["checks"][0]["payments"][0]["refund"]["refundAmount"] = 10
    _, refund = transactions(order)
    assert refund.total == -1000
    assert refund.lines == refund.taxes == ()
    assert refund.discrepancies == ()


def test_a_refund_is_negative_even_where_its_amounts_are() -> None:
    order = payload(REFUND)
    order["checks"][0]["payments"][0]["refund"] |= {"refundAmount": -5, "tipRefundAmount": -1}
    _, refund = transactions(order)
    assert (refund.total, refund.tip) == (-600, -100)


def test_a_void_after_a_refund_leaves_nothing_of_either() -> None:
    before = transactions(payload(REFUND))
    after = transactions(payload(REFUND, voided=True, modifiedDate="2026-03-16T00:00:00Z"))
    assert [one.id for one in before] == [one.id for one in after]
    assert [one.total for one in after] == [0, 0]
    assert all(new.revision > old.revision for new, old in zip(after, before, strict=True))


def test_a_check_that_is_opened_again_is_no_news() -> None:
    [outcome] = outcomes(payload(paymentStatus="OPEN"))
    assert isinstance(outcome, Ignored)
    assert outcome.reason == "open check"


def test_a_date_of_1970_is_no_date() -> None:
    [sale] = transactions(payload(paidDate="1970-01-01T00:00:00.000+0000"))
    assert sale.occurred_at.startswith("2026-03-14T12:31")  # closedDate
    [void] = transactions(payload(voided=True))  # deletedDate is 1970
    assert void.occurred_at.startswith("2026-03-14T12:30")


def test_what_modifiers_cost_is_in_the_price_of_their_item_and_not_counted_twice() -> None:
    order = payload()
    assert order["checks"][0]["selections"][0]["modifiers"][0]["price"] == 1.5
    [sale] = transactions(order)
    assert [line.total for line in sale.lines] == [1950, 350]
    assert not sale.discrepancies


def test_lines_keep_their_numbers_when_one_of_them_is_voided() -> None:
    order = payload(totalAmount=3.72)
    order["checks"][0]["selections"][0]["voided"] = True
    [sale] = transactions(order)
    assert [line.number for line in sale.lines] == [2]


@pytest.mark.parametrize(("paid", "tip"), [(63, 0), (54, 9)])
def test_a_gratuity_counts_once_wherever_it_was_paid(paid: int, tip: int) -> None:
    order = payload("gratuity-on-top-of-the-total")
    order["checks"][0]["payments"][0] |= {"amount": paid, "tipAmount": tip}
    [sale] = transactions(order)
    assert (sale.total, sale.tip, sale.service_charge) == (6300, 900, 0)
    assert not sale.discrepancies


def test_what_was_paid_beyond_the_check_is_named_and_not_counted() -> None:
    order = payload()
    order["checks"][0]["payments"][0]["amount"] = 30
    [sale] = transactions(order)
    assert sale.total == 2894
    assert sale.discrepancies == ("tenders_do_not_add_up",)


def test_an_order_that_says_nothing_of_its_currency_is_refused_without_the_merchants() -> None:
    [outcome] = outcomes(payload(), currency=None)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.MISSING_CURRENCY


def test_an_open_order_needs_no_currency() -> None:
    [outcome] = outcomes(payload(paymentStatus="OPEN"), currency=None)
    assert isinstance(outcome, Ignored)


def test_an_event_and_a_bare_order_differ_in_the_restaurant_alone() -> None:
    [event], [bare] = transactions(GOOD), transactions(payload())
    assert event.store_id
    assert event.model_copy(update={"store_id": None}) == bare


def test_no_name_of_a_guest_and_no_note_gets_out() -> None:
    body = json.loads((HERE / "order-split-into-three-checks.json").read_text())
    body["checks"][0]["tabName"] = "Quill"
    told = "".join(one.model_dump_json() for one in outcomes(body) if isinstance(one, Transaction))
    assert "L-100" in told
    assert "Quill" not in told
    assert "ada@example.com" not in told
