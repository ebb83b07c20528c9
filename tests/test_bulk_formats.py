"""Files as streams: however the bytes come, the records are the same, and all of them."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.adapters import csv_export, json_lines, poslog
from chalicelib.bulk import lines, records, source
from chalicelib.bulk.formats import Csv, Json, JsonLines, key_at
from chalicelib.bulk.poslog import PosLog
from chalicelib.bulk.records import BARE, Draft, Format, OutOfTime, Reading, Record, drafts
from chalicelib.errors import Code, Rejected
from chalicelib.model import Merchant, Transaction
from chalicelib.payload import MAX_BODY
from chalicelib.reading import read

FORMATS: dict[str, Callable[[], Format]] = {
    "csv": lambda: Csv(",", ("id",)),
    "json": Json,
    "ndjson": JsonLines,
    "xml": PosLog,
}
#: Letters that matter to some format, with some of two, three and four bytes.
TEXT = st.text(alphabet="ab1 ,;\"'<>&[]{}\\\n\r\té語😀", max_size=12)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["id", "x"]), TEXT, min_size=1), max_size=8)


def cut(text: str, sizes: list[int]) -> Iterator[str]:
    """Cut a text into chunks of these sizes, over and over."""
    at, turn = 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        yield text[at : at + size]
        at, turn = at + size, turn + 1


def escaped(text: str) -> str:
    return "".join(f"&#{ord(one)};" if one in "<>&\"'" else one for one in text)


def csv_file(rows: list[dict[str, str]]) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n\r') else text

    return "id,x\r\n" + "".join(f"{cell(r.get('id', ''))},{cell(r.get('x', ''))}\r\n" for r in rows)


def xml_file(rows: list[dict[str, str]]) -> str:
    parts = "".join(
        f"<x:Transaction n='>'><a>{escaped(row.get('x', ''))}</a></x:Transaction>\n" if row.get("x")
        else "<Batch><Transaction/></Batch><!-- < -->"
        for row in rows
    )  # fmt: skip
    root = '<POSLog xmlns:x="urn:x" v="1>0">'
    return f'<?xml version="1.0" encoding="Shift_JIS"?>{root}{parts}</POSLog>'


def file(kind: str, rows: list[dict[str, str]]) -> str:
    if kind == "csv":
        return csv_file(rows)
    if kind == "xml":
        return xml_file(rows)
    told = [
        json.dumps(row, ensure_ascii=False, indent=1 if kind == "json" else None) for row in rows
    ]
    return "[" + " ,\n".join(told) + " ] " if kind == "json" else "\n".join(told)


def whole(kind: str, text: str) -> list[Record]:
    return list(FORMATS[kind]().records([text], 0, BARE))


@pytest.mark.parametrize("kind", FORMATS)
@given(rows=OBJECTS, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_any_chunking_gives_the_same_records_and_any_of_them_can_be_gone_on_from(
    kind: str, rows: list[dict[str, str]], sizes: list[int]
) -> None:
    text = file(kind, rows)
    found = whole(kind, text)
    assert list(FORMATS[kind]().records(cut(text, sizes), 0, BARE)) == found
    content = text.encode()
    for at, last in enumerate(found, 1):
        rest = content[last.end :].decode()
        assert list(FORMATS[kind]().records(cut(rest, sizes), last.end, last.frame)) == found[at:]


@pytest.mark.parametrize("kind", ["json", "ndjson", "xml"])
@given(rows=OBJECTS)
def test_no_record_is_left_out(kind: str, rows: list[dict[str, str]]) -> None:
    found = whole(kind, file(kind, rows))
    assert len(found) == len(rows)
    if kind != "xml":
        assert [json.loads(one.text) for one in found] == rows


@given(rows=OBJECTS)
def test_the_rows_of_a_csv_file_are_all_of_its_text(rows: list[dict[str, str]]) -> None:
    text = csv_file(rows)
    found = whole("csv", text)
    kept = "".join(one.text for one in found)
    below = text.removeprefix("id,x\r\n")
    assert below.startswith(kept)
    assert below.removeprefix(kept).strip('\n\r\t ",') == ""  # rows in which nothing stands


@given(
    sizes=st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 3)), max_size=12),
    keyed=st.booleans(),
)
@example(sizes=[(1, 1)] * 500, keyed=False)
@example(sizes=[(1, number // 90) for number in range(500)], keyed=True)
def test_messages_hold_all_records_in_order_and_part_no_transaction(
    sizes: list[tuple[int, int]], *, keyed: bool
) -> None:
    given_ = [
        Record(f"{at}:" + "x" * size, at, BARE, key=key or None)
        for at, (size, key) in enumerate(sizes, 1)
    ]
    found = list(drafts(Reading(iter(given_)), keyed=keyed))
    assert [text for one in found for text in one.texts] == [one.text for one in given_]
    assert sum(one.count for one in found) == len(given_)
    assert [one.end for one in found] == sorted({one.end for one in found})
    for one in found:
        fits = one.size <= records.MOST_BYTES and one.count <= records.MOST_RECORDS
        assert fits or one.count == 1 or keyed
    if keyed:
        for before, after in pairwise(found):
            last, first = given_[before.end - 1], given_[before.end]
            assert last.key, first.key
            assert last.key != first.key, (before.end, after.end)


def test_a_transaction_that_no_message_could_hold_is_refused_whole() -> None:
    rows = [Record("x" * 1_000_000, at, BARE, key=("1",)) for at in range(1, 9)]
    rows.append(Record("fine", 9, BARE, key=("2",)))
    [only] = drafts(Reading(iter(rows)), keyed=True)
    assert (only.texts, only.count) == (["fine"], 9)
    assert [place for place, _ in only.faults] == list(range(1, 9))
    assert {fault.code for _, fault in only.faults} == {Code.BODY_TOO_LARGE}


def test_what_breaks_off_within_a_transaction_is_no_transaction() -> None:
    def rows(stop: Exception) -> Iterator[Record]:
        yield Record("a", 1, BARE, key=("1",))
        yield Record("b", 2, BARE, key=("2",))
        raise stop

    [only] = drafts(Reading(rows(OutOfTime())), keyed=True)
    assert (only.texts, only.end) == (["a"], 1)  # the other is read again by the next invocation
    broken = Reading(rows(Rejected(Code.BAD_ENCODING, "x")))
    [first] = drafts(broken, keyed=True)
    assert (first.texts, first.end, [place for place, _ in first.faults]) == (["a"], 2, [2])
    assert [one.texts for one in drafts(Reading(rows(OutOfTime())), keyed=False)] == [["a", "b"]]


# What comes of the messages is what would come of the whole file in one message.

SHOP = Merchant("shop", csv_export.adapt, timezone="Europe/Paris", currency="EUR")


def outcomes(bodies: list[str], merchant: Merchant) -> Counter[str]:
    found: Counter[str] = Counter()
    for body in bodies:
        for one in read(body, merchant):
            found[
                one.model_dump_json() if isinstance(one, Transaction) else type(one).__name__
            ] += 1
    return found


def header() -> str:
    """The header of an export in our own words, as the mapping wants it."""
    return ",".join(dict.fromkeys(csv_export.DEFAULT.columns())) + "\n"


def export(sales: list[int], *, spoiled: set[int] = frozenset()) -> str:  # type: ignore[assignment]
    """An export in which the sale of each number has so many rows."""
    names = header().strip().split(",")
    text = header()
    row = 0
    for number, count in enumerate(sales):
        for line in range(count):
            cells = dict.fromkeys(names, "") | {
                "id": f"R{number}", "kind": "sale", "date": "2026-11-23T10:00:00",
                "item": 'Tea, "hot"\n',
                "quantity": "1", "price": "2.00", "amount": "2.00", "line_id": f"{line}",
                "tender": "cash" if not line else "", "total": f"{2 * count}.00",
                "tender_amount": f"{2 * count}.00" if not line else "",
            }  # fmt: skip
            cells = {name: cells[name] for name in names}
            told = ['"' + cell.replace('"', '""') + '"' for cell in cells.values()]
            text += ",".join(told[:3] if row in spoiled else told) + "\n"
            row += 1
    return text


@given(
    sales=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    spoiled=st.sets(st.integers(0, 30), max_size=2),
    most=st.integers(1, 6),
)
def test_a_csv_file_in_messages_is_the_csv_file_in_one(
    sales: list[int], spoiled: set[int], most: int
) -> None:
    text = export(sales, spoiled=spoiled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_RECORDS", most)
        reading = Reading(Csv(",", ("id",)).records(cut(text, [7]), 0, BARE))
        bodies = [one.body for one in drafts(reading, keyed=True)]
    assert outcomes(bodies, SHOP) == outcomes([text], SHOP)


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ok", "{bad", "[]"])), min_size=2,
                  max_size=12),
    most=st.integers(1, 4),
)  # fmt: skip
def test_json_lines_in_messages_are_as_many_transactions(
    rows: list[tuple[int, str]], most: int
) -> None:
    good = {"date": "2026-11-23T10:00:00Z", "currency": "EUR", "kind": "sale", "total": "2.00"}
    shop = Merchant("shop", json_lines.adapt)
    text = "\n".join(
        json.dumps(good | {"id": f"{at}"}) if kind == "ok" else kind
        for at, (_, kind) in enumerate(rows)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_RECORDS", most)
        bodies = [
            one.body for one in drafts(Reading(JsonLines().records([text], 0, BARE)), keyed=False)
        ]
    assert outcomes(bodies, shop) == outcomes(text.split("\n"), shop)


def test_flat_json_lines_of_one_transaction_stay_together() -> None:
    text = "\n".join(json.dumps({"data": {"id": number // 3}}) for number in range(900))
    reading = Reading(JsonLines(key_at(["data.id"])).records([text], 0, BARE))
    found = list(drafts(reading, keyed=True))
    assert len(found) > 1
    held = [{json.loads(line)["data"]["id"] for line in one.texts} for one in found]
    assert not any(one & other for one, other in pairwise(held))


def test_a_poslog_in_messages_is_the_poslog_in_one() -> None:
    from ops.tills import Sale  # noqa: PLC0415
    from ops.tills import poslog as wrapped  # noqa: PLC0415
    from ops.tills import poslog_transaction as sold  # noqa: PLC0415

    text = wrapped(*(sold(Sale(number, 100 + number)) for number in range(450)))
    shop = Merchant("shop", poslog.adapt, timezone="Europe/Berlin")
    bodies = [one.body for one in drafts(Reading(PosLog().records([text], 0, BARE)), keyed=False)]
    assert len(bodies) == 3
    assert outcomes(bodies, shop) == outcomes([text], shop)


# What is refused, and where.


def stopped(kind: str, text: str, size: int = 1_000) -> tuple[list[Record], Code | None]:
    reading = Reading(FORMATS[kind]().records(cut(text, [size]), 0, BARE))
    found = list(reading)
    return found, reading.stopped.code if isinstance(reading.stopped, Rejected) else None


@pytest.mark.parametrize(
    ("kind", "text", "count", "code"),
    [
        ("json", '[{"a": 1}, {"a": 2}, nonsense]', 2, Code.NOT_JSON),
        ("json", '[{"a": 1} {"a": 2}]', 1, Code.NOT_JSON),
        ("json", '[{"a": 1}', 1, Code.NOT_JSON),
        ("json", '[{"a": 1}] x', 1, Code.NOT_JSON),
        ("json", '[{"a": 1},', 1, Code.NOT_JSON),
        ("json", '[{"a": ' + "[" * 100_000, 0, Code.TOO_DEEP),
        ("xml", "<P><Transaction/><Transaction></P>", 1, Code.NOT_XML),
        ("xml", "<P><Transaction/>", 1, Code.NOT_XML),
        ("xml", '<!DOCTYPE P [<!ENTITY a "b">]><P>&a;</P>', 0, Code.XML_DOCTYPE),
        ("xml", '<!DOCTYPE P SYSTEM "http://x/y"><P/>', 0, Code.XML_DOCTYPE),
        ("xml", "<P><Transaction>&a;</Transaction></P>", 0, Code.NOT_XML),
        ("xml", "<a>" * 500, 0, Code.TOO_DEEP),
        ("csv", "number,x\n1,2\n", 0, Code.BAD_SHAPE),
        ("csv", '"id\n', 0, Code.BAD_SHAPE),
    ],
)
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(
    kind: str, text: str, count: int, code: Code
) -> None:
    for size in (1, 1_000):
        found, why = stopped(kind, text, size)
        assert (len(found), why) == (count, code)


def test_a_transaction_that_is_nested_too_deep_is_refused_alone() -> None:
    deep = "<a>" * 200 + "</a>" * 200
    text = f"<P><Transaction>{deep}</Transaction><Transaction>x</Transaction></P>"
    (bad, good), why = stopped("xml", text)
    assert why is None
    assert (bad.fault and bad.fault.code, good.text) == (
        Code.TOO_DEEP,
        "<Transaction>x</Transaction>",
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ndjson", '{"a": "' + "x" * (MAX_BODY + 10) + '"}\n{"a": 1}'),
        (
            "xml",
            f"<P><Transaction>{'<b>x</b>' * 900_000}</Transaction><Transaction>1</Transaction></P>",
        ),
    ],
)
def test_a_record_that_is_too_long_is_refused_alone(kind: str, text: str) -> None:
    (bad, good), why = stopped(kind, text, 200_000)
    assert why is None
    assert (bad.text, bad.fault and bad.fault.code, good.fault) == ("", Code.BODY_TOO_LARGE, None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", '["' + "x" * (MAX_BODY + 600_000)),
        ("xml", "<P>" + " " * (MAX_BODY + 600_000)),
        ("xml", "<P><Transaction><a>1</a>" + "x" * (2 * MAX_BODY)),
        ("xml", "<P><!-- " + "x" * (MAX_BODY + 600_000)),
    ],
)
def test_what_never_ends_is_given_up(kind: str, text: str) -> None:
    assert stopped(kind, text, 200_000) == ([], Code.BODY_TOO_LARGE)


def test_a_quote_that_is_never_closed_does_not_eat_the_file() -> None:
    text = "id,x\n" + '1,"open\n' + "".join(f"{number},fine\n" for number in range(2, 2_000))
    found, why = stopped("csv", text)
    assert (why, len(found)) == (None, 1_999)


def test_a_line_without_end_comes_in_pieces_of_bounded_size() -> None:
    tape = lines.Tape("x" * 100_000 for _ in range(200))
    assert len(tape.readline()) <= MAX_BODY
    assert len(tape._held) <= MAX_BODY + 200_000


# Bytes: packed, encoded, cut off.


def packed_chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


@given(
    parts=st.lists(st.binary(max_size=3_000), max_size=4),
    size=st.integers(1, 700),
    padding=st.integers(0, 3),
)
def test_gzip_of_any_members_is_unpacked_however_it_comes(
    parts: list[bytes], size: int, padding: int
) -> None:
    content = b"".join(gzip.compress(part) for part in parts) + b"\0" * padding * bool(parts)
    assert b"".join(source.unpacked(packed_chunks(content, size))) == b"".join(parts)


@pytest.mark.parametrize(
    "spoil", [lambda c: c[:-9], lambda c: b"x" + c, lambda c: c[:20] + b"zz" + c[22:]]
)
def test_gzip_that_is_cut_off_or_damaged_is_said_so(spoil: Callable[[bytes], bytes]) -> None:
    content = spoil(gzip.compress(bytes(range(256)) * 40))
    with pytest.raises(Rejected) as caught:
        list(source.unpacked(packed_chunks(content, 100)))
    assert caught.value.code is Code.BAD_ENCODING


def test_a_bomb_is_unpacked_chunk_by_chunk_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_UNPACKED", 50_000_000)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(60)) + packer.flush()
    assert len(bomb) < 100_000
    parts: list[int] = []
    with pytest.raises(Rejected) as caught:
        parts.extend(map(len, source.unpacked([bomb])))
    assert (caught.value.code, max(parts)) == (Code.BODY_TOO_LARGE, source.CHUNK)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp932", "iso-8859-15"])
def test_text_is_decoded_however_its_bytes_come(encoding: str) -> None:
    text = "<a>Crème " + ("あんパン" if encoding != "iso-8859-15" else "€") + "</a>"
    text = text.replace("è", "e") if encoding == "cp932" else text
    for size in (1, 2, 3, 100):
        chunks = packed_chunks(text.encode(encoding), size)
        assert "".join(source.decoded(chunks, encoding)) == text


def test_all_that_is_good_before_a_bad_byte_is_given() -> None:
    found = []
    with pytest.raises(Rejected) as caught:
        found.extend(source.decoded([b"good \xc3", b"\xa9 then \xff bad"], "utf-8"))
    assert ("".join(found), caught.value.code) == ("good é then ", Code.BAD_ENCODING)


def test_a_draft_counts_refusals_by_their_place() -> None:
    one, two = Draft(BARE, ["a"], 1, 1, 1), Draft(BARE, count=1, end=2)
    fault: Any = Rejected(Code.TOO_DEEP, "x")
    two.faults = [(1, fault)]
    one.add(two)
    assert (one.faults, one.count, one.body) == ([(2, fault)], 2, "a")
