"""A message on its way, in pieces: each transaction, refusal or ignored record by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chalicelib.calls import batches
from chalicelib.errors import Rejected
from chalicelib.publish import Event
from chalicelib.receive import Message
from chalicelib.tally import Fate

#: A round's size: so many that each of its steps is one wave of parallel calls.
ROUND_COUNT, ROUND_BYTES = 100, 2_500_000


@dataclass
class Piece:
    """One outcome of reading a message, and what became of it."""

    fate: Fate = Fate.LEFT
    rejection: Rejected | None = None


@dataclass(kw_only=True)
class Ready(Piece):
    """A transaction that is ready to be claimed and published."""

    event: Event
    #: When it was sold, in milliseconds since 1970.
    sold_ms: int = 0


@dataclass
class Delivery:
    """A message and its pieces; one that there was no time to read counts as one piece."""

    message: Message
    pieces: list[Piece] = field(default_factory=lambda: [Piece()])

    @property
    def ready(self) -> list[Ready]:
        return [piece for piece in self.pieces if isinstance(piece, Ready) and not piece.rejection]

    @property
    def refused(self) -> list[tuple[Piece, Rejected]]:
        return [(piece, piece.rejection) for piece in self.pieces if piece.rejection]

    @property
    def waiting(self) -> bool:
        """Whether anything but a refusal is left for another try."""
        return any(piece.fate is Fate.LEFT and not piece.rejection for piece in self.pieces)

    @property
    def finished(self) -> bool:
        return all(piece.fate is not Fate.LEFT for piece in self.pieces)


def rounds(ready: Iterable[Ready]) -> Iterator[list[Ready]]:
    """Group the transactions so that a key is there once a round, its newest revision first.

    The others are settled as if they came right after it.
    """
    waiting = sorted(ready, key=lambda piece: -piece.event.revision)
    while waiting:
        first: dict[str, Ready] = {}
        for piece in waiting:
            first.setdefault(piece.event.key, piece)
        yield from batches(first.values(), ROUND_COUNT, lambda p: p.event.size, ROUND_BYTES)
        waiting = [piece for piece in waiting if first[piece.event.key] is not piece]
