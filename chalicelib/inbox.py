"""The inbox: what makes a subscriber count each transaction once, whatever order they come in.

Events come at least once and in any order.  An effect is told what was known of a sale and all
that refers to it, before and after, and returns the DynamoDB writes that make the difference.
Those writes and the memory of the event are one TransactWriteItems: both happen, or neither.

    inbox = Inbox(Shelf(dynamodb, "my-table", "sales-by-day", wall_clock))
    for record in event["Records"]:
        inbox.take(told(record["body"]), effect)

docs/CONSUMERS.md shows it all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.errors import Retry
from chalicelib.shelf import EVER, LostRace, Shelf, Waiting, Write
from chalicelib.story import Data, Story, Told, View, added, view, waiting

#: Gets what counted before, what counts now, and the event; returns what makes the difference.
Effect = Callable[[View, View, Told], Sequence[Write]]

#: How long a return waits for its sale, by default: a till that was offline is back by then.
PATIENCE_SECONDS = 3 * 24 * 3600
#: How often a race is run again before the message goes back to its queue.
RACES = 6


class Outcome(StrEnum):
    """What became of an event.  That it must come again is an exception: Retry."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # the same again, or an older revision after a newer one
    WAITING = "waiting"  # kept until its original comes, or its time is over


@dataclass(frozen=True)
class Inbox:
    """One consumer's memory.  `keep` picks what its effects need of an event's data."""

    shelf: Shelf
    patience: int = PATIENCE_SECONDS
    keep: Callable[[Told], Data] = lambda news: news.data

    def take(self, news: Told, effect: Effect) -> Outcome:
        """Apply an event once; raise Retry if it must come again, Rejected if it never can."""
        data = self.keep(news)
        return self._raced(lambda: self._take(news, data, effect))

    def overdue(self, most: int = 25) -> list[Waiting]:
        """Return what has waited long enough, the longest first."""
        return self.shelf.waits(most, self.shelf.now_ms())

    def waits(self, most: int = 100) -> list[Waiting]:
        """Return what waits for an original, the longest first."""
        return self.shelf.waits(most, EVER)

    def release(self, one: Waiting, effect: Effect) -> None:
        """Let what has waited long enough count by itself, until its original comes after all."""
        self._raced(lambda: self._release(one, effect))

    def known(self, source: str, subject: str) -> Story:
        """Return the story of a transaction, as far as it was told."""
        return self.shelf.find(source, subject).story

    def _take(self, news: Told, data: Data, effect: Effect) -> Outcome:
        own = self.shelf.find(news.source, news.subject)
        joined = own
        if news.original and news.original not in {own.root, *own.story}:
            joined = self.shelf.find(news.source, news.original)
        before = own.story | joined.story
        due = self.shelf.now_ms() + self.patience * 1000
        after = added(before, news, data, due, alone=not self.patience)
        if after is None:
            return Outcome.DUPLICATE
        writes = [self.shelf.root(news.source, joined, after)]
        if joined.root != own.root:
            writes.append(self.shelf.stored(news.source, own, {"root": {"S": joined.root}}))
        self._commit(news, before, after, writes, effect)
        return Outcome.WAITING if news.subject in waiting(after) else Outcome.APPLIED

    def _release(self, one: Waiting, effect: Effect) -> Outcome:
        found = self.shelf.find(one.source, one.subject)
        chapter = found.story.get(one.subject)
        if not chapter or (one.subject, one.due) not in _pending(found.story):
            return Outcome.DUPLICATE  # or a part of what is being written, the rest not seen yet
        after = found.story | {one.subject: replace(chapter, alone=True)}
        news = Told(chapter.event_id, one.source, one.subject, chapter.revision, chapter.data)
        self._commit(news, found.story, after, [self.shelf.root(one.source, found, after)], effect)
        return Outcome.APPLIED

    def _commit(
        self, news: Told, before: Story, after: Story, writes: list[Write], effect: Effect
    ) -> None:
        """Write memory, waits and effect in one transaction."""
        waited, waits = _pending(before), _pending(after)
        writes += [self.shelf.no_wait(news.source, *one) for one in sorted(waited - waits)]
        writes += [
            self.shelf.wait(news.source, subject, due, after[subject].original or "")
            for subject, due in sorted(waits - waited)
        ]
        then, now = view(before), view(after)
        if then != now:
            writes += effect(then, now, news)
        self.shelf.write(writes)

    def _raced(self, attempt: Callable[[], Outcome]) -> Outcome:
        """Run until no other worker changed meanwhile what was read."""
        for _ in range(RACES):
            try:
                return attempt()
            except LostRace:
                continue
        raise Retry("other workers were always faster at the same transaction or member")


def _pending(story: Story) -> set[tuple[str, int]]:
    return {(subject, story[subject].due) for subject in waiting(story)}
