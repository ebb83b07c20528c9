"""Card data and personal data leave nowhere; ids and barcodes stay to the letter."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from chalicelib import cards
from chalicelib.issuers import passes_luhn
from chalicelib.masking import mask_body
from chalicelib.model import Customer, Discount, Line, Tax, Tender, Transaction
from chalicelib.sanitise import HASHED, clean, sanitise

CARDS = [
    "4111111111111111", "4000000000000000006", "5555555555554444", "2223003122003222",
    "378282246310005", "371449635398431", "6011111111111117", "3530111333300000",
    "30569309025904", "38520000023237", "36227206271667", "6200000000000005", "6759649826438453",
    "2200770212727079",
]  # fmt: skip
NO_CARDS = [
    "4006381333931",  # an EAN-13 from Germany: a 13-digit Visa to the naive
    "4901234567894",  # and one from Japan
    "1795420813000",  # milliseconds since 1970
    "20261123101112",  # a time
    "1234567812345670",  # passes Luhn, but no issuer has it
    "4111111111111112",  # an issuer's range, but fails Luhn
    "820982911946154508",
    "0000000000000000",
]


def transaction(**fields: Any) -> Transaction:
    return Transaction.model_validate(
        {
            "merchant": "m", "vendor": "v", "id": "1", "kind": "sale", "currency": "EUR",
            "occurred_at": "2026-11-23T10:00:00+00:00", "exponent": 2, "total": 1, **fields,
        }
    )  # fmt: skip


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("gap", ["", " ", "-", ".", "\u00a0", "\u2013"])
def test_a_card_number_is_masked_to_its_last_four_however_it_is_written(
    card: str, gap: str
) -> None:
    written = gap.join(card[at : at + 4] for at in range(0, len(card), 4))
    masked = cards.mask(f"paid by {written}, thanks")
    assert re.sub(r"\D", "", masked) == card[-4:]
    assert masked.startswith("paid by *")
    assert masked.endswith("thanks")


@pytest.mark.parametrize("number", NO_CARDS)
def test_what_only_looks_like_a_card_number_stays(number: str) -> None:
    assert cards.mask(f"see {number}.") == f"see {number}."


@pytest.mark.parametrize(
    "text",
    [
        "order 12 4111111111111111", "4111111111111111 12/29", "41111111111111111229",
        "\uff14" + "\uff11" * 15, "x4111111111111111x", "1-4111111111111111",
    ],
)  # fmt: skip
def test_a_card_number_beside_other_digits_is_found(text: str) -> None:
    assert "*" * 12 in cards.mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "%B4111111111111111^DOE/JANE^29121010000?", ";4111111111111111=29121010000000000?",
        "cvv 123", "CVC: 1234", "PIN 0042", "security code is 987", "pin block 0123456789ABCDEF",
    ],
)  # fmt: skip
def test_track_data_and_secrets_are_removed_from_text(text: str) -> None:
    masked = cards.mask(text)
    assert cards.REMOVED in masked
    assert not re.search(r"\d{3}", masked)


@given(st.text("0123456789", min_size=2, max_size=24))
def test_the_check_digit_agrees_with_the_oracle(digits: str) -> None:
    assert passes_luhn(digits) == luhn.is_valid(digits)


@given(
    st.sampled_from(CARDS),
    st.text(max_size=30).filter(lambda t: not any(c.isdecimal() for c in t)),
    st.text(max_size=30).filter(lambda t: not any(c.isdecimal() for c in t)),
)
@settings(max_examples=200, deadline=None)
def test_no_surrounding_text_hides_a_card_number(card: str, before: str, after: str) -> None:
    assert card not in re.sub(r"[^0-9]", "", cards.mask(f"{before}{card}{after}"))


def test_a_transaction_without_anything_to_clean_is_returned_as_it_is() -> None:
    found = transaction(lines=(Line(number=1, total=1, description="Crème brûlée"),))
    assert sanitise(found, "drop") is found


def test_free_text_is_masked_and_ids_and_barcodes_are_not() -> None:
    number = "4111111111111111"
    line = Line(number=1, total=1, item_id=number, sku=number, gtin=number, description=number)
    tender = Tender(type="other", amount=1, name=f"card {number}")
    found = sanitise(transaction(id=number, lines=(line,), tenders=(tender,)), "drop")
    assert (found.id, found.lines[0].item_id, found.lines[0].sku, found.lines[0].gtin) == (
        number,
    ) * 4
    assert found.lines[0].description == "************1111"
    assert found.tenders[0].name == "card ************1111"


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        (" a  b\t c ", "a b c"), ("a\u202eb", "ab"), ("a\x00b\x1b", "ab"), ("e\u0301", "é"),
        ("a\u200bb", "ab"), ("x" * 900, "x" * 500), ("a\ud800b", "ab"),
    ],
)  # fmt: skip
def test_text_is_tidied_and_bounded(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy


def customer(policy: Any, key: bytes = b"k", **fields: str) -> Customer | None:
    return sanitise(transaction(customer=Customer(**fields)), policy, key).customer


def test_personal_data_is_dropped_unless_the_merchant_says_otherwise() -> None:
    assert customer("drop", email="Jane@Example.com", phone="+44 20 7946 0000") is None
    assert customer("drop", id="c1", email="Jane@Example.com") == Customer(id="c1")
    assert customer("keep", email="Jane@Example.com") == Customer(email="Jane@Example.com")


@pytest.mark.parametrize("name", ["id", "loyalty_id"])
def test_an_id_that_is_an_address_is_treated_as_one(name: str) -> None:
    assert customer("drop", **{name: "Jane@Example.com"}) is None
    assert customer("keep", **{name: "Jane@Example.com"}) == Customer(email="Jane@Example.com")
    hashed = customer("hash", **{name: "Jane@Example.com"})
    assert hashed == customer("hash", email="jane@example.com")
    told = customer("keep", **{name: "a@example.com", "email": "b@example.com"})
    assert told == Customer(email="b@example.com")


def test_a_hash_is_keyed_and_the_same_for_the_same_person() -> None:
    one = customer("hash", email="Jane@Example.com", phone="+44 20 7946-0000")
    assert one == customer("hash", email="jane@example.com ", phone="442079460000")
    assert one != customer("hash", b"other", email="jane@example.com", phone="442079460000")
    assert one
    assert (one.email or "").startswith(HASHED)
    assert customer("hash", email=one.email or "", phone=one.phone or "") == one


def test_a_card_number_as_loyalty_number_goes_altogether_and_is_named() -> None:
    found = sanitise(transaction(customer=Customer(loyalty_id="4111 1111 1111 1111")), "keep")
    assert found.customer is None
    assert found.discrepancies == ("card_number_as_loyalty_id",)


def test_a_loyalty_card_of_nineteen_digits_stays() -> None:
    assert customer("drop", loyalty_id="6759000000000000005") is not None


def test_a_body_for_quarantine_keeps_its_ids_and_loses_its_secrets() -> None:
    number = "4111111111111111"
    body = json.dumps(
        {
            "id": number, "nested": {"order_id": int(number), "sku": number}, "note": f"x {number}",
            "card_id": number, "cvv": "123", "pin": 1234, "email": "a@b.c", "name": "Tea",
            "track2": f";{number}=29121010000?", "customer": {"first_name": "Jane", "phone": "123"},
        }
    )  # fmt: skip
    found = json.loads(mask_body(body, "drop"))
    assert found["id"] == found["nested"]["sku"] == number
    assert found["nested"]["order_id"] == int(number)
    assert found["name"] == "Tea"
    rest = json.dumps({k: v for k, v in found.items() if k not in {"id", "nested"}})
    for secret in (number, "123", "1234", "a@b.c", "Jane"):
        assert secret not in rest


def test_an_xml_body_for_quarantine_stays_well_formed() -> None:
    body = "<T><ItemID>4111111111111111</ItemID><Note>4111111111111111</Note><CVV>123</CVV></T>"
    assert mask_body(body, "drop") == (
        "<T><ItemID>4111111111111111</ItemID><Note>************1111</Note><CVV>[removed]</CVV></T>"
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(CARDS)
    | st.sampled_from(
        [int(card) for card in CARDS]
        + [-4111111111111111, 0.4111111111111111, 5.057456472323224e16]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "cvv", "email", "note", "pin", "x"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_a_json_body_stays_json(value: Any) -> None:
    json.loads(mask_body(json.dumps(value), "drop"))
    json.loads(mask_body(json.dumps(value, ensure_ascii=False), "hash", b"k"))


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_masking_never_fails_and_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_body(text, "drop")
    assert mask_body(once, "drop") == once


def test_secrets_and_personal_data_in_objects_and_lists_go_as_well() -> None:
    body = '{"cvv": ["123"], "address": {"city": "Ely", "note": "x"}, "lines": [{"sku": "7"}]}'
    found = json.loads(mask_body(body, "drop"))
    assert not found["cvv"]
    assert not found["address"]
    assert found["lines"] == [{"sku": "7"}]


FREE_TEXT = [
    lambda text: {"channel": text},
    lambda text: {"lines": (Line(number=1, total=1, description=text),)},
    lambda text: {"lines": (Line(number=1, total=1, category=text),)},
    lambda text: {"discounts": (Discount(amount=1, name=text),)},
    lambda text: {"taxes": (Tax(amount=1, inclusive=True, name=text),)},
    lambda text: {"tenders": (Tender(type="card", amount=1, name=text),)},
]


@pytest.mark.parametrize("place", FREE_TEXT)
@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("paid 4111-1111-1111-1111", "paid ****-****-****-1111"),
        ("4111\u200b1111\u200b11111111", "************1111"),
        ("cvv 123", "cvv [removed]"),
        ("e\u200b\u0301", "é"),
        ("a\ufffe\uffffb", "ab"),
        ("a\u2028\u3000b", "a b"),
        ("a  b", "a b"),
        ("x" * 499 + " y", "x" * 499),
        ("\u202e\u2066\ufeff", None),
        ("", None),
        (" \n", None),
    ],
)
def test_every_field_that_people_type_into_is_cleaned(
    place: Any, dirty: str, tidy: str | None
) -> None:
    assert sanitise(transaction(**place(dirty)), "drop") == transaction(**place(tidy))


@pytest.mark.parametrize(
    "field",
    ["id", "original", "store_id", "register_id", "receipt_number"],
)
def test_every_id_is_kept_to_the_letter(field: str) -> None:
    for value in ("4111 1111 1111 1111", "00042", "PIN 1234", " x ", "e\u0301"):
        found = sanitise(transaction(channel=" x", **{field: value}), "drop")
        assert getattr(found, field) == value
        assert found.channel == "x"


@given(st.text(max_size=80) | st.text("ab \u0301\u200b\u00e94153pin=.", max_size=30))
@settings(max_examples=200, deadline=None)
def test_cleaning_twice_changes_nothing_more_and_what_is_clean_is_not_touched(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= 500
    found = transaction(channel=text)
    cleaned = sanitise(found, "drop")
    assert cleaned.channel == (once or None)
    assert (cleaned is found) <= (found.channel == cleaned.channel)


@given(st.text(max_size=60), st.sampled_from(["drop", "hash", "keep"]))
@settings(max_examples=200, deadline=None)
def test_sanitising_twice_changes_nothing_more(text: str, policy: Any) -> None:
    found = transaction(channel=text, customer=Customer(email=text, phone=text, loyalty_id=None))
    once = sanitise(found, policy, b"k")
    assert sanitise(once, policy, b"k") == once


@pytest.mark.parametrize("policy", ["drop", "hash", "keep"])
@pytest.mark.parametrize("nothing", ["", " ", "\u200b"])
def test_nobody_is_the_same_however_it_is_written(policy: Any, nothing: str) -> None:
    for fields in ({}, {"email": nothing}, {"phone": nothing}, {"email": "", "phone": nothing}):
        assert customer(policy, **fields) is None


@pytest.mark.parametrize("nobody", ["none", "n/a", "-", "unknown"])
def test_a_phone_without_digits_is_nobodys(nobody: str) -> None:
    assert customer("hash", phone=nobody) is None


def test_every_hash_stays_as_it_is_even_one_with_a_card_number_in_it() -> None:
    hashed = HASHED + "a4111111111111111b" + "0" * 46
    for policy in ("hash", "keep"):
        assert customer(policy, email=hashed) == Customer(email=hashed)
    assert customer("drop", email=hashed) is None
    assert customer("hash", email=HASHED + "jane@example.com") != Customer(
        email=HASHED + "jane@example.com"
    )


@pytest.mark.parametrize("policy", ["drop", "hash", "keep"])
def test_a_card_number_is_no_mail_address_or_phone(policy: Any) -> None:
    found = customer(policy, email="4111111111111111", phone="4111 1111 1111 1111")
    assert "4111" not in str(found).replace("*1111", "").replace("* 1111", "")


@pytest.mark.parametrize("loyalty", ["12345678", "PIN 1234", "4111111111111112", "a4111"])
def test_a_loyalty_number_that_is_no_card_number_stays(loyalty: str) -> None:
    found = sanitise(transaction(customer=Customer(loyalty_id=loyalty)), "drop")
    assert found.customer == Customer(loyalty_id=loyalty)
    assert found.discrepancies == ()
