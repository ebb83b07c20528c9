"""The decisions under test: the real ones, or one of them broken on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib import claims
from chalicelib.claims import Claim, Verdict

#: What a message says: a revision of the transaction, and its content.
Kind = tuple[int, str]
#: Destinations as a set of bits.  As what a claim is owed, 0 means all of them.
Mask = int
NAMES = ("first", "second")
#: What a batch's marker says is its mask of refused destinations; these are batches without one.
RUNNING, GONE = 8, 9
_NOW = 1_000

Decide = Callable[..., Verdict]
Held = Callable[[Verdict, Claim, Claim, tuple[str, ...]], Claim]


class Standing(NamedTuple):
    """The claim in the table.  Batches are numbered, 0 is one that the table doesn't know."""

    batch: int
    revision: int
    content: str
    owed: Mask


@dataclass(frozen=True)
class Rules:
    """How a worker decides.  The defaults are the code that runs in Lambda."""

    decide: Decide = claims.decide
    held: Held = claims.held
    #: Release a claim by deleting it where its publish was refused.
    deletes: bool = False
    #: Look at the clock after the marker was read, not before.
    clock_last: bool = False
    #: Let a batch's marker cover claims of which it isn't known whether they were written.
    covers_all: bool = False


class Judge:
    """Asks the rules once for every question that a state can put to them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._known: dict[tuple[object, ...], tuple[Verdict, Standing]] = {}

    def __call__(
        self, found: Standing, kind: Kind, batch: int, mark: int, *, alive: bool
    ) -> tuple[Verdict, Standing]:
        """Return the verdict, and the claim that stands once it is carried out."""
        own = batch == found.batch
        question = (found[1:], kind, own, mark, alive)
        if question not in self._known:
            self._known[question] = self._ask(found, kind, mark, own=own, alive=alive)
        verdict, claim = self._known[question]
        return verdict, claim._replace(batch=batch)

    def _ask(
        self, found: Standing, kind: Kind, mark: int, *, own: bool, alive: bool
    ) -> tuple[Verdict, Standing]:
        """Ask as `Store._judge` does."""
        lease = _NOW if alive else _NOW - 1
        theirs = Claim("k", "theirs", found.revision, found.content, lease, names(found.owed))
        ours = Claim("k", "theirs" if own else "ours", *kind, _NOW)
        verdict = self.rules.decide(theirs, ours, _NOW, committed=mark == 0)
        owed = names(mark if 0 < mark < RUNNING else found.owed)
        claim = self.rules.held(verdict, theirs, ours, owed)
        return verdict, Standing(0, claim.revision, claim.fingerprint, mask(claim.owed))

    def recalled(self, known: Kind, kind: Kind) -> Verdict | None:
        """Answer from a container's memory of a committed claim, as `Store._recall` does."""
        verdict, _ = self(Standing(1, *known, 0), kind, 0, 0, alive=False)
        return verdict if verdict in {Verdict.DUPLICATE, Verdict.SUPERSEDED} else None


def names(mask: Mask) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(NAMES) if mask & 1 << bit)


def mask(named: tuple[str, ...]) -> Mask:
    return sum(1 << NAMES.index(name) for name in named)
