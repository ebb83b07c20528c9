"""Rows of CSV, from text that is all there or from a stream."""

import csv
from collections.abc import Iterator
from typing import NamedTuple, Protocol

#: How far a cell with line breaks may go on: a quote that is never closed must not eat the file.
_LONGEST, _MOST_LINES = 32_767, 300


class Source(Protocol):
    """Text by the line, of any kind of line end, which can go back as far as the last row began."""

    def readline(self, size: int = -1, /) -> str: ...

    def tell(self) -> int: ...

    def seek(self, offset: int, /) -> int: ...


class Record(NamedTuple):
    """A row as it was read; `broken` if it isn't CSV."""

    cells: list[str]
    broken: bool


def records_of(source: Source, delimiter: str) -> Iterator[Record]:
    """Yield the rows that aren't blank, the header first.

    If a row goes on over several lines and turns out broken, then a quote in its first line was
    wrong, and the lines after it are rows of their own.
    """
    width = 0
    while line := source.readline():
        if line.isspace():
            continue
        second = source.tell()
        try:
            found = next(csv.reader(_lines(line, source), delimiter=delimiter, strict=True))
            record = Record(found, any("\0" in cell for cell in found))
        except csv.Error:
            record = Record([cell.strip(' "') for cell in line.split(delimiter)], broken=True)
        if not record.broken and not any(map(str.strip, record.cells)):
            continue
        width = width or len(record.cells)
        if record.broken or len(record.cells) != width:
            source.seek(second)
        yield record


def _lines(first: str, source: Source) -> Iterator[str]:
    """Yield the lines that one row may take."""
    yield first
    left = _LONGEST
    for _ in range(_MOST_LINES):
        line = source.readline(left)
        left -= len(line)
        if not line or left < 0:
            return
        yield line
