"""A body becomes its records as they were sent, or says which of them can't be read."""

import contextlib
import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.bodies import MAX_BODY, MAX_DEPTH, MAX_RECORDS, Unreadable, records

JSON = "application/json"


def refused(body: bytes, kind: str = JSON, coding: str = "") -> tuple[int, int]:
    """Return status and position of the refusal."""
    with pytest.raises(Unreadable) as caught:
        records(body, kind, coding)
    return caught.value.status, caught.value.position


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": 1.50}', ['{"a": 1.50}']),
        (b' [ {"a":1} ,\n{"b":2} ] ', ['{"a":1}', '{"b":2}']),
        (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
        (b'{"a":1}\r\n\r\n{"b":2}', ['{"a":1}', '{"b":2}']),
        (b'\xef\xbb\xbf{"a":1}', ['{"a":1}']),
        (b'{"id":820982911946154508}', ['{"id":820982911946154508}']),
        (b'{"a":[{"b":1},{"b":1}]}', ['{"a":[{"b":1},{"b":1}]}']),
        ('{"a":"\u2028 é"}'.encode(), ['{"a":"\u2028 é"}']),
    ],
)  # fmt: skip
def test_records_stay_as_they_were_sent(body: bytes, found: list[str]) -> None:
    assert records(body, JSON, "") == found
    assert records(gzip.compress(body), "application/gzip", "") == found
    assert records(gzip.compress(body), JSON, "gzip") == found


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"", 0), (b" \n", 0), (b"[]", 0), (b"\xff", 0),
        (b'{"a":1', 1), (b"[1]", 1), (b"null", 1), (b'"a"', 1), (b'[{"a":1}', 1),
        (b'[{"a":1},]', 2), (b'[{"a":1} {"b":2}]', 1), (b'[{"a":1}] {"b":2}', 1), (b"[,", 1),
        (b'{"a":1}\n{"b":', 2), (b'[{"a":1},{"b":2},{"c"}]', 3),
        (b'{"a":1,"a":1}', 1), (b'{"a":1}\n{"b":{"c":1,"c":2}}', 2), (b'{"a":1,"\\u0061":2}', 1),
        (b'{"a":NaN}', 1), (b'{"a":Infinity}', 1), (b'{"a":01}', 1), (b'{"a":"\x00"}', 1),
        (b'{"a":' + b"9" * 401 + b"}", 1), (b'{"a":' + b"9" * 5000 + b"}", 1),
        (b'{"a":1e401}', 1), (b'{"a":1e-99999999999}', 1),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", 1),
        (b'{"a":' + b"[" * 200_000, 1), (b'{"a":' * 200_000, 1),
    ],
)  # fmt: skip
def test_the_wrong_record_is_named(body: bytes, position: int) -> None:
    assert refused(body) == (400, position)


def test_a_body_may_be_so_long_and_no_longer() -> None:
    most = b'{"a":"' + b"x" * (MAX_BODY - 8) + b'"}'
    assert len(records(most, JSON, "")) == 1
    assert refused(most + b" ") == (413, 0)
    assert refused(gzip.compress(most + b" "), JSON, "gzip") == (413, 0)
    assert len(records(b"{}\n" * MAX_RECORDS, JSON, "")) == MAX_RECORDS
    assert refused(b"{}\n" * (MAX_RECORDS + 1)) == (413, MAX_RECORDS + 1)
    assert len(records(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH, JSON, "")) == 1


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 2**28, 1)
    assert refused(bomb, "application/gzip") == (413, 0)
    assert refused(gzip.compress(bomb), "application/gzip") == (400, 0)  # one in another


@pytest.mark.parametrize("body", [b"{}", b"\x1f\x8b", gzip.compress(b"{}", mtime=0)[:-9],
                                  gzip.compress(b"{}", mtime=0) + b"more", b""])  # fmt: skip
def test_what_is_not_gzip_is_told_so(body: bytes) -> None:
    assert refused(body, "application/gzip") == (400, 0)


@pytest.mark.parametrize(
    ("kind", "known"),
    [("", True), (JSON, True), ("Application/JSON; charset=UTF-8", True), ("text/xml", False),
     ("application/x-ndjson", True), ("application/cloudevents+json", True), ("text/csv", False),
     ("application/json; charset=utf-16", False), ("application/jsonx", False), ("*/*", False)],
)  # fmt: skip
def test_formats_that_are_read_and_others(kind: str, known: bool) -> None:
    if known:
        assert records(b"{}", kind, "") == ["{}"]
    else:
        assert refused(b"{}", kind)[0] == 415
    assert refused(zlib.compress(b"{}"), JSON, "br")[0] == 415


JSON_OBJECTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=9),
                 lambda inner: st.lists(inner, max_size=3)
                 | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6),
    max_size=4,
)  # fmt: skip


@given(st.lists(JSON_OBJECTS, min_size=1, max_size=6), st.sampled_from(["array", "lines"]))
def test_what_is_written_is_found_again(values: list[object], way: str) -> None:
    texts = [json.dumps(one) for one in values]
    body = json.dumps(values, indent=1) if way == "array" else "\n".join(texts)
    assert [json.loads(one) for one in records(body.encode(), JSON, "")] == values


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert all(isinstance(json.loads(one), dict) for one in records(body, JSON, ""))
