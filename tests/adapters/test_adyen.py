"""Adyen's oddities: flags as text, decimals of its own, one payment told of in two ways."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import adyen
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent / "adyen"
SALE = "authorisation-at-a-terminal"
TERMINAL = "terminal-payment-in-major-units-with-a-tip"


def payload(name: str = SALE) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def item(name: str = SALE, **changed: Any) -> Any:
    """Return the first item of a notification, changed."""
    found: dict[str, Any] = payload(name)["notificationItems"][0]["NotificationRequestItem"]
    return found | changed


def outcomes(body: Any) -> list[Outcome]:
    return read(json.dumps(body), Merchant("quay-store", adyen.adapt, personal="keep"))


def transaction(body: Any) -> Transaction:
    [found] = outcomes(body)
    assert isinstance(found, Transaction), found
    return found


@pytest.mark.parametrize("code", ["CANCELLATION", "TECHNICAL_CANCEL", "CAPTURE_FAILED", "EXPIRE"])
def test_what_undoes_a_payment_is_newer_than_it_even_in_the_same_second(code: str) -> None:
    sale = transaction(item())
    void = transaction(item(eventCode=code, originalReference=item()["pspReference"]))
    assert (void.id, void.kind, void.total) == (sale.id, "void", 0)
    assert void.revision > sale.revision


def test_a_terminals_answer_and_its_notification_are_one_payment() -> None:
    assert transaction(payload()).id == transaction(payload(TERMINAL)).id


def test_a_refund_and_its_failure_are_one_transaction() -> None:
    refund, failed = outcomes(payload("refund-that-failed-after-all"))
    assert isinstance(refund, Transaction)
    assert isinstance(failed, Transaction)
    assert (failed.id, failed.total) == (refund.id, 0)
    assert failed.revision > refund.revision


@pytest.mark.parametrize("live", ["false", False])
def test_what_is_not_live_is_not_counted_however_it_says_so(live: Any) -> None:
    [found] = outcomes(payload() | {"live": live})
    assert isinstance(found, Ignored)
    assert found.reason == "test mode"


@pytest.mark.parametrize("live", ["true", True, None, ""])
def test_what_is_live_or_says_nothing_of_it_is_counted(live: Any) -> None:
    assert transaction(payload() | {"live": live}).total == 1250


@pytest.mark.parametrize("success", ["false", False])
@pytest.mark.parametrize("code", ["AUTHORISATION", "REFUND", "CANCELLATION"])
def test_what_did_not_succeed_changes_nothing(code: str, success: Any) -> None:
    [found] = outcomes(item(eventCode=code, success=success, originalReference="P1"))
    assert isinstance(found, Ignored)


@pytest.mark.parametrize("success", [None, "", "TRUE", "1", 1, "yes"])
def test_a_success_that_nobody_understands_is_no_success(success: Any) -> None:
    [found] = outcomes(item(success=success))
    assert isinstance(found, Rejected)


def test_the_tip_of_a_terminal_is_in_its_amount() -> None:
    sale = transaction(payload(TERMINAL))
    assert (sale.subtotal, sale.tip, sale.total) == (4400, 432, 4832)


def test_what_a_terminal_tells_beside_is_read_in_either_way_of_writing() -> None:
    plain, packed, *_ = outcomes(payload("terminal-tells-of-customer-store-and-tip-beside"))
    assert isinstance(plain, Transaction)
    assert isinstance(packed, Transaction)
    assert plain.customer == packed.customer
    assert plain.customer is not None
    assert plain.customer.email == "ada+quay@example.com"


@pytest.mark.parametrize("name", ["shopperReference", "recurring.shopperReference"])
def test_a_shopper_whose_reference_is_an_e_mail_address_falls_under_the_merchants_policy(
    name: str,
) -> None:
    body = json.dumps(item(additionalData={name: "ada@quay.example"}))
    for policy, email in (("keep", "ada@quay.example"), ("drop", None)):
        [found] = read(body, Merchant("quay-store", adyen.adapt, personal=policy))
        assert isinstance(found, Transaction)
        customer = found.customer
        assert (customer.email, customer.id) == (email, None) if customer else email is None
        assert policy == "keep" or "ada@" not in found.model_dump_json()


def test_a_reversal_without_an_amount_is_refused_with_what_to_push_instead() -> None:
    found = outcomes(payload("terminal-messages-that-are-no-payments"))[2]
    assert isinstance(found, Rejected)
    assert found.code == Code.UNSUPPORTED
    assert "push the notification" in found.reason


def test_neither_the_cardholder_nor_the_receipt_gets_out() -> None:
    told = transaction(payload()).model_dump_json()
    assert "ada@example.com" in told
    assert "QUILL" not in told + transaction(payload(TERMINAL)).model_dump_json()
    assert "2030" not in told
