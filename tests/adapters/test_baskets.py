"""Random sales and returns, written as each vendor would: what comes of them must add up.

It finds the vendors by itself; a vendor brings `tills/<vendor>.py`.
"""

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import Merchant, Transaction
from chalicelib.reading import read
from tests.adapters import contract
from tests.adapters.baskets import DECIMALS, Basket, baskets


def till(vendor: str) -> Any:
    return importlib.import_module(f"tests.adapters.tills.{vendor}")


def sold(vendor: str, basket: Basket) -> Transaction:
    """Return the one transaction that comes of a basket."""
    written = till(vendor)
    adapt = getattr(written, "ADAPT", None) or contract.adapter(vendor)
    merchant = Merchant("quay-store", adapt, "Europe/Paris", basket.currency)
    found = read(written.write(basket), merchant)
    assert all(isinstance(one, Transaction) for one in found), found
    transactions = [one for one in found if isinstance(one, Transaction)]
    wanted = [one for one in transactions if (one.kind == "return") == basket.returned]
    assert len(wanted) == 1, found
    return wanted[0]


@pytest.mark.parametrize("vendor", contract.vendors())
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_basket_comes_out_as_it_was_sold(vendor: str, data: st.DataObject) -> None:
    written = till(vendor)
    basket = data.draw(baskets(written.KNOWS))
    found, sign = sold(vendor, basket), -1 if basket.returned else 1
    named = getattr(written, "ALWAYS", ())
    assert (found.total, found.tip) == (sign * basket.total, sign * basket.tip)
    assert (found.currency, found.exponent) == (basket.currency, DECIMALS[basket.currency])
    assert found.discrepancies == named
    told = "paid back" in written.KNOWS or not basket.returned
    paid = {kind: sign * amount for kind, amount in basket.tenders if told}
    assert {one.type: one.amount for one in found.tenders} == paid
    if "payment_only" not in named:
        assert [line.total for line in found.lines] == [sign * item.total for item in basket.items]
        quantities = [str(sign * item.quantity) for item in basket.items]
        assert [line.quantity for line in found.lines] == quantities
        taxes = {True: 0, False: 0} | {basket.included: sign * basket.tax}
        for included, amount in taxes.items():
            listed = (tax.amount for tax in found.taxes if tax.inclusive is included)
            assert sum(listed) == amount
