"""Text that comes in chunks, read line by line; with a way back, as the reader of CSV needs."""

import re
from collections.abc import Iterable, Iterator

from chalicelib.payload import MAX_BODY

_ANY_END = re.compile(r"\r\n|\r|\n")
#: What was read is let go of in pieces of so many characters.
_LET_GO = 1 << 18


def size(text: str) -> int:
    """Return the bytes of a text as UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def lines(chunks: Iterable[str]) -> Iterator[tuple[str | None, int]]:
    r"""Yield each line without its \n, or None if it is too long; and the bytes it took."""
    held: list[str] = []
    length = 0
    for chunk in chunks:
        *ended, rest = chunk.split("\n")
        for part in ended:
            yield _line([*held, part], length + size(part)), length + size(part) + 1
            held, length = [], 0
        length += size(rest)
        held = [*held, rest] if length <= MAX_BODY else []
    if length:
        yield _line(held, length), length


def _line(parts: list[str], length: int) -> str | None:
    return "".join(parts) if length <= MAX_BODY else None


class Tape:
    """A stream of text as chalicelib.tabular.csv_rows reads it, and what was read last."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = iter(chunks)
        self._held = ""
        self._at = self._from = 0

    def readline(self, size: int = -1, /) -> str:
        """Return a line with its end, or its first `size` characters; empty at the end.

        A line that is absurdly long comes in pieces.
        """
        most = MAX_BODY if size < 0 else size
        while not (found := self._end()) and len(self._held) - self._at < most and self._more():
            pass
        end = min(found or len(self._held), self._at + most)
        line, self._at = self._held[self._at : end], end
        return line

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, /) -> int:
        self._at = offset
        return offset

    def taken(self) -> str:
        """Return what was read since this was asked last."""
        text, self._from = self._held[self._from : self._at], self._at
        if self._from > _LET_GO:
            self._held = self._held[self._from :]
            self._at = self._from = 0
        return text

    def _end(self) -> int:
        r"""Return where the line ends, or 0 if that can't be told yet: after \r, \n may follow."""
        found = _ANY_END.search(self._held, self._at)
        if not found or (found[0] == "\r" and found.end() == len(self._held) and self._more()):
            found = _ANY_END.search(self._held, self._at) if found else None
        return found.end() if found else 0

    def _more(self) -> bool:
        """Take the next chunk, if there is one."""
        chunk = next(self._chunks, None)
        self._held += chunk or ""
        return chunk is not None
