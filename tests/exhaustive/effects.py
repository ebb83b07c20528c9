"""What moves do to what is shared, and to the message at hand."""

from functools import cache
from itertools import product

from chalicelib.claims import Verdict
from tests.exhaustive.book import settle, stood
from tests.exhaustive.rules import GONE, Mask, Standing
from tests.exhaustive.state import LOOKING, Claimed, Job, Shared

INSERT, TAKE_OVER, ADVANCE, MARKER = range(4)


def applied(shared: Shared, job: Job, what: int, claim: Standing) -> Shared:
    book = stood(shared.book, claim.revision, claim.content)
    if what == ADVANCE:
        book = book._replace(committed=book.committed | {job.kind})
    return shared._replace(
        claim=claim,
        book=book,
        flying=tuple(late for late in shared.flying if late.what & 3 == MARKER),
    )


def owed_to(shared: Shared, claim: Claimed) -> Mask:
    return Standing(*claim).owed or (1 << len(shared.book.seen)) - 1


@cache
def outcomes(owed: Mask) -> list[tuple[str, Mask, Mask]]:
    """Return in words what destinations may do, which took the event, and which didn't say so."""
    bits = [bit for bit in (1, 2) if owed & bit]
    found = []
    for ways in product(("taken", "refused", "taken without an answer"), repeat=len(bits)):
        taken = sum(bit for bit, way in zip(bits, ways, strict=True) if way != "refused")
        unsure = sum(bit for bit, way in zip(bits, ways, strict=True) if way.endswith("answer"))
        found.append((", ".join(ways), taken, unsure))
    return found


def marked(shared: Shared, job: Job, refused: Mask) -> Shared:
    """Write the marker of a batch: who has read its claim already may find it committed."""
    at = job.batch
    shared = shared._replace(marks=(*shared.marks[:at], refused, *shared.marks[at + 1 :]))
    if refused:
        return shared
    committed = shared.book.committed | {job.kind}
    return shared._replace(book=shared.book._replace(committed=committed))


def leave(shared: Shared, job: Job, late: Job | None = None) -> tuple[Shared, Job]:
    """The worker is gone, and its message is back on the queue."""
    if job.batch:
        marks = (*shared.marks[: job.batch], GONE, *shared.marks[job.batch + 1 :])
        shared = shared._replace(marks=marks)
    if late:
        flying = tuple(sorted((*shared.flying, late)))
        shared = shared._replace(flying=flying, losses=shared.losses - 1)
    return shared, Job(job.kind)


def again(job: Job) -> Job:
    """To look again with a batch that the table doesn't know is as good as to begin anew."""
    return at_phase(job, LOOKING) if job.batch else Job(job.kind)


def settled(shared: Shared, job: Job, verdict: Verdict) -> tuple[Shared, None]:
    """The message is acknowledged, and the worker's batch is the table's alone."""
    fault = settle(shared.book, shared.claim, job.kind, verdict)
    return shared._replace(broken=fault) if fault else shared, None


def at_phase(job: Job, phase: int, **known: Claimed | int) -> Job:
    return Job(job.kind, phase, job.batch, **known)  # type: ignore[arg-type]
