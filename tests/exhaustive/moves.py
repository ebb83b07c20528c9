"""What one worker can do next, or what can happen to it: one effect on what is shared, or a read.

Left out, as nothing new can come of it:

- Crashes that lose only time: a worker may give up in any phase.  Its message is back on the queue.
- The clock.  While a worker lives, its lease does.  Once it is gone, who looks may find the lease
  over, or still alive, and then does what giving up does.
- A refused INSERT by itself: claims are never deleted, so it is the same as reading the claim.
- Which container remembers what: whatever was committed, any of them may remember.
"""

from collections.abc import Callable, Iterator

from chalicelib.claims import Verdict
from tests.exhaustive.book import excuse, publish
from tests.exhaustive.effects import (
    ADVANCE,
    INSERT,
    MARKER,
    TAKE_OVER,
    again,
    applied,
    at_phase,
    leave,
    marked,
    outcomes,
    owed_to,
    settled,
)
from tests.exhaustive.rules import RUNNING, Judge, Standing
from tests.exhaustive.state import (
    HOLDS,
    NOTHING,
    PUBLISHED,
    QUEUED,
    READ,
    WEIGHING,
    WRITING,
    Job,
    Shared,
    fixed,
)

WRITES = ("INSERT", "UPDATE", "advance", "marker")
#: In words; what is shared then; the job then, None where its message was acknowledged.
Move = tuple[str, Shared, Job | None]
Moves = Iterator[Move]


def moves(shared: Shared, job: Job, judge: Judge) -> Moves:
    """Yield a worker's moves.  The first is what happens if nothing goes wrong."""
    yield from _PHASES[job.phase](shared, job, judge)
    if job.phase not in {QUEUED, PUBLISHED}:
        yield "gives up", *leave(shared, job)


def landed(shared: Shared, at: int) -> tuple[str, Shared]:
    """Let a late write land: it is as conditional as any other."""
    write = shared.flying[at]
    words = f"is gone; its {WRITES[write.what & 3]} lands"
    shared = shared._replace(flying=shared.flying[:at] + shared.flying[at + 1 :])
    if write.what & 3 == MARKER:
        return words, marked(shared, write, write.what >> 2)
    if shared.claim[:2] == write.found[:2]:
        shared = applied(shared, write, write.what, Standing(*write.claim))
    return words, shared


def _queued(shared: Shared, job: Job, judge: Judge) -> Moves:
    for known in sorted(shared.book.committed):
        if verdict := judge.recalled(known, job.kind):
            yield f"remembers {known[1]}{known[0]}: {verdict.name}", *settled(shared, job, verdict)
    if shared.claim:
        yield from _looking(shared, job, judge)
        return
    batch = len(shared.marks)
    shared = shared._replace(marks=(*shared.marks, RUNNING))
    claim = Standing(batch, *job.kind, 0)
    yield from _write(shared, job._replace(batch=batch), INSERT, claim, judge)


def _looking(shared: Shared, job: Job, judge: Judge) -> Moves:
    """Read the claim; and the marker with it, where it can't change in between."""
    if not shared.claim:
        return
    batch = shared.claim[0]
    job = job._replace(found=shared.claim, what=shared.marks[batch])
    if batch == job.batch or fixed(shared, batch):
        yield from _weighing(shared, job, judge)
    else:
        yield "reads the claim", shared, at_phase(job, READ, found=job.found)


def _read(shared: Shared, job: Job, judge: Judge) -> Moves:
    mark = shared.marks[Standing(*job.found).batch]
    if judge.rules.clock_last:
        yield "reads the marker", shared, at_phase(job, WEIGHING, found=job.found, what=mark)
    else:
        yield from _weighing(shared, job._replace(what=mark), judge)


def _weighing(shared: Shared, job: Job, judge: Judge) -> Moves:
    found = Standing(*job.found)
    running = shared.marks[found.batch] == RUNNING
    for alive in (True,) if running else (False, True):
        verdict, claim = judge(found, job.kind, job.batch, job.what, alive=alive)
        words = f"reads the marker: {verdict.name}"
        if verdict is Verdict.OURS:
            yield words, shared, at_phase(job, HOLDS, claim=claim)
        elif verdict is Verdict.TAKE_OVER or verdict is Verdict.ADVANCE:
            what = TAKE_OVER if verdict is Verdict.TAKE_OVER else ADVANCE
            yield words, shared, at_phase(job, WRITING, found=found, claim=claim, what=what)
        elif verdict is not Verdict.BUSY:  # which is to give up
            yield words, *settled(shared, job, verdict)


def _writing(shared: Shared, job: Job, judge: Judge) -> Moves:
    """UPDATE the claim if it is still the one that was read."""
    claim = Standing(*job.claim)
    if shared.claim[:2] != job.found[:2]:
        yield "is refused the UPDATE", shared, again(job)
        return
    if job.what == ADVANCE:
        claim = Standing(*job.found)._replace(revision=claim.revision)
    elif job.batch:
        claim = claim._replace(batch=job.batch)
    else:
        job = job._replace(batch=len(shared.marks))
        shared = shared._replace(marks=(*shared.marks, RUNNING))
        claim = claim._replace(batch=job.batch)
    yield from _write(shared, job, job.what, claim, judge)


def _write(shared: Shared, job: Job, what: int, claim: Standing, judge: Judge) -> Moves:
    """Yield a write's ways: applied, applied without an answer, still on its way."""
    words, after = WRITES[what], applied(shared, job, what, claim)
    if what == ADVANCE:
        yield "advances the claim", *settled(after, job, Verdict.DUPLICATE)
    else:
        yield f"writes its claim ({words})", after, at_phase(job, HOLDS, claim=claim)
    yield f"writes ({words}), gets no answer, tries again and is refused", after, again(job)
    if shared.losses:
        late = job._replace(phase=WRITING, claim=claim, what=what)
        left, queued = leave(shared, job, late)
        yield f"gives up, and its {words} is on its way", left, queued
        if job.batch:
            covers = 0 if judge.rules.covers_all else owed_to(shared, claim)
            committed = marked(left, job, covers)
            yield f"gives up, its {words} is on its way, its batch commits", committed, queued


def _holds(shared: Shared, job: Job, _: Judge) -> Moves:
    owed = owed_to(shared, job.claim)
    for words, taken, unsure in outcomes(owed):
        if unsure and not shared.losses:
            continue
        book, fault = publish(shared.book, job.kind, taken)
        losses = shared.losses - bool(unsure)
        after = shared._replace(book=excuse(book, unsure), broken=fault, losses=losses)
        refused = owed & ~taken | unsure
        yield f"publishes: {words}", after, at_phase(job, PUBLISHED, claim=job.claim, what=refused)
        if 0 < taken < owed and shared.crashes:
            dead = after._replace(book=excuse(book, taken), crashes=shared.crashes - 1)
            yield f"dies in the midst of publishing: {words}", *leave(dead, job)


def _published(shared: Shared, job: Job, judge: Judge) -> Moves:
    refused = job.what
    if refused and judge.rules.deletes:
        yield "deletes its claim", *leave(shared._replace(claim=NOTHING), job)
        return
    committed = marked(shared, job, refused)
    if not refused:
        yield "commits, and acknowledges", *settled(committed, job, Verdict.OURS)
    yield "commits, and leaves its message", committed, Job(job.kind)
    lost = shared._replace(book=excuse(shared.book, owed_to(shared, job.claim) & ~refused))
    if shared.crashes:
        yield "dies before it commits", *leave(lost._replace(crashes=shared.crashes - 1), job)
    if shared.losses:
        late = job._replace(what=MARKER + 4 * refused)
        yield "gives up, and its marker is on its way", *leave(lost, job, late)


_PHASES: tuple[Callable[[Shared, Job, Judge], Moves], ...] = (
    _queued, _looking, _read, _weighing, _writing, _holds, _published,
)  # fmt: skip
