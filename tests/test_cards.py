"""Card numbers: found however they are written, and told from everything that only looks so."""

import re
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stdnum import ean, luhn

from chalicelib import cards
from chalicelib.issuers import ISSUERS, is_card_number, passes_luhn
from tests import disguises

PAN = "4111111111111111"
LEFT = "*" * 12 + "1111"
EXAMPLES = settings(max_examples=200, deadline=None)


def issued(prefix: str, length: int) -> str:
    """A number with that prefix and a right check digit."""
    body = prefix + "01234567890123456789"[: length - 1 - len(prefix)]
    return body + luhn.calc_check_digit(body)


EVERY_RANGE = [
    issued(prefix, length)
    for low, high, lengths in ISSUERS
    for prefix in dict.fromkeys((low, high))
    for length in (lengths[0], lengths[-1])
]


@st.composite
def numbers(draw: st.DrawFn) -> str:
    low, high, lengths = draw(st.sampled_from(ISSUERS))
    prefix = str(draw(st.integers(int(low), int(high))))
    length = draw(st.sampled_from(lengths))
    rest = length - len(prefix) - 1
    body = prefix + draw(st.text("0123456789", min_size=rest, max_size=rest))
    return body + luhn.calc_check_digit(body)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A card number, plain or in groups with one kind of gap between them."""
    number = draw(numbers())
    gap = draw(st.sampled_from(["", " ", "-", ".", "/", "_", "\u00a0", "\u2009", "\u2014"]))
    groups = draw(st.sampled_from([r"\d{1,4}", r"\d{1,5}", r"\d{4}(?=\d{11}$)|\d{6}|\d{1,5}"]))
    return number, gap.join(re.findall(groups, number))


def digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdecimal())


@pytest.mark.parametrize(
    ("prefix", "first", "last"),
    [
        ("4", 16, 19), ("51", 16, 16), ("55", 16, 16), ("2221", 16, 16), ("2720", 16, 16),
        ("34", 15, 15), ("37", 15, 15), ("300", 14, 19), ("305", 14, 19), ("3095", 14, 19),
        ("36", 14, 19), ("38", 14, 19), ("39", 14, 19), ("3528", 16, 19), ("3589", 16, 19),
        ("6011", 16, 19), ("622", 16, 19), ("65", 16, 19), ("5018", 16, 19), ("56", 16, 19),
        ("6759", 16, 19), ("2200", 16, 19), ("2204", 16, 19), ("81", 16, 16), ("9792", 16, 16),
        ("1", 20, 0), ("2199", 20, 0), ("2205", 20, 0), ("2220", 20, 0), ("2721", 20, 0),
        ("306", 20, 0), ("3094", 20, 0), ("3527", 20, 0), ("7", 20, 0), ("80", 20, 0),
        ("83", 20, 0), ("9791", 20, 0), ("0", 20, 0),
    ],
)  # fmt: skip
def test_an_issuers_numbers_have_its_lengths(prefix: str, first: int, last: int) -> None:
    lengths = [n for n in range(12, 21) if is_card_number(issued(prefix, n))]
    assert lengths == list(range(first, last + 1))


def test_digits_that_are_left_of_a_card_number_may_begin_another() -> None:
    assert cards.mask("5105555500014242 424242424242") == "**************** ********4242"


@pytest.mark.parametrize("number", EVERY_RANGE)
@pytest.mark.parametrize("gap", ["", " ", "-", ".", "\u00a0", "\u202f", "\u2011", "\u2212"])
def test_every_issuers_numbers_are_masked_to_their_last_four(number: str, gap: str) -> None:
    text = "paid with " + gap.join(re.findall(r"\d{1,4}", number))
    assert digits(cards.mask(text)) == number[-4:]


@pytest.mark.parametrize("zero", ["\uff10", "\u0660", "\u0966", "\U0001d7ce"])
def test_digits_of_every_script_count(zero: str) -> None:
    text = "".join(chr(ord(zero) + int(digit)) for digit in PAN)
    assert digits(cards.mask(text)) == "1111"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"order 12 {PAN}", f"order 12 {LEFT}"),
        (f"{PAN} 12/25", f"{LEFT} 12/25"),
        (f"{PAN}1225", f"{LEFT}1225"),
        ("4111-1111-1111-11111225", "****-****-****-11111225"),
        (f"{PAN} 5555555555554444", f"{LEFT} ************4444"),
        (f"{PAN},5555555555554444", f"{LEFT},************4444"),
        (f"{PAN}\n5555555555554444\t12", f"{LEFT}\n************4444\t12"),
        (f"Visa{PAN}EUR", f"Visa{LEFT}EUR"),
        ("3782 822463 10005 12", "**** ****** *0005 12"),
        # Of these, the first fourteen digits are a card number as well.
        ("3612345670 4111 1111 1111 1111", "********** **** **** **** 1111"),
    ],
)
def test_a_card_number_is_found_beside_other_digits(text: str, masked: str) -> None:
    assert cards.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 10:11:12.123456",
        "20261123101112",
        "20261123101112123",
        "18446744073709551615",
        "9223372036854775807",
        "1234567812345670",
        "7992739871300000",
        "0000000000000000",
        "411111111111",
        "4222222222222",
        "4111111111111112",
        "12.50\t4.00\t36.10\t3.99\t12.00\n30.00\t1.10\n",
        "a4111b1111c1111d1111",
    ],
)
def test_what_only_looks_like_a_card_number_stays(text: str) -> None:
    assert cards.mask(text) == text


@given(st.text("0123456789", min_size=12, max_size=12))
@EXAMPLES
def test_no_barcode_of_thirteen_digits_is_taken_for_a_card(body: str) -> None:
    barcode = body + ean.calc_check_digit(body)
    assert cards.mask(barcode) == barcode


@given(st.sampled_from("012456789"), st.text("0123456789", min_size=12, max_size=12))
@EXAMPLES
def test_no_barcode_of_a_case_is_taken_for_a_card(level: str, body: str) -> None:
    barcode = level + body + ean.calc_check_digit(level + body)
    assert cards.mask(barcode) == barcode


@given(st.datetimes(datetime(1990, 1, 1), datetime(2150, 1, 1)))  # noqa: DTZ001 - any clock's
@EXAMPLES
def test_no_time_is_taken_for_a_card(moment: datetime) -> None:
    milliseconds = f"{int(moment.replace(tzinfo=UTC).timestamp() * 1000)}"
    compact = moment.strftime("%Y%m%d%H%M%S")
    for text in (milliseconds, compact, moment.isoformat(" "), moment.isoformat()):
        assert cards.mask(text) == text


@given(st.integers(0, 10**18 - 1))
@EXAMPLES
def test_a_luhn_valid_order_number_outside_the_issuers_ranges_stays(number: int) -> None:
    order = f"{number}{luhn.calc_check_digit(str(number))}"
    assume(not is_card_number(order))
    assert cards.mask(order) == order


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"swiped %B{PAN}^DOE/JANE^29121010000? ok", "swiped [removed] ok"),
        (f"B{PAN}^DOE/JANE^29121010000", "[removed]"),
        (f";{PAN}=29121010000000000?", ";[removed]"),
        (f"{PAN}D29121010000000000", "[removed]"),
        ("CVV: 123, thanks", "CVV: [removed], thanks"),
        ("cvc2=1234", "cvc2=[removed]"),
        ("CVV123", "CVV[removed]"),
        ("the security code is 987.", "the security code is [removed]."),
        ("pin 0042", "pin [removed]"),
        ("PIN block: 0123456789abcdef", "PIN block: [removed]"),
        ("pin-block 0123456789ABCDEF", "pin-block [removed]"),
        (f"pin {PAN}", "pin [removed]"),
        ("pin 4111 1111 1111 1111", "pin **** **** **** 1111"),
        ("rolling pin 12 cm", "rolling pin 12 cm"),
        ("spinach 500 g", "spinach 500 g"),
        ("shipping 1234", "shipping 1234"),
    ],
)
def test_track_data_and_secrets_are_removed_and_words_like_them_stay(
    text: str, masked: str
) -> None:
    assert cards.mask(text) == masked


def test_track_data_ends_where_its_text_ends() -> None:
    text = f'{{"a": "%B{PAN}^DOE/JANE^2912101", "b": 1}}'
    assert cards.mask(text) == '{"a": "[removed]", "b": 1}'


def test_an_exempt_offset_is_one_of_the_text_that_was_given() -> None:
    text = f"cvv 123 {PAN} {PAN}"
    assert cards.mask(text, {8}.__contains__) == f"cvv [removed] {PAN} {LEFT}"
    assert cards.mask("sku PIN1234", {7}.__contains__) == "sku PIN1234"


@given(st.text("0123456789", min_size=1, max_size=30))
@EXAMPLES
def test_the_check_digit_agrees_with_the_oracle(text: str) -> None:
    assert passes_luhn(text) == luhn.is_valid(text)


@given(numbers())
@EXAMPLES
def test_every_generated_number_is_one(number: str) -> None:
    assert is_card_number(number)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_card_number(wrong)


@given(st.text(max_size=40), written(), st.text(max_size=40))
@EXAMPLES
def test_no_text_around_it_hides_a_card_number(
    before: str, card: tuple[str, str], after: str
) -> None:
    number, text = card
    assert number not in digits(cards.mask(f"{before}, {text}; {after}"))


@given(st.text("0123456789 -", max_size=24), written(), st.text("0123456789 -", max_size=24))
@EXAMPLES
def test_no_digits_beside_it_hide_a_card_number(
    before: str, card: tuple[str, str], after: str
) -> None:
    number, text = card
    assert number not in digits(cards.mask(f"{before} {text} {after}"))


@given(st.lists(written() | st.text("0123456789 -.cvpin=:^BD", max_size=30).map(lambda t: ("", t))))
@EXAMPLES
def test_masking_twice_changes_nothing_more(parts: list[tuple[str, str]]) -> None:
    once = cards.mask(" ".join(text for _, text in parts))
    assert cards.mask(once) == once


@pytest.mark.parametrize(
    "text",
    ["5904\n30569309025904\n4111 1111 1111\u0661\u06621111\n",
     "x;41111111167596498264384531111111=29121010000?on pan"],
)  # fmt: skip
def test_what_is_left_of_it_is_looked_at_again(text: str) -> None:
    masked = cards.mask(text)
    assert cards.mask(masked) == masked
    assert masked != text


@pytest.mark.parametrize("name", ["bead", "be", "caf", "deface", "ube", "x", "xbe", "amp"])
def test_an_entity_s_name_is_no_number_whatever_its_letters(name: str) -> None:
    assert (
        cards.mask(f"&{name}; 4111111111111111 &{name};") == f"&{name}; ************1111 &{name};"
    )


def test_a_long_gap_behind_a_word_is_no_reason_to_think_for_minutes() -> None:
    text = "pin" + " " * 1_000_000
    assert cards.mask(text) == text


@pytest.mark.parametrize("name", [*disguises.TEXTS, *disguises.BODIES])
def test_a_card_number_is_masked_in_every_disguise(name: str) -> None:
    for card in islice(disguises.numbers(Random(name)), 60):
        assert disguises.fine(name, card), (disguises.TEXTS | disguises.BODIES)[name](card)


@pytest.mark.parametrize(
    "text",
    [
        "41  11  11  11  11  11  11  11", "4111\t\t1111\t\t1111\t\t1111",
        "4111\n1111\n\n1111\n1111", "12.50\n4111.00\n11.11\n11", "4111,1111,1111,1111",
        "4111      1111      1111      1111",
    ],
)  # fmt: skip
def test_numbers_that_are_further_apart_are_several(text: str) -> None:
    assert cards.mask(text) == text
