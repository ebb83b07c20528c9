"""The formats of files but for XML: CSV, JSON, JSON lines."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from chalicelib.bulk.lines import Tape, lines, size
from chalicelib.bulk.records import Frame, Record
from chalicelib.errors import Code, Rejected
from chalicelib.mapping import fold
from chalicelib.payload import MAX_BODY
from chalicelib.tabular.csv_rows import records_of

LINES, ARRAY = Frame(separator="\n"), Frame("[", ",", "]")
_SPACE = re.compile(r"[ \t\r\n]*")
LONGEST_HEADER = 64 * 1024
#: Returns what names the transaction of a JSON record, or None.
Key = Callable[[Any], object]


@dataclass(frozen=True)
class JsonLines:
    """JSON lines.  A line that isn't an object goes by itself, to be refused by itself."""

    key: Key | None = None

    def records(self, chunks: Iterable[str], start: int, _: Frame) -> Iterator[Record]:
        end = start
        for line, taken in lines(chunks):
            end += taken
            if line is None:
                reason = f"a line of more than {MAX_BODY} bytes"
                fault = Rejected(Code.BODY_TOO_LARGE, reason)
                yield Record("", end, LINES, fault=fault)
            elif text := line.strip():
                good, value = _object(text)
                yield Record(text, end, LINES, self.key(value) if self.key and good else None,
                             alone=not good)  # fmt: skip


def _object(text: str) -> tuple[bool, Any]:
    """Tell whether a line is an object, and return that."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False, None
    return isinstance(value, dict), value


def _refused(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which JSON doesn't have


@dataclass
class Json:
    """A JSON array of records; or one object, or several one after another."""

    key: Key | None = None

    def records(self, chunks: Iterable[str], start: int, frame: Frame) -> Iterator[Record]:
        window = _Window(chunks, start)
        if not start or not frame.separator:
            frame = ARRAY if window.skip("[") else LINES
        first = not start
        while window.left():
            if frame == ARRAY and window.skip("]"):
                if window.left():
                    raise Rejected(Code.NOT_JSON, "something follows the array")
                return
            if frame == ARRAY and not first and not window.skip(","):
                raise Rejected(Code.NOT_JSON, "a comma or the end of the array was expected")
            text, value, spoiled = window.value()
            # A line break in a record is mere layout, and would end a line of JSON lines.
            line = " ".join(text.splitlines()) if frame == LINES else text
            key = self.key(value) if self.key and not spoiled else None
            yield Record(line, window.end, frame, key, alone=spoiled)
            first = False
        if frame == ARRAY:
            raise Rejected(Code.NOT_JSON, "the array is cut off")


class _Window:
    """So much of a stream of JSON as the next value needs."""

    def __init__(self, chunks: Iterable[str], start: int) -> None:
        self._chunks, self._text, self._at, self.end = iter(chunks), "", 0, start

    def left(self) -> bool:
        """Pass over white space; return whether anything follows."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._pass(found.end() - self._at if found else 0)
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def skip(self, sign: str) -> bool:
        """Pass over a sign, if it comes next."""
        found = self.left() and self._text[self._at] == sign
        if found:
            self._pass(1)
        return found

    def value(self) -> tuple[str, Any, bool]:
        """Return the next value: as it stands, as it is, and whether it is no real JSON."""
        self.left()
        odd: list[str] = []
        decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=odd.append)
        while True:
            odd.clear()
            try:
                found, end = decoder.raw_decode(self._text, self._at)
            except RecursionError as fault:
                raise Rejected(Code.TOO_DEEP, "a record is nested too deep") from fault
            except ValueError as fault:
                if len(self._text) - self._at > MAX_BODY:
                    reason = f"a record of more than {MAX_BODY} bytes, or that isn't JSON"
                    raise Rejected(Code.BODY_TOO_LARGE, reason) from fault
                if not self._more():
                    raise Rejected(Code.NOT_JSON, "a record isn't JSON, or cut off") from fault
                continue
            if end < len(self._text) or not self._more():  # else a number might go on
                text = self._text[self._at : end]
                self._pass(len(text))
                return text, found, bool(odd)

    def _pass(self, count: int) -> None:
        self.end += size(self._text[self._at : self._at + count])
        self._at += count

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        self._text, self._at = self._text[self._at :] + (chunk or ""), 0
        return chunk is not None


@dataclass(frozen=True)
class Csv:
    """CSV: the header stands above the rows of each message."""

    delimiter: str = ","
    #: The columns that name a transaction, folded; and other names that they may have.
    key: Sequence[str] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    def records(self, chunks: Iterable[str], start: int, frame: Frame) -> Iterator[Record]:
        tape = Tape(chain([frame.opening], chunks))
        rows = records_of(tape, self.delimiter)
        if (header := next(rows, None)) is None:
            return
        opening = tape.taken()
        end = start + (0 if frame.opening else size(opening))
        if len(opening) > LONGEST_HEADER or header.broken:
            raise Rejected(Code.BAD_SHAPE, "the first row is no header")
        frame = Frame(opening.rstrip("\r\n") + "\n")
        places = self._places(header.cells)
        for row in rows:
            text = tape.taken()
            end += size(text)
            cells = row.cells
            sound = bool(places) and not row.broken and len(cells) == len(header.cells)
            key = tuple(cells[place].strip() for place in places) if sound else ()
            line = text if text.endswith(("\n", "\r")) else f"{text}\n"
            yield Record(line, end, frame, key if all(key) else None)

    def _places(self, cells: Sequence[str]) -> list[int]:
        other = dict(self.renamed)
        names = [fold(other.get(fold(cell), cell)) for cell in cells]
        if missing := [column for column in self.key if column not in names]:
            reason = f"the header has no column named {', '.join(missing)}"
            raise Rejected(Code.BAD_SHAPE, reason)
        return [names.index(column) for column in self.key]


def key_at(paths: Sequence[str]) -> Key:
    """Return what reads a transaction's name at these paths of a record."""
    from chalicelib.adapters.json_lines import at  # noqa: PLC0415 - flat JSON lines alone need it

    def key(record: Any) -> object:
        try:
            found = tuple(str(at(record, path) or "").strip() for path in paths)
        except Rejected:
            return None
        return found if all(found) else None

    return key
