"""Hostile bytes become records: text, then JSON or XML, under limits of size, depth and count."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from pydantic import ValidationError

from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.model import Outcome, Transaction

#: SQS and SNS carry 1 MiB at most; packed bodies may unfold to more.
MAX_BODY = 6 * 1024 * 1024
MAX_RECORDS = 20_000
MAX_DEPTH = 100

T = TypeVar("T")

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_KNOWN_ENCODINGS = frozenset(
    ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252",
     "cp932", "euc-jp", "gb18030", "big5", "euc-kr", "utf-16")
)  # fmt: skip
#: What tills call Shift_JIS is Microsoft's: with the signs for circled numbers and companies.
_SHIFT_JIS = {"shift_jis": "cp932", "windows-31j": "cp932"}
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]{2}")
_FIELD = re.compile("[A-Za-z_]{1,40}")
_WITHHELD = "(its name is withheld)"


def text(body: bytes | str) -> str:
    """Return the body as text: as declared, else as UTF-8, and never by guessing."""
    if len(body) > MAX_BODY:
        raise Rejected(Code.BODY_TOO_LARGE, f"the body is longer than {MAX_BODY} bytes")
    if isinstance(body, bytes):
        body = _decoded(body.removeprefix(b"\xef\xbb\xbf"))
    try:
        body.encode()
    except UnicodeEncodeError as fault:
        raise Rejected(Code.BAD_ENCODING, "the text holds half of a UTF-16 character") from fault
    return body.removeprefix("\ufeff")


def declared(body: bytes) -> str:
    """Return the encoding that a byte order mark or the XML declares, or an empty string."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    found = _DECLARED.match(body)
    name = found[1].decode().lower() if found else ""
    return _SHIFT_JIS.get(name, name)


def encoding_of(body: bytes) -> str:
    """Return the encoding to read a body by, of which the beginning will do: never a guess."""
    encoding = declared(body) or "utf-8"
    if encoding not in _KNOWN_ENCODINGS:
        raise Rejected(Code.BAD_ENCODING, "the XML declares an encoding that is not supported")
    return encoding


def _decoded(body: bytes) -> str:
    encoding = encoding_of(body)
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as fault:
        if not declared(body) and _looks_japanese(body):
            raise Rejected(
                Code.UNDECLARED_ENCODING,
                "the bytes look like Shift_JIS, which the message must declare",
            ) from fault
        raise Rejected(Code.BAD_ENCODING, f"the bytes are not {encoding}") from fault


def _looks_japanese(body: bytes) -> bool:
    try:
        return bool(_JAPANESE.search(body.decode("cp932")))
    except UnicodeDecodeError:
        return False


def json_value(source: str) -> Any:
    """Parse JSON; numbers with a point become Decimal, never float."""
    try:
        return json.loads(source, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError as fault:
        raise Rejected(Code.TOO_DEEP, "the JSON is nested too deep") from fault
    except (ValueError, InvalidOperation) as fault:  # numbers of thousands of digits as well
        raise Rejected(Code.NOT_JSON, "the body is not JSON") from fault


def json_records(source: str) -> list[Any]:
    """Return the records of a JSON object, a JSON array or JSON lines.

    A line that isn't JSON stays in the list as a `Rejected` at its place.  What EventBridge has
    wrapped is unwrapped.
    """
    try:
        value = json_value(source)
    except Rejected:
        lines = [line for line in source.split("\n") if line.strip()]  # U+2028 ends no line
        if len(lines) < 2 or not lines[0].lstrip().startswith("{"):  # noqa: PLR2004 - one line is no lines
            raise
        value = [_line(line) for line in lines]
    return counted([_unwrapped(one) for one in (value if isinstance(value, list) else [value])])


def _unwrapped(record: Any) -> Any:
    """Return what an event of EventBridge is about; anything else as it is.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    """
    wrapped = isinstance(record, dict) and record.keys() >= {"detail-type", "source", "detail"}
    return record["detail"] if wrapped else record


def _line(line: str) -> Any:
    try:
        return json_value(line)
    except Rejected as reason:
        return reason


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which JSON doesn't have


def counted(records: list[Any]) -> list[Any]:
    """Return the records, if there is one and there aren't too many."""
    if not records:
        raise Rejected(Code.EMPTY, "the message holds no record")
    if len(records) > MAX_RECORDS:
        raise Rejected(Code.TOO_MANY, f"the message holds more than {MAX_RECORDS} records")
    return records


class _ShallowBuilder(TreeBuilder):
    """Builds the tree, and stops at a depth that no till needs."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Rejected(Code.TOO_DEEP, f"the XML is nested deeper than {MAX_DEPTH}")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def xml_root(source: str) -> Element:
    """Parse XML without DOCTYPE, entities or excessive depth."""
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only XML tills pay for it
    from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415

    parser = DefusedXMLParser(target=_ShallowBuilder(), forbid_dtd=True)
    try:
        parser.feed(source)
        root: Element = parser.close()
    except DefusedXmlException as fault:
        if "<!ENTITY" in source:
            raise Rejected(Code.XML_ENTITIES, "the XML declares entities") from fault
        raise Rejected(Code.XML_DOCTYPE, "the XML has a DOCTYPE") from fault
    except (ParseError, ValueError, LookupError) as fault:
        raise Rejected(Code.NOT_XML, "the body is not well-formed XML") from fault
    return root


def apart(records: list[Any], take_apart: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """Take pages and envelopes apart into the records inside.

    What can't be taken apart becomes a `Rejected` at its place, and spoils nothing else.
    """
    found: list[Any] = []
    for record in records:
        try:
            found += [record] if isinstance(record, Rejected) else list(take_apart(record))
        except Rejected as reason:
            found.append(reason)
        except Exception as fault:  # noqa: BLE001 - as in `each`
            found.append(unexpected(fault))
    return counted(found)


def known(table: Mapping[str, T], value: object, what: str, code: Code = Code.UNKNOWN_VALUE) -> T:
    """Look an enumeration's value up; one never seen before is refused, not guessed at."""
    if not isinstance(value, str) or value not in table:
        raise Rejected(code, f"unknown {what}")
    return table[value]


def each(
    records: Iterable[Any], adapt_one: Callable[[Any], Iterable[Transaction]]
) -> Iterator[Outcome]:
    """Adapt record by record, so that a bad one never takes its neighbours with it."""
    for position, record in enumerate(records, 1):
        try:
            if isinstance(record, Rejected):
                raise record
            yield from list(adapt_one(record))  # all of a record's transactions, or none
        except (Rejected, Ignored) as outcome:
            outcome.position = position
            yield outcome
        except Exception as fault:  # noqa: BLE001 - nothing here does I/O: a resend can't help
            yield unexpected(fault, position)


def unexpected(fault: Exception, position: int = 0) -> Rejected:
    """Turn what an adapter didn't foresee into a refusal that quotes none of the payload."""
    if isinstance(fault, ValidationError):
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(_name, first["loc"]))
        return Rejected(Code.BAD_SHAPE, f"{place}: {first['msg']}", position)
    if isinstance(fault, KeyError):
        return Rejected(Code.BAD_SHAPE, f"a field is missing: {_name(*fault.args[:1])}", position)
    if isinstance(fault, RecursionError):
        return Rejected(Code.TOO_DEEP, "the record is nested too deep", position)
    if isinstance(fault, UnicodeError):
        return Rejected(Code.BAD_ENCODING, "a text holds half of a UTF-16 character", position)
    if isinstance(fault, TypeError | AttributeError | IndexError):
        return Rejected(Code.BAD_SHAPE, "a field has another type than expected", position)
    return Rejected(Code.ADAPTER_FAULT, f"the adapter failed: {type(fault).__name__}", position)


def _name(field: object = "") -> str:
    """Return a field's name or place, unless it may be a value of the payload's."""
    known_ = isinstance(field, str) and _FIELD.fullmatch(field)
    return str(field) if known_ or (isinstance(field, int) and field < MAX_RECORDS) else _WITHHELD
