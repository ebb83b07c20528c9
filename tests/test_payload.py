"""Hostile bytes: read as they declare themselves, within limits, and never quoted."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import payload
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Outcome, Transaction

PAN = "4111111111111111"
JAPANESE = "<a>あんパンと牛乳</a>"


def code_of(call: Any, *arguments: Any) -> Code:
    with pytest.raises(Rejected) as refusal:
        call(*arguments)
    return refusal.value.code


def transaction(identity: str = "1", **fields: Any) -> Transaction:
    return Transaction.model_validate(
        {
            "merchant": "m", "vendor": "v", "id": identity, "kind": "sale", "currency": "EUR",
            "occurred_at": "2026-11-23T10:00:00+00:00", "exponent": 2, "total": 1, **fields,
        }
    )  # fmt: skip


def declaring(encoding: str, text: str = JAPANESE, codec: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(codec or encoding)


@pytest.mark.parametrize(
    "body",
    [
        JAPANESE,
        "\ufeff" + JAPANESE,
        JAPANESE.encode(),
        JAPANESE.encode("utf-8-sig"),
        JAPANESE.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + JAPANESE.encode("utf-16-be"),
    ],
)
def test_text_is_read_in_the_encoding_that_its_bytes_show(body: bytes | str) -> None:
    assert payload.text(body) == JAPANESE


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("UTF-8", "utf-8", "日本"),
        ("Shift_JIS", "shift_jis", "日本"),
        ("shift_jis", "cp932", "㈱日本①"),
        ("Windows-31J", "cp932", "㈱日本①"),
        ("EUC-JP", "euc-jp", "日本"),
        ("GB18030", "gb18030", "中国"),
        ("Big5", "big5", "中國"),
        ("EUC-KR", "euc-kr", "한국"),
        ("ISO-8859-15", "iso-8859-15", "5 €"),
        ("windows-1250", "windows-1250", "Łódź"),
        ("US-ASCII", "ascii", "x"),
    ],
)
def test_text_is_read_in_the_encoding_that_its_xml_declares(
    encoding: str, codec: str, text: str
) -> None:
    assert payload.text(declaring(encoding, text, codec)).endswith(text)


def test_a_byte_order_mark_wins_over_what_the_xml_declares() -> None:
    assert payload.text(declaring("utf-16", codec="utf-16")).endswith(JAPANESE)
    assert payload.text(declaring("shift_jis", codec="utf-16")).endswith(JAPANESE)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (JAPANESE.encode("shift_jis"), Code.UNDECLARED_ENCODING),
        (b'{"name": "' + "あんパン".encode("cp932") + b'"}', Code.UNDECLARED_ENCODING),
        (declaring("utf-8", codec="shift_jis"), Code.BAD_ENCODING),
        (b"\xff", Code.BAD_ENCODING),
        (b'{"id": "\xc3\x28"}', Code.BAD_ENCODING),
        (b"caf\xe9", Code.BAD_ENCODING),
        (b"\xc0\xaf", Code.BAD_ENCODING),
        (b"\xed\xa0\x80", Code.BAD_ENCODING),
        (b"\xff\xfe\x00", Code.BAD_ENCODING),
        (b"\xff\xfe\x00\xd8", Code.BAD_ENCODING),
        (declaring("utf-7", codec="ascii", text="<a/>"), Code.BAD_ENCODING),
        (declaring("idna", codec="ascii", text="<a/>"), Code.BAD_ENCODING),
        (declaring("x" * 40, codec="ascii", text="<a/>"), Code.BAD_ENCODING),
        ('{"name": "\ud800"}', Code.BAD_ENCODING),
        ("\udc00", Code.BAD_ENCODING),
        (b"0" * (payload.MAX_BODY + 1), Code.BODY_TOO_LARGE),
        ("0" * (payload.MAX_BODY + 1), Code.BODY_TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_read_is_refused_and_not_guessed(body: bytes | str, code: Code) -> None:
    assert code_of(payload.text, body) is code


def test_a_body_as_long_as_the_limit_is_read() -> None:
    assert len(payload.text(b"0" * payload.MAX_BODY)) == payload.MAX_BODY


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_text_or_refused(body: bytes) -> None:
    for start in (b"", b"\xff\xfe", b'<?xml encoding="shift_jis"?>'):
        try:
            assert payload.text(start + body).isprintable() in {True, False}
        except Rejected as refusal:
            assert refusal.code in {Code.BAD_ENCODING, Code.UNDECLARED_ENCODING}  # noqa: PT017


def test_numbers_of_json_are_exact() -> None:
    found = payload.json_value('[0.1, 1e400, 12345678901234567890, -0.0, "1"]')
    assert found == [Decimal("0.1"), Decimal("1e400"), 12345678901234567890, Decimal(0), "1"]
    assert not any(isinstance(value, float) for value in found)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", Code.NOT_JSON),
        ("{", Code.NOT_JSON),
        ("{'a': 1}", Code.NOT_JSON),
        ("[NaN]", Code.NOT_JSON),
        ('{"a": Infinity}', Code.NOT_JSON),
        ("-Infinity", Code.NOT_JSON),
        ("9" * 5000, Code.NOT_JSON),
        ("1e99999999999999999999", Code.NOT_JSON),
        ('"\x00"', Code.NOT_JSON),
        ('{"a": 1} x', Code.NOT_JSON),
        ("[" * 100_000, Code.TOO_DEEP),
        ('{"a":' * 100_000, Code.TOO_DEEP),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_plain_json_is_refused(source: str, code: Code) -> None:
    assert code_of(payload.json_value, source) is code
    assert code_of(payload.json_records, source) is code


@pytest.mark.parametrize(
    ("source", "records"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\r\n\r\n  {"b": 2}\r\n', [{"a": 1}, {"b": 2}]),
        ('{\n "a": 1\n}', [{"a": 1}]),
        ('{"a": "x\u2028y\u0085z"}\n{"b": 2}', [{"a": "x\u2028y\u0085z"}, {"b": 2}]),
        ("[1, null]", [1, None]),
    ],
)
def test_json_is_one_record_or_an_array_or_lines(source: str, records: list[Any]) -> None:
    assert payload.json_records(source) == records


def test_a_bad_line_stays_in_its_place() -> None:
    first, bad, last = payload.json_records('{"a": 1}\n{"a": \n{"a": 3}')
    assert (first, last) == ({"a": 1}, {"a": 3})
    assert isinstance(bad, Rejected)
    assert bad.code is Code.NOT_JSON


def test_a_message_without_records_is_refused() -> None:
    assert code_of(payload.json_records, "[]") is Code.EMPTY


def test_what_eventbridge_wraps_is_unwrapped() -> None:
    wrapped = {"version": "0", "detail-type": "sale", "source": "till", "detail": {"a": 1}}
    assert payload.json_records(json.dumps([wrapped, {"detail": 2}])) == [{"a": 1}, {"detail": 2}]


def test_a_message_holds_only_so_many_records() -> None:
    assert len(payload.counted([0] * payload.MAX_RECORDS)) == payload.MAX_RECORDS
    assert code_of(payload.counted, [0] * (payload.MAX_RECORDS + 1)) is Code.TOO_MANY
    lines = '{"a": 1}\n' * (payload.MAX_RECORDS + 1)
    assert code_of(payload.json_records, lines) is Code.TOO_MANY


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none()),
        min_size=2,
        max_size=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_lines_and_arrays_hold_the_same_records(records: list[Any]) -> None:
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert payload.json_records(lines) == payload.json_records(json.dumps(records)) == records


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", Code.NOT_XML),
        ("<a>", Code.NOT_XML),
        ("<a></b>", Code.NOT_XML),
        ("<a/><b/>", Code.NOT_XML),
        ("<a>\x00</a>", Code.NOT_XML),
        ("<a>&undefined;</a>", Code.NOT_XML),
        ("<x:a/>", Code.NOT_XML),
        ("{}", Code.NOT_XML),
        ("<!DOCTYPE a><a/>", Code.XML_DOCTYPE),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', Code.XML_DOCTYPE),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', Code.XML_ENTITIES),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', Code.XML_ENTITIES),
        (f'<!DOCTYPE l [<!ENTITY l0 "ha">{LAUGHS}]><l>&l9;</l>', Code.XML_ENTITIES),
        ("<a>" * 101 + "</a>" * 101, Code.TOO_DEEP),
        ("<a>" * 1_000_000, Code.TOO_DEEP),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_xml_that_is_broken_or_bold_is_refused(source: str, code: Code) -> None:
    assert code_of(payload.xml_root, source) is code


@pytest.mark.parametrize(
    "source",
    [
        "<a xmlns='urn:x'>é&amp;&#233;<![CDATA[<]]></a>",
        '<x:a xmlns:x="urn:x">é&amp;é&lt;</x:a>',
        '<?xml version="1.0" encoding="Shift_JIS"?><a xmlns="urn:x">é&amp;é&lt;</a>',
        '<?xml version="1.0" encoding="utf-16"?><!-- x --><a xmlns="urn:x">é&amp;é&lt;</a>\n',
    ],
)
def test_xml_has_namespaces_and_was_decoded_before(source: str) -> None:
    root = payload.xml_root(source)
    assert (root.tag, root.text) == ("{urn:x}a", "é&é<")


def test_xml_may_be_a_hundred_deep() -> None:
    assert len(list(payload.xml_root("<a>" * 100 + "</a>" * 100).iter())) == 100


@pytest.mark.parametrize("value", ["SALE", "", None, 1, [], {}, True])
def test_a_value_never_seen_is_refused_without_being_quoted(value: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        payload.known({"sale": 1}, value, "kind", Code.UNKNOWN_STATUS)
    assert str(refusal.value) == "unknown_status: unknown kind"
    assert payload.known({"sale": 1}, "sale", "kind") == 1


def adapted(*records: Any) -> list[Outcome]:
    """Each record does what it says: yields transactions by id, or raises."""

    def adapt_one(record: Any) -> Iterator[Transaction]:
        for step in record:
            if isinstance(step, Exception):
                raise step
            yield transaction(step)

    return list(payload.each(records, adapt_one))


def test_a_bad_record_leaves_its_neighbours() -> None:
    outcomes = adapted(["a"], [Rejected(Code.BAD_MONEY, "x")], ["b"], [Ignored("open")], ["c", "d"])
    assert [getattr(outcome, "id", None) for outcome in outcomes] == [
        "a",
        None,
        "b",
        None,
        "c",
        "d",
    ]
    assert [getattr(outcome, "position", 0) for outcome in outcomes] == [0, 2, 0, 4, 0, 0]


def test_a_record_that_fails_half_way_yields_nothing_of_itself() -> None:
    [refusal, found] = adapted(["a", "b", ValueError("x")], ["c"])
    assert isinstance(refusal, Rejected)
    assert isinstance(found, Transaction)
    assert found.id == "c"


def test_a_record_that_could_not_be_read_is_told_by_its_position() -> None:
    bad = Rejected(Code.NOT_JSON, "the body is not JSON")
    outcomes = list(payload.each([1, bad], lambda _: [transaction()]))
    assert outcomes[1] is bad
    assert bad.position == 2


def test_records_are_adapted_as_they_are_asked_for() -> None:
    outcomes = payload.each(iter([1, 2]), lambda record: [transaction(str(record))])
    found = next(outcomes)
    assert isinstance(found, Transaction)
    assert found.id == "1"


UNENCODABLE = UnicodeEncodeError("utf-8", PAN + "\ud800", 16, 17, "surrogates not allowed")


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (KeyError("total_money"), Code.BAD_SHAPE, "a field is missing: total_money"),
        (KeyError(PAN), Code.BAD_SHAPE, "a field is missing: (its name is withheld)"),
        (KeyError("Jane Doe"), Code.BAD_SHAPE, "a field is missing: (its name is withheld)"),
        (KeyError(int(PAN)), Code.BAD_SHAPE, "a field is missing: (its name is withheld)"),
        (KeyError(), Code.BAD_SHAPE, "a field is missing: (its name is withheld)"),
        (TypeError(PAN), Code.BAD_SHAPE, "a field has another type than expected"),
        (AttributeError(PAN), Code.BAD_SHAPE, "a field has another type than expected"),
        (IndexError(PAN), Code.BAD_SHAPE, "a field has another type than expected"),
        (RecursionError(PAN), Code.TOO_DEEP, "the record is nested too deep"),
        (UNENCODABLE, Code.BAD_ENCODING, "a text holds half of a UTF-16 character"),
        (ValueError(PAN), Code.ADAPTER_FAULT, "the adapter failed: ValueError"),
        (ZeroDivisionError(PAN), Code.ADAPTER_FAULT, "the adapter failed: ZeroDivisionError"),
    ],
)
def test_what_an_adapter_did_not_foresee_quotes_nothing_of_the_payload(
    fault: Exception, code: Code, reason: str
) -> None:
    [refusal] = adapted([fault])
    assert isinstance(refusal, Rejected)
    assert (refusal.code, refusal.reason, refusal.position) == (code, reason, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": PAN + "\n"},
        {"kind": PAN},
        {"total": PAN},
        {"total": 10**16},
        {PAN: 1},
        {"Jane Doe": 1},
        {"store_id": "\ud800" + PAN},
        {"lines": ({"number": 1, "total": PAN},)},
        {"lines": ({"number": 1, "total": 1, PAN: PAN},)},
    ],
    ids=str,
)
def test_what_the_model_refuses_is_told_by_its_place_alone(fields: dict[str, Any]) -> None:
    [refusal] = payload.each([fields], lambda record: [transaction(**{"identity": "1", **record})])
    assert isinstance(refusal, Rejected)
    assert refusal.code is Code.BAD_SHAPE
    assert PAN not in str(refusal)
    assert "Jane" not in str(refusal)


def test_the_place_of_what_the_model_refuses_counts_from_zero() -> None:
    lines = ({"number": 1, "total": 1}, {"number": 2, "total": "x"})
    [refusal] = payload.each([lines], lambda record: [transaction(lines=record)])
    assert isinstance(refusal, Rejected)
    assert refusal.reason.startswith("lines.1.total: ")


def test_what_can_not_be_taken_apart_is_refused_at_its_place() -> None:
    def digits(record: Any) -> list[str]:
        if record == "?":
            raise Rejected(Code.EMPTY, "nothing in it")
        return list(record)

    broken = Rejected(Code.NOT_JSON, "x")
    found = payload.apart(["12", 3, broken, "?", "4"], digits)
    assert [one if isinstance(one, str) else one.code.value for one in found] == [
        "1", "2", "bad_shape", "not_json", "empty", "4",
    ]  # fmt: skip
    assert found[3] is broken
    assert code_of(lambda _: payload.apart([], digits), "") is Code.EMPTY
