"""Bodies for quarantine: secrets go, ids stay, and a redrive reads the same transactions."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import payload
from chalicelib.masking import mask_body
from chalicelib.model import Customer, Line, Merchant, Outcome, Transaction
from chalicelib.reading import read
from chalicelib.sanitise import HASHED, Policy, personal

PAN = "4111111111111111"
LEFT = "*" * 12 + "1111"
POLICIES: tuple[Policy, ...] = ("drop", "hash", "keep")
EXAMPLES = settings(max_examples=200, deadline=None)

IDS = ["id", "order_id", "orderId", "ItemID", "uuid", "sku", "gtin", "ean", "upc", "barcode",
       "receipt_number", "idempotency_key", "ns:SequenceNumber",
       "VOIDEDTRANSACTIONSEQUENCENUMBE"]  # fmt: skip
SECRETS = ["cvv", "CVV2", "card_cvc", "csc", "security_code", "Security Code", "pin", "PIN",
           "pin_block", "pinData", "track", "track1", "Track2Data", "magstripe"]  # fmt: skip
PERSONAL = ["email", "e-mail", "E_Mail", "buyer_email_address", "phone", "mobile", "telephone",
            "first_name", "LastName", "cardholder_name", "Customer Name", "street",
            "address_line_1", "birthday", "ip", "latitude", "DATAELEMENTVALUE"]  # fmt: skip
KEPT = ["name", "note", "total", "shipping", "description", "status"]


def in_json(name: str, value: str) -> str:
    return json.dumps({"a": 1, name: value, "z": [2]})


def in_xml(name: str, value: str) -> str:
    name = name.replace(" ", "_").replace("ns:", "")
    return f'<T><a k="1">1</a><{name} k="2">{escape(value)}</{name}><z/></T>'


def in_attribute(name: str, value: str) -> str:
    name = name.replace(" ", "_").replace("ns:", "")
    return f"<T {name}={quoteattr(value)} z='2'>text</T>"


def in_form(name: str, value: str) -> str:
    return f"a=1&{name.replace(' ', '_')}={value.replace(' ', '+')}&z=2"


KINDS = pytest.mark.parametrize("write", [in_json, in_xml, in_attribute, in_form])


@KINDS
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("value", [PAN, "A-" + PAN, "PIN1234", "00042"])
def test_an_id_or_barcode_is_kept_to_the_letter(write: Any, name: str, value: str) -> None:
    body = write(name, value)
    assert mask_body(body, "drop") == body


@KINDS
@pytest.mark.parametrize("name", [*KEPT, "card_id", "card_number", "cardGuid"])
def test_a_card_number_elsewhere_is_masked(write: Any, name: str) -> None:
    assert mask_body(write(name, PAN), "keep") == write(name, LEFT)


@KINDS
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_removed_by_its_name(write: Any, name: str) -> None:
    for policy in POLICIES:
        found = mask_body(write(name, "1234"), policy)
        assert found in {write(name, "[removed]"), write(name, "0")}


@KINDS
@pytest.mark.parametrize("name", PERSONAL)
@pytest.mark.parametrize("value", ["jane@example.com", "+1", "O'Neill,Jane;"])
def test_personal_data_goes_by_the_merchants_policy(write: Any, name: str, value: str) -> None:
    if write is in_form:
        value = value.translate({ord(char): f"%{ord(char):x}" for char in "+';,"})
    body = write(name, value)
    assert mask_body(body, "keep") == body
    assert mask_body(body, "drop") == write(name, "")
    hashed = mask_body(body, "hash", b"k")
    assert hashed == write(name, "") or HASHED in hashed
    assert mask_body(hashed, "hash", b"k") == hashed


@KINDS
@pytest.mark.parametrize("name", KEPT)
def test_everything_else_is_kept(write: Any, name: str) -> None:
    body = write(name, "Rye bread, 2 x 3.50")
    assert mask_body(body, "drop") == body


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        ('{"cvv": 123, "x": 1}', '{"cvv": 0, "x": 1}'),
        ('{"cvv": null, "cvv_present": true}', '{"cvv": null, "cvv_present": true}'),
        ('{"phone": 49123, "email": null}', '{"phone": null, "email": null}'),
        ('{"email_verified": true}', '{"email_verified": true}'),
        ('{"emails": ["a@b.c", "d"]}', '{"emails": null}'),
        ('{"address": {"city": {"x": 1}}, "id": 1}', '{"address": null, "id": 1}'),
        ('{"cvv": {"value": "123"}}', '{"cvv": null}'),
        (f'{{"loyalty_id": "{PAN}"}}', '{"loyalty_id": ""}'),
        (f'{{"loyaltyAccountId": {PAN}}}', '{"loyaltyAccountId": null}'),
        ('{"loyalty_id": "6759000000000000005"}', '{"loyalty_id": "6759000000000000005"}'),
        (f'{{"a": "cvv: 123", "sku": "{PAN}"}}', f'{{"a": "cvv: [removed]", "sku": "{PAN}"}}'),
        ('{"w": 4.4000000000000004, "r": 0.5105105105105100}',) * 2,
        (f'{{"t": ";{PAN}=29121010000?"}}', '{"t": ";[removed]"}'),
        (f'{{"t": "%B{PAN}^DOE\\/J^2912101", "u": 1}}', '{"t": "[removed]", "u": 1}'),
        (f"<a>&amp;{PAN}=29121010000</a>", "<a>&amp;[removed]</a>"),
        ("<Email>\n  a@b.c\n</Email>", "<Email>\n  </Email>"),
        ("<Email><![CDATA[a@b.c]]></Email>", "<Email><![CDATA[]]></Email>"),
        ("<Email/>12<b/>", "<Email/>12<b/>"),
        ("<Email >a@b.c", "<Email >"),
        ('{"email": "a@b', '{"email": "'),
        ('{"email": "a\\"b@c.d", "x": 1}', '{"email": "", "x": 1}'),
        (f"id;note\n{PAN};card {PAN};\n", f"id;note\n{LEFT};card {LEFT};\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_body_is_changed_no_more_than_needed(body: str, masked: str) -> None:
    assert mask_body(body, "drop") == masked
    assert mask_body(masked, "drop") == masked


def test_a_hash_in_a_body_stays_even_with_a_card_number_in_it() -> None:
    body = in_json("email", HASHED + "a4111111111111111b" + "0" * 46)
    assert mask_body(body, "hash", b"k") == body


@pytest.mark.parametrize("value", ["A+b@C.d", "é&<x>@c.d", "+44 20 7946", "a\\b@c.d", '"x"@c.d'])
def test_the_hash_in_a_body_is_the_one_that_an_adapter_would_make(value: str) -> None:
    expected = personal(value, "hash", b"k")
    assert json.loads(mask_body(in_json("email", value), "hash", b"k"))["email"] == expected
    dotnet = in_json("email", value).replace("+", "\\u002B")
    assert json.loads(mask_body(dotnet, "hash", b"k"))["email"] == expected
    root = ET.fromstring(mask_body(in_xml("email", value), "hash", b"k"))  # noqa: S314 - ours
    assert root.findtext("email") == expected
    root = ET.fromstring(mask_body(in_attribute("email", value), "hash", b"k"))  # noqa: S314
    assert root.get("email") == expected


def test_the_hash_of_a_form_is_the_one_that_an_adapter_would_make() -> None:
    found = mask_body("email=A%2Bb%40C.d&x=1", "hash", b"k")
    assert parse_qs(found) == {"email": [personal("A+b@C.d", "hash", b"k")], "x": ["1"]}


TEXT = st.text(max_size=30) | st.sampled_from(
    [PAN, "4111 1111 1111 1111", f";{PAN}=29121010000?", f"%B{PAN}^A/B^2912101", "cvv 123",
     "pin: 0042", "a@b.c", "\\", '"', "<", ", email: x", '"email": "x"', "]]>"]
)  # fmt: skip
NAMES = st.sampled_from([*IDS, *SECRETS, *PERSONAL, *KEPT]) | st.text(max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.just(int(PAN)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=15,
)


@given(JSON, st.sampled_from(POLICIES), st.booleans(), st.sampled_from([None, 2]))
@EXAMPLES
def test_json_stays_json_and_is_masked_once(
    value: Any, policy: Policy, ascii_: bool, indent: int | None
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_, indent=indent)
    masked = mask_body(body, policy, b"k")
    json.loads(masked)
    assert mask_body(masked, policy, b"k") == masked


XML_TEXT = TEXT.map(lambda text: re.sub("[^\t\n -\ud7ff\ue000-\ufffd]", "", text))
XML_NAMES = st.sampled_from(["ItemID", "CVV", "Email", "Note", "Pin", "LastName", "a"])


@st.composite
def xml(draw: st.DrawFn, depth: int = 3) -> str:
    name, text = draw(XML_NAMES), escape(draw(XML_TEXT))
    attributes = draw(st.dictionaries(XML_NAMES, XML_TEXT, max_size=2))
    inner = draw(st.lists(xml(depth - 1), max_size=2)) if depth else []
    opened = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{opened}>{text}{''.join(inner)}{text}</{name}>"


@given(xml(), st.sampled_from(POLICIES))
@EXAMPLES
def test_xml_stays_well_formed(body: str, policy: Policy) -> None:
    before, after = (
        [(part.tag, sorted(part.attrib)) for part in ET.fromstring(text).iter()]  # noqa: S314
        for text in (body, mask_body(body, policy, b"k"))
    )
    assert before == after


@given(TEXT | NAMES, TEXT | NAMES, st.sampled_from(POLICIES))
@EXAMPLES
def test_any_text_is_masked_once(one: str, other: str, policy: Policy) -> None:
    for body in (one + other, f'{one}"{other}": "{one}', f"<{one}>{other}", f"{one}={other}"):
        masked = mask_body(body, policy, b"k")
        assert mask_body(masked, policy, b"k") == masked


def adapt(text: str, merchant: Merchant) -> Iterator[Outcome]:
    return payload.each(payload.json_records(text), lambda record: [_one(record, merchant)])


def _one(record: dict[str, Any], merchant: Merchant) -> Transaction:
    line = Line(number=1, total=1, sku=record["sku"], description=record["note"])
    asked = {name: record[name] for name in ("email", "phone", "loyalty_id") if record[name]}
    return Transaction(
        merchant=merchant.id, vendor="test", id="1", kind="sale", currency="EUR", exponent=2,
        total=1, occurred_at="2026-11-23T10:00:00+00:00", lines=(line,),
        customer=Customer(**asked) if asked else None,
    )  # fmt: skip


IN_IDS = st.sampled_from(["1", PAN, "PIN1234", "00042", "4111 1111 1111 1111", "x" + PAN])


@given(
    st.fixed_dictionaries(
        {
            "sku": IN_IDS,
            "note": TEXT.filter(lambda text: "%B" not in text),
            "email": st.sampled_from([None, "", " Jane+x@Example.com ", 'é"@c.d', "none"]),
            "phone": st.sampled_from([None, "+44 20 7946", "n/a", PAN]),
            "loyalty_id": st.sampled_from([None, "77", "6759000000000000005"]),
        }
    ),
    st.sampled_from(POLICIES),
    st.booleans(),
)
@EXAMPLES
def test_what_comes_back_from_quarantine_is_read_as_it_was_before(
    record: dict[str, Any], policy: Policy, ascii_: bool
) -> None:
    merchant = Merchant("m", adapt, personal=policy)
    body = json.dumps(record, ensure_ascii=ascii_)
    [first] = read(body, merchant, b"k")
    [second] = read(mask_body(body, policy, b"k"), merchant, b"k")
    assert isinstance(first, Transaction)
    assert second == first


INNER = {"card": "4111111111111111", "email": "ada@example.com", "id": "4111111111111111", "n": 1.5}


def test_json_that_is_folded_into_a_text_is_masked_and_still_json() -> None:
    body = json.dumps({"eventName": "x", "payload": json.dumps(INNER)})
    told = json.loads(json.loads(mask_body(body, "drop"))["payload"])
    assert told == {"card": "************1111", "email": "", "id": INNER["id"], "n": 1.5}


def test_json_that_is_folded_into_a_form_is_masked_and_still_a_form() -> None:
    body = urlencode({"environment": "prod", "payload": json.dumps(INNER), "x": "1"})
    fields = parse_qs(mask_body(body, "drop"))
    assert fields["environment"] == ["prod"]
    assert json.loads(fields["payload"][0])["email"] == ""
    assert json.loads(fields["payload"][0])["card"] == "************1111"
    assert json.loads(fields["payload"][0])["id"] == INNER["id"]


def test_a_text_that_only_looks_like_folded_json_is_kept() -> None:
    for body in ('{"a": "{\\"b\\": oops"}', '{"a": "[\\\\"}', '"{ \\" }', "a=%7Bx"):
        assert mask_body(body, "drop") == body


def test_what_is_folded_hundreds_of_times_is_masked_without_names() -> None:
    body = f"{{ {PAN}"
    for _ in range(700):
        body = "{ a=" + quote_plus(body)
    masked = mask_body("a=" + quote_plus(body), "drop")
    assert PAN not in masked
    assert masked.endswith("1111")


def test_a_letter_that_is_escaped_makes_no_card_number_with_the_digits_after_it() -> None:
    body = r'{"note": "\u4111111111111111"}'
    assert mask_body(body, "drop") == body
    assert json.loads(body)["note"] == "\u4111" + "1" * 12


@pytest.mark.parametrize("name", IDS)
def test_an_id_with_escapes_is_kept_to_the_letter(name: str) -> None:
    body = json.dumps({name: "4111\u00a01111\u00a01111\u00a01111"})
    assert mask_body(body, "drop") == body


@pytest.mark.parametrize("form", ["%s", '{"a": %s, "b": 1}', "[1,%s]"])
def test_a_number_of_json_stays_one_where_two_cards_are_in_it(form: str) -> None:
    masked = mask_body(form % "67596498264384534111111111111111", "drop")
    assert masked == form % "90000000000084530000000000001111"
    json.loads(masked)
