"""Money and quantities: exact, rounded once, and never by way of a float."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iso4217 import Currency

from chalicelib import money
from chalicelib.errors import Code, Rejected

PLAIN = st.decimals(-(10**9), 10**9, places=6).map(lambda number: f"{number:f}")
RETIRED = {"ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"}


@pytest.mark.parametrize("currency", [one for one in Currency if one.exponent is not None], ids=str)
def test_every_currency_has_the_decimals_of_the_standard(currency: Currency) -> None:
    assert money.exponent(currency.code) == currency.exponent


def test_no_currency_is_made_up() -> None:
    official = {one.code for one in Currency if one.exponent is not None}
    assert set(money.EXPONENTS) - official <= RETIRED


@pytest.mark.parametrize(
    ("currency", "code"),
    [
        (None, Code.MISSING_CURRENCY),
        ("", Code.MISSING_CURRENCY),
        ("eur", Code.UNKNOWN_CURRENCY),
        ("EUR ", Code.UNKNOWN_CURRENCY),
        ("XAU", Code.UNKNOWN_CURRENCY),
        ("XXX", Code.UNKNOWN_CURRENCY),
        (978, Code.UNKNOWN_CURRENCY),
        (["EUR"], Code.UNKNOWN_CURRENCY),
    ],
)
def test_what_is_no_currency_is_refused(currency: Any, code: Code) -> None:
    with pytest.raises(Rejected) as refusal:
        money.exponent(currency)
    assert refusal.value.code is code


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12", "EUR", 1200),
        (12, "EUR", 1200),
        (Decimal("12.340"), "EUR", 1234),
        ("0.005", "EUR", 1),
        ("0.004999", "EUR", 0),
        ("-0.005", "EUR", -1),
        ("-0", "EUR", 0),
        (".5", "EUR", 50),
        ("+1.5", "EUR", 150),
        ("1.5e2", "EUR", 15_000),
        (" 7 ", "EUR", 700),
        ("1234", "JPY", 1234),
        ("1234.5", "JPY", 1235),
        ("1234.4", "JPY", 1234),
        ("1.2345", "KWD", 1235),
        ("1.2344", "KWD", 1234),
        ("10000000000000", "EUR", money.LIMIT),
    ],
)
def test_an_amount_is_rounded_half_up_once(amount: Any, currency: str, minor: int) -> None:
    assert money.minor(amount, currency) == minor


NO_NUMBERS = [
    None, True, False, 1.5, 1.0, float("nan"), [], {}, b"1", "", " ", "abc", "1,50", "1.2.3",
    "0x10", "NaN", "sNaN", "-NaN", "Infinity", "-inf", "1_000", "\u0661\u0662", "\uff11\uff12",
    "\u22125", "1e25", "1e-25", "1e999999999999999999999", "1" * 25, "9" * 5000, 10**30,
    Decimal("NaN"), Decimal("Infinity"), "1e16",
]  # fmt: skip


@pytest.mark.parametrize("amount", NO_NUMBERS, ids=lambda amount: repr(amount)[:20])
def test_what_is_no_plain_amount_is_refused(amount: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        money.minor(amount, "EUR")
    assert refusal.value.code is Code.BAD_MONEY


@pytest.mark.parametrize("quantity", NO_NUMBERS, ids=lambda amount: repr(amount)[:20])
def test_what_is_no_plain_quantity_is_refused(quantity: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        money.quantity(quantity)
    assert refusal.value.code is Code.BAD_QUANTITY


def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(Rejected):
        money.minor(10**5000, "EUR")
    with pytest.raises(Rejected):
        money.whole(10**5000)


@pytest.mark.parametrize("amount", [0, 1, -1, money.LIMIT, -money.LIMIT])
def test_minor_units_are_taken_as_they_are(amount: int) -> None:
    assert money.whole(amount) == amount


@pytest.mark.parametrize(
    "amount", [None, True, "1", 1.0, Decimal(1), money.LIMIT + 1, -money.LIMIT - 1]
)
def test_minor_units_are_integers_within_bounds_and_nothing_else(amount: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        money.whole(amount)
    assert refusal.value.code is Code.BAD_MONEY


@pytest.mark.parametrize("amount", ["10000000000000.01", "-10000000000000.01"])
def test_an_amount_too_large_to_be_a_sale_is_refused(amount: str) -> None:
    with pytest.raises(Rejected) as refusal:
        money.minor(amount, "EUR")
    assert refusal.value.code is Code.BAD_MONEY


@pytest.mark.parametrize(
    ("given_", "normal"),
    [
        ("1", "1"),
        ("1.500", "1.5"),
        ("100", "100"),
        ("1e2", "100"),
        ("0", "0"),
        ("-0.000", "0"),
        ("-0.0000001", "0"),
        ("0.0000005", "0.000001"),
        ("-2.50", "-2.5"),
        (3, "3"),
        (Decimal("0.4530"), "0.453"),
        ("9999999999999.999999", "9999999999999.999999"),
    ],
)
def test_a_quantity_has_one_way_to_be_written(given_: Any, normal: str) -> None:
    assert money.quantity(given_) == normal


@pytest.mark.parametrize("quantity", ["10000000000000", "9999999999999.9999999", "-1e20"])
def test_a_quantity_too_large_to_be_a_sale_is_refused(quantity: str) -> None:
    with pytest.raises(Rejected) as refusal:
        money.quantity(quantity)
    assert refusal.value.code is Code.BAD_QUANTITY


@given(PLAIN, st.sampled_from(sorted(money.EXPONENTS)))
@settings(max_examples=200, deadline=None)
def test_an_amount_is_the_nearest_whole_number_of_minor_units(text: str, currency: str) -> None:
    exact = Decimal(text) * 10 ** money.exponent(currency)
    found = money.minor(text, currency)
    assert found == exact.quantize(Decimal(1), ROUND_HALF_UP)
    assert money.minor(text.removeprefix("-"), currency) == abs(found)


@given(PLAIN)
@settings(max_examples=200, deadline=None)
def test_a_quantity_keeps_its_value_and_its_form(text: str) -> None:
    normal = money.quantity(text)
    assert Decimal(normal) == Decimal(text)
    assert money.quantity(normal) == normal


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(150000, "ISK", 1500), (350, "CVE", 35000), (1250, "EUR", 1250), (0, "ISK", 0)],
)
def test_a_vendors_own_decimals_become_those_of_iso_4217(
    amount: int, currency: str, expected: int
) -> None:
    assert money.rescaled(amount, currency, {"ISK": 2, "CVE": 0}) == expected


@pytest.mark.parametrize("amount", [150001, -100, 1.0, "100", 10**15])
def test_what_a_vendors_own_decimals_can_not_say_is_refused(amount: object) -> None:
    with pytest.raises(Rejected) as refused:
        money.rescaled(amount, "ISK" if amount != 10**15 else "CVE", {"ISK": 2, "CVE": 0})
    assert refused.value.code is Code.BAD_MONEY


def test_what_was_read_before_is_read_the_same_again() -> None:
    for _ in range(2):
        for number in (str, Decimal):  # the two are equal, and only one of them is a quantity
            assert money.quantity(number("0")) == "0"
            with pytest.raises(Rejected):
                money.quantity(number("0E20"))
        assert money.decimal("1.50") == Decimal("1.5")
        with pytest.raises(Rejected, match=Code.BAD_MONEY):
            money.decimal("x", Code.BAD_MONEY)
        with pytest.raises(Rejected, match=Code.BAD_QUANTITY):
            money.decimal("x")
