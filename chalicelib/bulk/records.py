"""What all formats of files have in common: records, and the frame that makes messages of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.errors import Code, Rejected
from chalicelib.payload import MAX_BODY, MAX_RECORDS

#: Records and bytes of a message: a merchant's function takes ten of them at a time.
MOST_RECORDS, MOST_BYTES = 200, 240_000


@dataclass(frozen=True)
class Frame:
    """What stands around the records of a message, and between them."""

    opening: str = ""
    separator: str = ""
    closing: str = ""


BARE = Frame()


@dataclass(frozen=True)
class Record:
    """A record as it stands in its file; `end` is where reading may go on after it.

    Offsets count the bytes of the file's text as UTF-8.
    """

    text: str
    end: int
    frame: Frame = BARE
    #: What names its transaction.  A record without goes with those before and after it.
    key: object = None
    #: It would spoil the others of its message.
    alone: bool = False
    fault: Rejected | None = None


class Format(Protocol):
    """Reads the records of a stream of text, from its beginning or from the end of a record."""

    def records(self, chunks: Iterable[str], start: int, frame: Frame) -> Iterator[Record]:
        """Yield records; raise Rejected where the file can't be read any further.

        `frame` is that of the record which ends at `start`, if reading goes on there.
        """
        ...


class OutOfTime(Exception):
    """The rest is for the next invocation."""


@dataclass
class Reading:
    """The records of a file, as far as they can be read, and why that was not to the end."""

    source: Iterator[Record]
    stopped: Rejected | OutOfTime | None = None

    def __iter__(self) -> Iterator[Record]:
        try:
            yield from self.source
        except (Rejected, OutOfTime) as reason:
            self.stopped = reason


@dataclass
class Draft:
    """A message yet to be sent: `count` records of the file, those refused among them."""

    frame: Frame
    texts: list[str] = field(default_factory=list)
    size: int = 0
    count: int = 0
    end: int = 0
    alone: bool = False
    #: Place among the records of this message, and why it is refused.
    faults: list[tuple[int, Rejected]] = field(default_factory=list)

    @property
    def body(self) -> str:
        frame = self.frame
        return frame.opening + frame.separator.join(self.texts) + frame.closing

    def add(self, other: "Draft") -> None:
        """Take in what comes right after."""
        self.faults += [(self.count + place, fault) for place, fault in other.faults]
        self.texts += other.texts
        self.size += other.size
        self.count += other.count
        self.end = other.end


def drafts(reading: Reading, *, keyed: bool) -> Iterator[Draft]:
    """Pack records into messages.  If they are `keyed`, those of a transaction stay together."""
    whole: Draft | None = None
    for unit in _units(reading, keyed=keyed):
        if whole and not _fits(whole, unit):
            yield whole
            whole = None
        if whole:
            whole.add(unit)
        else:
            whole = unit
    if whole:
        yield whole


def _fits(whole: Draft, unit: Draft) -> bool:
    if whole.frame != unit.frame or whole.alone or unit.alone:
        return False
    many = whole.count + unit.count > MOST_RECORDS
    return not many and whole.size + unit.size <= MOST_BYTES


def _units(reading: Reading, *, keyed: bool) -> Iterator[Draft]:
    """Yield what can't be parted."""
    last: Record | None = None
    unit: Draft | None = None
    for record in reading:
        if unit and last and _apart(last, record, keyed=keyed):
            yield _closed(unit, keyed=keyed)
            unit = None
        unit = unit or Draft(record.frame)
        unit.add(_single(record))
        unit.alone = record.alone and not keyed
        if unit.size > MAX_BODY or unit.count > MAX_RECORDS:
            unit.texts.clear()  # no message could hold it: give it up, and hold none of it
            unit.faults[:1] = [(1, Rejected(Code.BODY_TOO_LARGE, _TOO_LONG))]
        last = record
    if unit and keyed and reading.stopped:  # who knows whether that was all of it?
        if isinstance(reading.stopped, OutOfTime):
            return
        unit.faults.append((unit.count, reading.stopped))
    if unit:
        yield _closed(unit, keyed=keyed)


def _apart(last: Record, here: Record, *, keyed: bool) -> bool:
    if not keyed or last.frame != here.frame:
        return True
    return bool(last.key and here.key and last.key != here.key)


def _closed(unit: Draft, *, keyed: bool) -> Draft:
    """Refuse all of a transaction for the fault of one of its records: half of it is no sale."""
    if keyed and unit.faults:
        _, fault = unit.faults[0]
        unit.texts.clear()
        unit.faults = [(place, fault) for place in range(1, unit.count + 1)]
    if not unit.texts:
        unit.size = 0
    return unit


def _single(record: Record) -> Draft:
    if record.fault:
        return Draft(record.frame, count=1, end=record.end, faults=[(1, record.fault)])
    text = record.text
    size = len(text) if text.isascii() else len(text.encode())
    return Draft(record.frame, [text], size, 1, record.end)


_TOO_LONG = f"a transaction of more than {MAX_BODY} bytes or {MAX_RECORDS} records"
