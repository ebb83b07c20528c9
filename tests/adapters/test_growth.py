"""What refers to something else in its message costs no more in a long message than in a short one.

Calls are counted, not seconds: four times the parts may cost about four times the calls.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters import clover, sap_posdm, toast
from chalicelib.model import Merchant, Outcome
from chalicelib.sap_posdm.codes import Codes

Adapt = Callable[[str, Merchant], Iterator[Outcome]]
DAY = 1773480000000
FEW, FACTOR = 25, 4


def clover_order(count: int, result: str = "SUCCESS") -> Any:
    """Return an order that was paid in many parts, each of which was refunded."""
    parts = range(count)
    return {
        "id": "O", "currency": "USD", "total": count, "paymentState": "PAID", "createdTime": DAY,
        "lineItems": [{"id": f"L{at}", "name": "Bun", "price": 1} for at in parts],
        "payments": [{"id": f"P{at}", "amount": 1, "result": "SUCCESS", "createdTime": DAY}
                     for at in parts] + [{"id": "P", "amount": 1, "result": result}],
        "voids": [{"id": f"V{at}"} for at in parts],
        "refunds": [{"id": f"R{at}", "amount": 1, "payment": {"id": f"P{at}"}, "createdTime": DAY}
                    for at in parts],
    }  # fmt: skip


def clover_order_that_is_refused(count: int) -> Any:
    return clover_order(count, "MELTED")


def clover_order_with_a_line_that_is_none(count: int) -> Any:
    order = clover_order(count)
    order["lineItems"].append({"id": "L", "name": 5, "price": 1})
    return order


def toast_order(count: int) -> Any:
    """Return a check that was paid in many parts, each of which was refunded."""
    paid = [
        {"guid": f"P{at}", "type": "CASH", "amount": 1.0, "refundStatus": "FULL",
         "paidDate": "2026-03-14T10:00:00.000+0000",
         "refund": {"refundAmount": 1.0, "refundDate": "2026-03-14T11:00:00.000+0000"}}
        for at in range(count)
    ]  # fmt: skip
    check = {
        "guid": "C",
        "paymentStatus": "CLOSED",
        "paidDate": "2026-03-14T10:00:00.000+0000",
        "totalAmount": count,
        "payments": paid,
    }
    return {"guid": "O", "approvalStatus": "APPROVED", "checks": [check]}


def sap_return(count: int) -> Any:
    """Return what was given back in many tenders, written in positive amounts."""
    return {
        "RETAILSTOREID": "1", "WORKSTATIONID": "1", "TRANSNUMBER": "1", "TRANSTYPECODE": "1002",
        "BUSINESSDAYDATE": "20260314", "ENDTIMESTAMP": "20260314101010",
        "TENDER": [{"TENDERTYPECODE": "ZT01", "TENDERAMOUNT": "1.00"}] * count,
    }  # fmt: skip


def calls(adapt: Adapt, body: Any, outcomes: int) -> int:
    """Return how many calls of Python's functions it takes to read a message."""
    counted = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal counted
        counted += event == "call"

    merchant = Merchant("harbour-coffee", adapt, timezone="UTC", currency="USD")
    text = json.dumps(body)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = list(adapt(text, merchant))
    finally:
        sys.setprofile(before)
    assert len(found) == outcomes
    return counted


@pytest.mark.parametrize(("adapt", "make", "refunds"), [
    (clover.adapt, clover_order, True),
    (clover.adapt, clover_order_that_is_refused, True),
    (clover.adapt, clover_order_with_a_line_that_is_none, True),
    (toast.adapt, toast_order, True),
    (sap_posdm.adapter(Codes(transactions={"1002": "return"})), sap_return, False),
])  # fmt: skip
def test_four_times_the_parts_cost_about_four_times_the_calls(
    adapt: Adapt, make: Callable[[int], Any], refunds: bool
) -> None:
    few, many = (calls(adapt, make(count), 1 + count * refunds) for count in (FEW, FEW * FACTOR))
    assert many < few * FACTOR * 1.5
