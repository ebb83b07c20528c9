"""Looking into quarantine: one look at a time, and nothing is taken but what is redriven."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.calls import in_parallel
from ops.console.place import Stage
from ops.deadletters import Letter, Peek
from ops.merchants import Declared
from ops.quarantine import pretty
from ops.redrive import foretold, moved

SHOWN, MOST_CHARACTERS, RATE = 100, 4_000, 50


@dataclass(frozen=True)
class Aside:
    """What is in one merchant's quarantine, the oldest first."""

    one: Declared
    letters: tuple[Letter, ...]

    @property
    def codes(self) -> list[tuple[str, int]]:
        return Counter(letter.code for letter in self.letters).most_common()

    @property
    def since_ms(self) -> int | None:
        return min((letter.sent_ms for letter in self.letters), default=None)

    def only(self, code: str, ids: Sequence[str] = ()) -> list[Letter]:
        """Return the messages with that code and of those ids; empty means any."""
        return [
            letter for letter in self.letters
            if (not code or letter.code == code) and (not ids or letter.id in ids)
        ]  # fmt: skip


def aside(stage: Stage, one: Declared) -> Aside:
    """Look through one merchant's quarantine."""
    with stage.looks[one.merchant.id], Peek(one, stage.name) as peek:
        letters = sorted(peek.letters(), key=lambda letter: (letter.sent_ms, letter.id))
    return Aside(one, tuple(letters))


def all_aside(stage: Stage, merchants: Sequence[Declared]) -> list[Aside]:
    """Look through several merchants' quarantine at once."""
    found = []
    for answer in in_parallel(lambda one: aside(stage, one), merchants):
        if isinstance(answer, Exception):
            raise answer
        found.append(answer)
    return found


def mentioned(found: Sequence[Aside], text: str) -> list[tuple[Declared, Letter]]:
    """Return the messages that speak of a text: in their reasons, or in their masked bodies."""
    return [
        (each.one, letter)
        for each in found
        for letter in each.letters
        if any(str(reason.get("transaction")) == text for reason in letter.reasons)
        or text in letter.masked(each.one)
    ]


def body(letter: Letter, one: Declared) -> tuple[str, int]:
    """Return a message's body, masked and cut, and how many characters it has."""
    text = pretty(letter.masked(one))
    return text[:MOST_CHARACTERS], len(text)


def ahead(stage: Stage, one: Declared, letters: Sequence[Letter]) -> list[Counter[str]]:
    """Say what would come of sending each again: its records, by what would become of them."""
    return [foretold(letter, one, stage.name) for letter in letters]


def redriven(stage: Stage, one: Declared, ids: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Send messages again, by their ids; yield how many are moved, and of how many."""
    done = 0
    with stage.looks[one.merchant.id], Peek(one, stage.name) as peek:
        letters = [letter for letter in peek.letters() if letter.id in ids]
        yield done, len(letters)
        for count in moved(peek, letters, one, RATE):
            done += count
            yield done, len(letters)
