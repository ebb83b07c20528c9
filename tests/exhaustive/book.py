"""What each destination has seen, and what it must never see.

A copy is content that goes out again although nothing else has stood in between.  Each needs its
excuse: a worker that died, or lost the network, between publishing and committing.
"""

from functools import cache
from typing import NamedTuple

from chalicelib.claims import Verdict
from tests.exhaustive.rules import Kind, Mask, Standing


class Seen(NamedTuple):
    """What one destination has seen last, and which contents it has seen ever."""

    content: str = ""
    revision: int = 0
    #: The least revision, from this one on, under which other content has stood since; or 0.
    changed: int = 0
    ever: frozenset[str] = frozenset()
    #: Copies that have an excuse and haven't come yet.
    excused: int = 0


class Book(NamedTuple):
    """What all destinations have seen, and what has ever been committed."""

    seen: tuple[Seen, ...]
    committed: frozenset[Kind] = frozenset()


@cache
def relevant(book: Book, left: frozenset[Kind]) -> Book:
    """Forget what no message that is left could ask about."""
    contents = {content for _, content in left}
    seen = tuple(one._replace(ever=one.ever & contents) for one in book.seen)
    oldest = min(left, default=(0, ""))[0]
    return Book(seen, frozenset(one for one in book.committed if left and one[0] >= oldest))


def stood(book: Book, revision: int, content: str) -> Book:
    """A claim of this content stands from now on."""
    seen = tuple(
        one._replace(changed=min(one.changed or revision, revision))
        if one.content not in {"", content} and revision >= one.revision
        else one
        for one in book.seen
    )
    return book._replace(seen=seen)


def excuse(book: Book, taken: Mask) -> Book:
    """Those destinations took what will not be committed."""
    seen = tuple(
        one._replace(excused=one.excused + 1) if taken & 1 << bit else one
        for bit, one in enumerate(book.seen)
    )
    return book._replace(seen=seen)


def publish(book: Book, kind: Kind, taken: Mask) -> tuple[Book, str]:
    """Publish to some destinations; return what is wrong with that, if something is."""
    revision, content = kind
    fault = ""
    seen = list(book.seen)
    for bit, one in enumerate(seen):
        if not taken & 1 << bit:
            continue
        copy = one.content == content and not 0 < one.changed <= revision
        if revision < one.revision:
            fault = "an older revision was published after a newer one"
        elif copy and not one.excused:
            fault = "a copy was published, and no worker has died"
        seen[bit] = Seen(content, revision, 0, one.ever | {content}, one.excused - copy)
    excused = any(one.excused for one in book.seen)
    if not excused and any(r == revision and c != content for r, c in book.committed):
        fault = "a second content was published under a revision that was committed"
    return book._replace(seen=tuple(seen)), fault


def settle(book: Book, claim: Standing | tuple[()], kind: Kind, verdict: Verdict) -> str:
    """Return what is wrong with acknowledging a message with this verdict, if something is."""
    revision, content = kind
    reached = all(content in one.ever for one in book.seen)
    right = {
        Verdict.OURS: reached,
        Verdict.DUPLICATE: reached,
        Verdict.SUPERSEDED: bool(claim) and revision < Standing(*claim).revision,
        Verdict.CONFLICT: any(r == revision and c != content for r, c in book.committed),
    }
    return "" if right[verdict] else f"it was acknowledged as {verdict.name}, and is not"


def finish(book: Book, winners: frozenset[str]) -> str:
    """Return what is wrong once every message has been acknowledged, if something is."""
    if any(one.content not in winners for one in book.seen):
        return "the last content published is not the newest revision's"
    return ""
