"""A story: a sale and all that refers to it, as far as a consumer was told.  Pure.

What an effect sees of a story depends on which transactions are known and on their newest
revisions, never on the order in which they came.  That is what makes effects order-free.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from chalicelib.errors import Code, Rejected

#: What the relay calls its events (chalicelib.publish): a consumer shares no code with it.
TYPE = "tillbridge.transaction.v1"
Data = dict[str, Any]
#: The transactions that count, by their subjects: what an effect is handed, before and after.
View = Mapping[str, Data]
#: A story may grow so far, packed: DynamoDB takes items of 400 KB.
MOST_BYTES = 350_000


@dataclass(frozen=True)
class Told:
    """An event as a consumer reads it.  `original` is the subject that it refers to, if any."""

    id: str
    source: str
    subject: str
    revision: int
    data: Data
    original: str | None = None


@dataclass(frozen=True)
class Chapter:
    """The newest that was told of one transaction.

    It waits for its original until `due` (ms); `alone` says that the wait is over.
    """

    event_id: str
    revision: int
    original: str | None
    data: Data
    due: int = 0
    alone: bool = False

    @property
    def rank(self) -> tuple[int, str]:
        """What makes one newer than another; ids decide where a till knows no revisions."""
        return self.revision, self.event_id


Story = dict[str, Chapter]


def told(body: str) -> Told:
    """Read the body of a message from the transactions topic; raise Rejected if it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Rejected(Code.NOT_JSON, "the event is not JSON") from fault
    match found:
        case {"type": kind} if kind != TYPE:
            raise Rejected(Code.UNKNOWN_EVENT, f"the event is not a {TYPE}")
        case {
            "type": _, "id": str(id_), "source": str(source), "subject": str(subject),
            "data": {"revision": int(revision), **data},
        } if id_ and source and subject:  # fmt: skip
            original = data.get("original")
            link = original if isinstance(original, str) and original != subject else None
            return Told(id_, source, subject, revision, found["data"], link)
    raise Rejected(Code.BAD_SHAPE, "the event has no id, source, subject, or data with a revision")


def view(story: Story) -> View:
    """Return what counts of a story: all but what waits for an original."""
    return {subject: story[subject].data for subject in sorted(story) if _counts(story, subject)}


def waiting(story: Story) -> set[str]:
    """Return the subjects that wait for an original, their own or that of what they refer to."""
    return {subject for subject in story if not _counts(story, subject)}


def _counts(story: Story, subject: str) -> bool:
    passed: set[str] = set()
    while subject not in passed:
        passed.add(subject)
        chapter = story.get(subject)
        if chapter is None:
            return False
        if chapter.alone or chapter.original is None:
            return True
        subject = chapter.original
    return False  # they refer to one another in a circle


def added(story: Story, news: Told, data: Data, due: int, *, alone: bool) -> Story | None:
    """Return the story with the news in it, or None if it knows that or better already.

    A newer revision that refers to the same original goes on waiting as long as the older one.
    """
    chapter = Chapter(news.id, news.revision, news.original, data, due, alone)
    known = story.get(news.subject)
    if known and chapter.rank <= known.rank:
        return None
    if known and known.original == news.original:
        chapter = replace(chapter, due=known.due, alone=known.alone)
    return story | {news.subject: chapter}


def packed(story: Story) -> bytes:
    """Return a story as it is stored; raise Rejected where it has grown beyond all measure."""
    text = json.dumps({name: asdict(one) for name, one in story.items()}, separators=(",", ":"))
    found = zlib.compress(text.encode("utf-8", "surrogatepass"))
    if len(found) > MOST_BYTES:
        reason = f"{len(story)} transactions refer to one another: more than can be kept"
        raise Rejected(Code.TOO_MANY, reason)
    return found


def unpacked(found: bytes) -> Story:
    """Return a story from what is stored."""
    return {name: Chapter(**one) for name, one in json.loads(zlib.decompress(found)).items()}
