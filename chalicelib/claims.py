"""What a claim is, and what to do about one that stands already.  Pure."""

from dataclasses import dataclass, replace
from enum import Enum, auto


class Verdict(Enum):
    """What to do with a transaction, given the claim that stands."""

    OURS = auto()  # we hold the claim: publish
    TAKE_OVER = auto()
    ADVANCE = auto()  # published before with an older revision: store the newer one
    DUPLICATE = auto()
    SUPERSEDED = auto()
    CONFLICT = auto()
    BUSY = auto()  # another worker holds it, or AWS didn't say: leave it on the queue


@dataclass(frozen=True)
class Claim:
    """A claim: one that stands in the table, or the one that we want to stand there.

    `owed` names the destinations still to be published to; empty means all of them.
    """

    key: str
    batch_id: str
    revision: int
    fingerprint: str
    lease_until: int
    owed: tuple[str, ...] = ()


def decide(found: Claim, ours: Claim, now: int, *, committed: bool) -> Verdict:
    """Decide by the table of docs/PROTOCOL.md.  Pure; checked over all interleavings."""
    if found.batch_id == ours.batch_id:
        return Verdict.OURS  # our write was applied, and its answer lost
    if not committed and now <= found.lease_until:
        return Verdict.BUSY
    if ours.revision < found.revision:
        same = committed and found.fingerprint == ours.fingerprint
        return Verdict.DUPLICATE if same else Verdict.SUPERSEDED
    if not committed:
        return Verdict.TAKE_OVER
    newer = ours.revision > found.revision
    if found.fingerprint == ours.fingerprint:
        return Verdict.ADVANCE if newer else Verdict.DUPLICATE
    return Verdict.TAKE_OVER if newer else Verdict.CONFLICT


def held(verdict: Verdict, found: Claim, ours: Claim, owed: tuple[str, ...]) -> Claim:
    """Return the claim that stands once the verdict is carried out.

    Content that some destinations took already is owed to the others only.
    """
    if verdict is Verdict.OURS:
        return found
    if verdict is Verdict.ADVANCE:
        return replace(found, revision=ours.revision)
    if verdict is Verdict.TAKE_OVER and found.fingerprint == ours.fingerprint:
        return replace(ours, owed=owed)
    return ours
