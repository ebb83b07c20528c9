"""POSLog and digital receipts: each outermost <Transaction>, inside of what it stands in.

The parser is defusedxml's, so that no DOCTYPE and no entity gets through.  It is fed chunk by
chunk, and the records are cut out of the text at the places that it tells.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import ParseError

from chalicelib.bulk.records import Frame, Record
from chalicelib.errors import Code, Rejected
from chalicelib.payload import MAX_BODY, MAX_DEPTH

_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_NAME = re.compile(rb"<([^\s/>]+)")
#: What may stand around a transaction, in bytes of opening tags.
LONGEST_FRAME = 64 * 1024


class PosLog:
    """Reads a file of transactions."""

    def records(self, chunks: Iterable[str], start: int, frame: Frame) -> Iterator[Record]:
        from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - XML alone needs it

        cutter = _Cutter(start - len(frame.opening.encode()))
        try:
            cutter.feed(frame.opening)
            for chunk in chunks:
                cutter.feed(chunk)
                yield from cutter.found()
            cutter.finish()
        except DefusedXmlException as fault:
            yield from cutter.found()
            raise Rejected(Code.XML_DOCTYPE, "the XML has a DOCTYPE") from fault
        except (ParseError, ValueError, LookupError) as fault:
            yield from cutter.found()
            raise Rejected(Code.NOT_XML, "the file is not well-formed XML") from fault


class _Cutter:
    """The target of the parser's events, and the text that may still be cut."""

    def __init__(self, start: int) -> None:
        from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415

        self._parser = DefusedXMLParser(target=self, encoding="utf-8", forbid_dtd=True)
        self._parser.parser.DefaultHandlerExpand = None  # text is of no interest here
        self._start, self._text, self._first = start, bytearray(), 0
        self._around: list[bytes] = []
        self._depth, self._inside, self._begun, self._last = 0, 0, 0, 0
        self._fault: Rejected | None = None
        self._found: list[Record] = []

    def feed(self, chunk: str) -> None:
        """Parse on, and keep no more of the text than what is still to be cut."""
        content = chunk.encode()
        self._text += content
        self._parser.feed(content)
        fed = self._first + len(self._text)
        if self._inside and fed - self._begun > MAX_BODY:
            self._refuse(Code.BODY_TOO_LARGE, f"a transaction of more than {MAX_BODY} bytes")
        if fed - self._last > MAX_BODY:
            raise Rejected(Code.BODY_TOO_LARGE, f"more than {MAX_BODY} bytes without an element")
        needed = self._begun if self._inside and not self._fault else self._last
        del self._text[: needed - self._first]
        self._first = needed

    def found(self) -> Iterator[Record]:
        """Hand over the records that are whole."""
        found, self._found = self._found, []
        yield from found

    def start(self, tag: str, _: dict[str, str]) -> None:
        self._depth += 1
        self._last = at = self._parser.parser.CurrentByteIndex
        if self._inside:
            if self._depth > MAX_DEPTH:
                self._refuse(Code.TOO_DEEP, f"the XML is nested deeper than {MAX_DEPTH}")
        elif tag.rpartition("}")[2] == "Transaction":
            self._inside, self._begun, self._fault = self._depth, at, None
        else:
            self._around.append(self._tag(at))
            if sum(map(len, self._around)) > LONGEST_FRAME or self._depth > MAX_DEPTH:
                raise Rejected(Code.TOO_DEEP, "too much stands around the transactions")

    def end(self, _: str) -> None:
        self._last = at = self._parser.parser.CurrentByteIndex
        if self._depth == self._inside:
            # Of an element without content, the parser tells the end as it should, not the tag.
            tag = b"" if self._fault else self._tag(self._begun)
            end = self._begun + len(tag) if tag.endswith(b"/>") else at + len(self._tag(at))
            cut = self._text[self._begun - self._first : end - self._first]
            whole = "" if self._fault else cut.decode()
            self._found.append(Record(whole, self._start + end, self._frame(), fault=self._fault))
            self._inside = 0
        elif not self._inside:
            self._around.pop()
        self._depth -= 1

    def finish(self) -> None:
        """End the document."""
        self._parser.close()

    def _refuse(self, code: Code, reason: str) -> None:
        self._fault = self._fault or Rejected(code, reason)

    def _tag(self, at: int) -> bytes:
        found = _TAG.match(self._text, at - self._first)
        return found[0] if found else b""

    def _frame(self) -> Frame:
        names = [_NAME.match(tag) for tag in reversed(self._around)]
        closing = b"".join(b"</" + name[1] + b">" for name in names if name)
        return Frame(b"".join(self._around).decode(), "\n", closing.decode())
