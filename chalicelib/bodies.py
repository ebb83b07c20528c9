"""A body of JSON, of a JSON array or of JSON lines, taken apart into its records as they were sent.

Nothing is written anew: a number keeps all its digits.  What two readers could understand in two
ways is refused here, with its position, as long as somebody is there to be told.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from chalicelib.packing import unpack

MAX_BODY = 6 * 1024 * 1024
MAX_RECORDS = 5_000
MAX_DEPTH = 100
#: No number that a computer counts with has more digits, nor a larger exponent.
MAX_DIGITS, MAX_EXPONENT = 400, 400
TYPES = re.compile(
    r"(application/(json|x-ndjson|ndjson|jsonl|x-jsonlines|gzip|x-gzip|[\w.-]+\+json))"
    r"(\s*;\s*charset\s*=\s*\"?utf-8\"?)?\s*", re.IGNORECASE,
)  # fmt: skip
_SPACE = re.compile(r"[ \t\r\n]*")


class Unreadable(Exception):
    """The body can't be read.  `position` counts its records from 1; 0 is all of it."""

    def __init__(self, status: int, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.status, self.reason, self.position = status, reason, position


def records(body: bytes, kind: str, coding: str) -> list[str]:
    """Return a body's records, each the text of a JSON object.

    `kind` and `coding` are the headers Content-Type and Content-Encoding, empty where missing.
    """
    known = TYPES.fullmatch(kind.strip() or "application/json")
    if not known or coding.strip().lower() not in {"", "identity", "gzip"}:
        raise Unreadable(415, "send JSON or JSON lines in UTF-8, as they are or by gzip")
    if "gzip" in known[2].lower() or coding.strip().lower() == "gzip":
        body = _unpacked(body)
    if len(body) > MAX_BODY:
        raise Unreadable(413, f"a body may have {MAX_BODY} bytes")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Unreadable(400, "the bytes are not UTF-8") from fault
    found = list(_split(text))
    if not found:
        raise Unreadable(400, "there is no record in it")
    return found


def single(body: bytes, kind: str, most: int) -> str:
    """Return the text of the one JSON object that a short body is, of so many bytes at `most`."""
    if len(body) > most:
        raise Unreadable(413, f"a body may have {most} bytes here")
    found = records(body, kind, "")
    if [one.encode() for one in found] != [body.strip()]:
        raise Unreadable(400, "send one JSON object, as it is")
    return found[0]


def _unpacked(body: bytes) -> bytes:
    try:
        found = unpack(body, MAX_BODY)
    except (ValueError, zlib.error) as fault:
        raise Unreadable(400, "it is not gzip, or cut off") from fault
    if found is None:
        raise Unreadable(413, f"it unpacks to more than {MAX_BODY} bytes")
    return found


def _split(text: str) -> Iterator[str]:
    """Yield the text of each record: of an array, or of values one after the other."""
    at = _after_space(text, 0)
    within = text[at : at + 1] == "["
    at, count = _after_space(text, at + within), 0
    while at < len(text) and not (within and text[at] == "]" and not count):
        count += 1
        if count > MAX_RECORDS:
            raise Unreadable(413, f"a body may have {MAX_RECORDS} records", count)
        end = _record(text, at, count)
        yield text[at:end]
        at = _after_space(text, end)
        if within:
            if text[at : at + 1] == "]":
                break
            if text[at : at + 1] != ",":
                raise Unreadable(400, "a comma or the array's end was expected after it", count)
            at = _after_space(text, at + 1)
    if within and text[at : at + 1] != "]":
        raise Unreadable(400, "the array has no end, or a comma before it", count)
    if within and _after_space(text, at + 1) < len(text):
        raise Unreadable(400, "more follows after the array", count)


def _record(text: str, at: int, position: int) -> int:
    """Return where the record that begins at `at` ends."""
    if text[at] != "{":
        raise Unreadable(400, "a record is a JSON object", position)
    try:
        value, end = _DECODER.raw_decode(text, at)
    except Unreadable as reason:
        raise Unreadable(reason.status, reason.reason, position) from reason
    except RecursionError as fault:
        raise Unreadable(400, "it is nested too deep", position) from fault
    except ValueError as fault:
        raise Unreadable(400, "it is not JSON", position) from fault
    if value > MAX_DEPTH:
        raise Unreadable(400, f"it is nested deeper than {MAX_DEPTH}", position)
    return end


class _Depth(int):
    """How deep an object is nested: all that is kept of it."""


def _object(pairs: list[tuple[str, Any]]) -> _Depth:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Unreadable(400, "it has a name twice in one object")
    return _Depth(1 + max((_depth(value) for _, value in pairs), default=0))


def _depth(value: Any) -> int:
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return value if isinstance(value, _Depth) else 0


def _number(text: str) -> None:
    digits, _, exponent = text.lower().partition("e")
    if len(digits) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > MAX_EXPONENT:  # noqa: PLR2004
        raise Unreadable(400, "it has a number of absurd size")


def _constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which JSON doesn't have


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant
)
