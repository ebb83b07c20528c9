"""Lightspeed's oddities: JSON in a form, prices without tax and with five decimals, no currency."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.adapters import lightspeed
from chalicelib.errors import Code, Rejected
from chalicelib.lightspeed.payments import kind
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "lightspeed"
SALE = "sale-with-five-decimals-in-every-price"
RETURN = "return-in-negative-amounts"


def payload(name: str = SALE, **changed: Any) -> Any:
    body = json.loads((HERE / f"{name}.json").read_text())
    return body | changed if changed else body


def outcomes(text: str) -> list[Outcome]:
    return read(text, Merchant("quay-store", lightspeed.adapt, currency="NZD", personal="keep"))


def transaction(body: Any) -> Transaction:
    [found] = outcomes(body if isinstance(body, str) else json.dumps(body))
    assert isinstance(found, Transaction), found
    return found


def test_a_form_and_plain_json_tell_the_same_sale() -> None:
    body = payload(customer_name="Ada & Søren + 50 %")
    form = urlencode({"environment": "prod", "payload": json.dumps(body), "retailer_id": "r"})
    assert transaction(form) == transaction(body)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("payload=", Code.NOT_JSON),
        ("payload=%7B", Code.NOT_JSON),
        ("a=1&" * 60 + "payload={}", Code.TOO_MANY),
        ("environment=prod", Code.NOT_JSON),
    ],
)
def test_a_form_that_holds_no_sale_is_refused(form: str, code: Code) -> None:
    [found] = outcomes(form)
    assert isinstance(found, Rejected)
    assert found.code == code


def test_rounding_carries_over_so_that_the_cents_add_up() -> None:
    sale = transaction(payload())
    exact = [(line["price"], line["tax"], line["quantity"]) for line in payload()[
        "register_sale_products"]]  # fmt: skip
    assert exact == [(8.69565, 1.30435, 2), (2.17391, 0.32609, 3)]
    assert (sale.subtotal, sum(tax.amount for tax in sale.taxes), sale.total) == (2391, 359, 2750)
    assert sale.discrepancies == ()


@pytest.mark.parametrize("price", [39.08, "39.08000", 39.08174])
def test_a_header_may_be_rounded_or_not(price: Any) -> None:
    sale = transaction(payload("sale-whose-header-is-rounded", total_price=price))
    assert sale.total == 4182
    assert sale.discrepancies == ()


def test_a_time_without_an_offset_is_utc_wherever_the_store_is() -> None:
    merchant = Merchant("quay-store", lightspeed.adapt, "Pacific/Auckland", "NZD")
    [found] = read(json.dumps(payload()), merchant)
    assert isinstance(found, Transaction)
    assert found.occurred_at == "2026-03-14T09:30:00+00:00"


def test_a_return_is_negative_whichever_sign_it_is_written_with() -> None:
    negative, positive = payload(RETURN), payload("return-in-positive-amounts")
    same = {"id": negative["id"], "invoice_number": negative["invoice_number"]}
    lines = positive["register_sale_products"]
    lines[0] |= {
        name: negative["register_sale_products"][0][name] for name in ("product_id", "sku")
    }
    found, other = transaction(positive | same), transaction(negative)
    numbered = [line.model_copy(update={"number": 1}) for line in found.lines]
    assert found.model_copy(update={"lines": tuple(numbered)}) == other
    assert other.total == -1000


def test_a_void_is_newer_than_its_sale_within_the_same_second() -> None:
    sale, void = transaction(payload()), transaction(payload(status="VOIDED"))
    assert (void.id, void.total, void.original) == (sale.id, 0, sale.id)
    assert void.revision > sale.revision


def test_the_case_of_an_id_makes_no_other_sale() -> None:
    body = payload()
    assert body["id"] != body["id"].lower()
    assert transaction(body).key == transaction(body | {"id": body["id"].lower()}).key


def test_a_walk_in_customer_is_nobody() -> None:
    assert transaction(payload("walk-in-customer")).customer is None
    known = transaction(payload()).customer
    assert known
    assert (known.id, known.email) == ("cu-7", "ada@example.com")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Cash", "cash"), ("CASH (till 2)", "cash"), ("Cash Rounding", "rounding"),
        ("Cashmere voucher", "voucher"), ("Gift Card", "gift_card"),
        ("Credit Note", "store_credit"),
        ("Visa / Mastercard", "card"), ("On Account", "account"), ("Bank transfer", "bank"),
        ("Loyalty $", "loyalty"), ("Cheque", "check"), ("Shells", None), ("", None),
    ],
)  # fmt: skip
def test_a_way_of_paying_is_told_by_its_name(name: str, expected: str | None) -> None:
    assert kind(name) == expected


def test_the_name_of_the_customer_and_the_note_stay_here() -> None:
    told = transaction(payload(note="call Quill", customer_name="Ada Quill")).model_dump_json()
    assert "Quill" not in told
