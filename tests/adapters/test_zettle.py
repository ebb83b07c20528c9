"""Zettle's oddities: JSON in a text, refunds in negative amounts, ids written in two ways."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import zettle
from chalicelib.errors import Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "zettle"
EVENT = "event-sale-paid-in-cash-with-change"
REFUND = "event-refund-in-negative-amounts"


def payload(name: str = EVENT, **changed: Any) -> Any:
    """Return a purchase, changed."""
    body = json.loads((HERE / f"{name}.json").read_text())
    return (json.loads(body["payload"]) if "payload" in body else body) | changed


def outcomes(body: Any) -> list[Outcome]:
    return read(json.dumps(body), Merchant("quay-store", zettle.adapt))


def transaction(body: Any) -> Transaction:
    [found] = outcomes(body)
    assert isinstance(found, Transaction), found
    return found


def test_an_event_tells_the_same_whether_its_payload_is_text_or_not() -> None:
    event = json.loads((HERE / f"{EVENT}.json").read_text())
    assert isinstance(event["payload"], str)
    unpacked = event | {"payload": json.loads(event["payload"])}
    assert transaction(event) == transaction(unpacked) == transaction(payload())


def test_an_event_and_the_api_tell_one_purchase() -> None:
    event = payload()
    answer = {name: value for name, value in event.items() if name != "purchaseUuid"}
    answer["purchaseUUID1"] = event["purchaseUuid"].upper()
    answer["timestamp"] = answer.pop("created")
    assert transaction(answer) == transaction(event)


def test_an_id_in_base64_is_the_same_id() -> None:
    short = payload("sale-with-an-id-in-base64")
    assert "purchaseUUID1" not in short
    long = short | {"purchaseUUID1": transaction(short).id}
    assert transaction(long) == transaction(short)


def test_the_checkout_is_not_the_purchase() -> None:
    assert payload()["references"]["checkoutUUID"] != transaction(payload()).id


def test_a_refund_is_negative_though_its_unit_prices_are_not() -> None:
    refund = transaction(payload(REFUND))
    assert refund.original == transaction(payload()).id
    assert refund.lines[0].unit_price == 350
    assert (refund.lines[0].quantity, refund.lines[0].total) == ("-2", -700)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_refund_is_negative_whichever_sign_it_is_written_with(sign: int) -> None:
    body = payload(REFUND)
    body |= {"amount": sign * 700, "vatAmount": sign * 117}
    body["products"][0]["quantity"] = str(sign * 2)
    body["payments"][0]["amount"] = sign * 700
    assert transaction(body) == transaction(payload(REFUND))


def test_a_purchase_that_was_refunded_is_a_newer_revision_of_the_same_content() -> None:
    before, once, twice, *refunds = outcomes(payload("sale-that-was-refunded-in-two-parts"))
    told = [one for one in (before, once, twice) if isinstance(one, Transaction)]
    assert [one.revision for one in told] == [0, 1, 2]
    assert len({one.fingerprint for one in told}) == 1
    assert sum(one.total for one in refunds if isinstance(one, Transaction)) == -2000


@pytest.mark.parametrize("amount", [2000, 2200])
def test_a_gratuity_counts_once_whether_the_purchase_has_it_or_not(amount: int) -> None:
    sale = transaction(payload("sale-with-a-gratuity-in-the-payment-alone", amount=amount))
    assert (sale.subtotal, sale.tip, sale.total) == (2000, 200, 2200)


def test_a_discount_of_the_purchase_is_taken_of_what_the_rows_left() -> None:
    body = payload("sale-with-discounts-on-rows-and-on-the-purchase")
    assert [one.amount for one in transaction(body).discounts] == [800]  # 5 % of 160, not of 200


def test_the_taxes_of_several_rates_are_together_what_the_purchase_says() -> None:
    for told in (249, 250, 251):
        sale = transaction(payload("sale-with-several-rates-of-vat", vatAmount=told))
        assert sum(tax.amount for tax in sale.taxes) == told


def test_the_first_digits_of_a_card_and_the_cashiers_name_stay_here() -> None:
    body = payload("sale-with-a-gratuity-in-the-payment-alone")
    told = transaction(body).model_dump_json()
    assert "4021" in told
    assert "400000" not in told
    assert "Quill" not in told


def test_an_event_whose_payload_is_cut_off_is_refused_by_itself() -> None:
    event = json.loads((HERE / f"{EVENT}.json").read_text())
    spoiled = event | {"payload": event["payload"][:-1]}
    first, bad, last = outcomes([event, spoiled, event])
    assert isinstance(first, Transaction)
    assert isinstance(bad, Rejected)
    assert first == last
