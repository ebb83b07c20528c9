"""The one path every transaction takes.

receive -> adapt -> sanitise: pure.  It can only fail on a bad message, which is set aside.
claim -> publish -> commit: AWS.  It can only fail for now, so the queue sends it again.

Killed before `publish`, a worker leaves a claim whose lease runs out; killed between `publish` and
`commit`, it leaves a second copy to come, under the same event id.  Nothing is acknowledged before
it is committed, set aside, or known to need nothing.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib import times
from chalicelib.calls import attempt, in_parallel, note
from chalicelib.claims import Claim, Verdict
from chalicelib.dedupe import Store, wall_clock
from chalicelib.delivery import Delivery, Piece, Ready, rounds
from chalicelib.errors import Code, Ignored, Rejected, Retry
from chalicelib.metrics import embedded
from chalicelib.model import Merchant, Outcome
from chalicelib.publish import Event, Publisher, event
from chalicelib.quarantine import Quarantine
from chalicelib.reading import read
from chalicelib.receive import Message
from chalicelib.tally import Fate, Tally

#: The longest that a step can take: two tries of a call with the time-outs set in wiring.
STEP_MS, PUBLISH_MS = 7_000, 23_000
#: What must fit before the deadline when a batch publishes (then commit, quarantine, acknowledge),
#: when it looks at claims that stand (read, read, write), and when a round begins.
FROM_PUBLISH_MS = PUBLISH_MS + 3 * STEP_MS
FROM_LOOK_MS = FROM_PUBLISH_MS + 3 * STEP_MS
ROUND_MS = FROM_LOOK_MS + STEP_MS
#: What the clocks of two workers may differ by.
LEASE_MARGIN_MS = 5_000

#: Keys that a batch doesn't commit, and the destinations each is owed (none named: all).
Owing = dict[str, tuple[str, ...]]

_FATES = {Verdict.DUPLICATE: Fate.DUPLICATE, Verdict.SUPERSEDED: Fate.SUPERSEDED}


@dataclass(frozen=True)
class Pipeline:
    """One merchant's path, from messages to published and committed transactions."""

    merchant: Merchant
    store: Store
    publisher: Publisher
    quarantine: Quarantine
    acknowledge: Callable[[Sequence[Message], Sequence[Message]], None]
    log: Callable[[dict[str, Any]], None]
    hash_key: bytes = b""
    now_ms: Callable[[], int] = wall_clock
    #: Follows the pointer that a message may be: it raises Rejected, or Retry for now.
    fetch: Callable[[Message], Message] = lambda message: message

    def run(self, messages: Iterable[Message], deadline_ms: int, request_id: str = "") -> None:
        """Bring every message to its end before the deadline, or raise Retry for the rest."""
        tally = Tally(request_id)
        deliveries = [Delivery(message) for message in messages]
        for delivery in deliveries:
            if self._fits(ROUND_MS, deadline_ms):
                self._read(delivery, tally)
            tally.arrived += len(delivery.pieces)
        for pieces in rounds(piece for one in deliveries for piece in one.ready):
            if self._fits(ROUND_MS, deadline_ms):
                attempt(lambda part: self._settle(part, deadline_ms, tally), pieces)
        in_parallel(self._set_aside, [one for one in deliveries if one.refused])
        for delivery in deliveries:
            tally.count((piece.fate, piece.rejection) for piece in delivery.pieces)
            tally.lags += self._lags(delivery)
        self._finish(deliveries, tally)

    def _read(self, delivery: Delivery, tally: Tally) -> None:
        """Adapt and sanitise: but for a body still to be fetched, a resend can't help."""
        try:
            delivery.message = self.fetch(delivery.message)
            outcomes = read(delivery.message.body(), self.merchant, self.hash_key)
        except Rejected as reason:
            outcomes = [reason]
        except Exception as fault:  # noqa: BLE001 - S3 may answer the next time
            note(f"{type(fault).__name__} when the body was fetched")
            return
        delivery.pieces = [self._piece(outcome, tally) for outcome in outcomes]

    def _piece(self, outcome: Outcome, tally: Tally) -> Piece:
        if isinstance(outcome, Ignored):
            tally.reasons[outcome.reason] += 1
            return Piece(Fate.IGNORED)
        if isinstance(outcome, Rejected):
            return Piece(rejection=outcome)
        tally.discrepancies.update(outcome.discrepancies)
        found = event(outcome)
        sold_ms = times.epoch_ms(outcome.occurred_at)
        return Ready(event=found, rejection=self.publisher.refusal(found), sold_ms=sold_ms)

    def _settle(self, pieces: Sequence[Ready], deadline_ms: int, tally: Tally) -> None:
        """Claim, publish, commit: one batch, in which each key is there once."""
        ready = {piece.event.key: piece for piece in pieces}
        batch, lease = uuid.uuid4().hex, deadline_ms + LEASE_MARGIN_MS
        tally.batches.append(batch)
        wanted = [_wanted(piece.event, batch, lease) for piece in pieces]
        ours, busy = [], {}
        for key, (verdict, claim) in self.store.claim(wanted, deadline_ms - FROM_LOOK_MS).items():
            if verdict is Verdict.OURS:
                ours.append(claim)
            elif verdict is Verdict.CONFLICT:
                ready[key].rejection = _conflict(ready[key].event)
            elif verdict is Verdict.BUSY:
                busy[key] = claim.owed
            else:
                ready[key].fate = _FATES[verdict]
        if ours and self._fits(FROM_PUBLISH_MS, deadline_ms):
            for key in self._publish(ours, busy, ready):
                ready[key].fate = Fate.PUBLISHED

    def _publish(self, ours: Sequence[Claim], busy: Owing, ready: Mapping[str, Ready]) -> list[str]:
        """Publish and commit what we hold; return the keys that are done."""
        refused = self.publisher.publish([(ready[one.key].event, one.owed) for one in ours])
        owing = {**busy, **refused}
        if isinstance(attempt(lambda claims: self.store.commit(claims, owing), ours), Exception):
            return []  # published but not committed: it comes again, under the same event id
        return [claim.key for claim in ours if claim.key not in refused]

    def _set_aside(self, delivery: Delivery) -> None:
        """Quarantine what was refused, once all else of the message is done."""
        if not delivery.waiting:
            self.quarantine.put(delivery.message, [reason for _, reason in delivery.refused])
            for piece, _ in delivery.refused:
                piece.fate = Fate.QUARANTINED

    def _finish(self, deliveries: Sequence[Delivery], tally: Tally) -> None:
        """Log the counts; acknowledge what is done and raise for the rest, if there is a rest."""
        line = {"merchant": self.merchant.id, "messages": len(deliveries), **tally.line()}
        for each in embedded(line, tally.lags, self.now_ms()):
            self.log(each)
        if not tally.conserved:
            raise Retry("the counts don't add up: nothing is acknowledged")
        done = [one.message for one in deliveries if one.finished]
        left = [one.message for one in deliveries if not one.finished]
        if left:
            self.acknowledge(done, left)
            raise Retry(f"{len(left)} of {len(deliveries)} messages are left for another try")

    def _lags(self, delivery: Delivery) -> list[int]:
        """Return how long after each sale it was published: a till's clock may be ahead of ours."""
        now = self.now_ms()
        return [
            max(now - piece.sold_ms, 0) for piece in delivery.ready if piece.fate is Fate.PUBLISHED
        ]

    def _fits(self, needed_ms: int, deadline_ms: int) -> bool:
        return self.now_ms() + needed_ms <= deadline_ms


def _wanted(found: Event, batch: str, lease_until: int) -> Claim:
    return Claim(found.key, batch, found.revision, found.fingerprint, lease_until)


def _conflict(found: Event) -> Rejected:
    reason = "other content was published under this id and revision"
    return Rejected(Code.CONFLICT, reason, subject=found.subject)
