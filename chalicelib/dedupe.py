"""The dedupe store: conditional writes to DynamoDB, committed by the batch.

A claim is committed when the marker of its batch exists and doesn't name it.  So ten new
transactions cost eleven writes, where claiming and completing each would cost twenty.  A claim is
never deleted, only taken over: to delete it would be to forget the revision before it.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from chalicelib.calls import attempt, note
from chalicelib.claims import Claim, Verdict, decide, held
from chalicelib.table import Item, Statement, Table, parsed, uncovered

Answers = dict[str, tuple[Verdict, Claim]]
#: Claims that stand in our way, where reading them wasn't needed to know them.
Known = dict[str, Claim]

REMEMBERED = 10_000
LOOKS = 3


def wall_clock() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Store:
    """One merchant's claims in a DynamoDB table, and this container's memory of them."""

    def __init__(self, table: Table, now_ms: Callable[[], int] = wall_clock) -> None:
        self._table = table
        self._now_ms = now_ms
        self._committed: dict[str, Claim] = {}

    def claim(self, wanted: Sequence[Claim], last_look: int) -> Answers:
        """Claim each key, which must be distinct; return for each the verdict and the claim held.

        Verdicts are OURS, DUPLICATE, SUPERSEDED, CONFLICT and BUSY.  It never raises: what could
        not be settled, or not before `last_look` (ms), is BUSY, and may yet turn out to be ours.
        """
        answers = {claim.key: (self._recall(claim), claim) for claim in wanted}
        lost, known = self._insert(
            [ours for said, ours in answers.values() if said is _ASK], answers
        )
        for _ in range(LOOKS):
            if not lost or self._now_ms() > last_look:
                break
            lost, known = self._look(lost, known, answers), {}
        return answers

    def commit(self, batch: Sequence[Claim], owing: Mapping[str, Sequence[str]]) -> None:
        """Write the batch's marker.

        `owing` maps refused keys, and busy ones, to what each is owed: a write of ours that failed
        as far as we know may have been applied, and the claim bear this batch.
        """
        self._table.put_marker(marker_key(batch[0]), owing, self._now_ms())
        for claim in batch:
            if claim.key not in owing:
                self._remember(claim)

    def _recall(self, ours: Claim) -> Verdict:
        """Answer from memory what can't have changed since."""
        found = self._committed.get(ours.key)
        if found is None:
            return _ASK
        verdict = decide(found, ours, self._now_ms(), committed=True)
        return verdict if verdict in {Verdict.DUPLICATE, Verdict.SUPERSEDED} else _ASK

    def _remember(self, claim: Claim) -> None:
        self._committed.pop(claim.key, None)
        self._committed[claim.key] = claim
        if len(self._committed) > REMEMBERED:
            del self._committed[next(iter(self._committed))]

    def _insert(self, wanted: Sequence[Claim], answers: Answers) -> tuple[list[Claim], Known]:
        """Insert where the key is free; return the others."""
        if not wanted:
            return [], {}
        if len(wanted) == 1:
            return self._put(wanted[0], answers)
        now, lost = self._now_ms(), []
        statements = [self._table.insertion(claim, now) for claim in wanted]
        for claim, code in zip(wanted, self._table.execute(statements), strict=True):
            if code is None:
                answers[claim.key] = (Verdict.OURS, claim)
            elif code == "DuplicateItem":
                lost.append(claim)
            else:
                note(code)
        return lost, {}

    def _put(self, ours: Claim, answers: Answers) -> tuple[list[Claim], Known]:
        """Insert one claim: the refusal brings the one that stands, and saves reading it."""
        standing = attempt(lambda claim: self._table.put(claim, self._now_ms()), ours)
        if standing is None:
            answers[ours.key] = (Verdict.OURS, ours)
        if isinstance(standing, Claim):
            return [ours], {ours.key: standing}
        return [], {}

    def _look(self, lost: Sequence[Claim], known: Known, answers: Answers) -> list[Claim]:
        """Decide about keys that were taken; return those that changed while we looked."""
        # The clock first: whose lease is over by now can't commit between here and the decision.
        now = self._now_ms()
        items = self._table.read(ours.key for ours in lost if ours.key not in known)
        found = known | {key: parsed(item) for key, item in items.items() if item}
        markers = self._table.read(dict.fromkeys(map(marker_key, found.values())))
        writes: list[tuple[Claim, Claim, Statement]] = []
        for ours in lost:
            standing = found.get(ours.key)
            if standing is None or marker_key(standing) not in markers:
                continue  # it could not be read this time, so it stays busy
            verdict, claim = self._judge(standing, ours, markers[marker_key(standing)], now)
            if verdict is Verdict.TAKE_OVER:
                statement = self._table.take_over(standing, claim, self._now_ms())
                writes.append((ours, claim, statement))
            elif verdict is Verdict.ADVANCE:
                writes.append((ours, claim, self._table.advance(standing, claim)))
            answers[ours.key] = (_ONCE_WRITTEN.get(verdict, verdict), claim)
        return self._write(writes, answers) if writes else []

    def _judge(
        self, found: Claim, ours: Claim, marker: Item | None, now: int
    ) -> tuple[Verdict, Claim]:
        owing = uncovered(marker)
        committed = marker is not None and found.key not in owing
        verdict = decide(found, ours, now, committed=committed)
        if committed:
            self._remember(found)
        return verdict, held(verdict, found, ours, owing.get(found.key, found.owed))

    def _write(
        self, writes: Sequence[tuple[Claim, Claim, Statement]], answers: Answers
    ) -> list[Claim]:
        """Carry out take-overs and advances; what lost its race is to be looked at again."""
        again = []
        codes = self._table.execute([statement for _, _, statement in writes])
        for (ours, claim, _), code in zip(writes, codes, strict=True):
            if code is not None:
                answers[ours.key] = (Verdict.BUSY, claim)
            if code == "ConditionalCheckFailed":
                again.append(ours)
            elif code:
                note(code)
        return again


def marker_key(claim: Claim) -> str:
    """Return the partition key of the marker of the claim's batch."""
    return f"{claim.key.partition('#')[0]}#batch#{claim.batch_id}"


#: A key is busy until the table has said otherwise.
_ASK = Verdict.BUSY
_ONCE_WRITTEN = {Verdict.TAKE_OVER: Verdict.OURS, Verdict.ADVANCE: Verdict.DUPLICATE}
