"""A state: all that the future of one key depends on."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.exhaustive.book import Book, Seen, relevant
from tests.exhaustive.rules import GONE, RUNNING, Kind, Standing

#: How far a worker has come with a message.
QUEUED, LOOKING, READ, WEIGHING, WRITING, HOLDS, PUBLISHED = range(7)
NOTHING: tuple[()] = ()
Claimed = Standing | tuple[()]


class Job(NamedTuple):
    """A message that isn't acknowledged yet, and how far the worker has come that has it.

    Its write too, when that is on its way and the worker doesn't wait for it any more.
    """

    kind: Kind
    phase: int = QUEUED
    #: The worker's batch, 0 while the table doesn't know it.
    batch: int = 0
    #: The claim that was read.
    found: Claimed = NOTHING
    #: The claim that is held, or to be written.
    claim: Claimed = NOTHING
    #: Which write it is; or the marker that was read; or the destinations that refused.
    what: int = 0


class Shared(NamedTuple):
    """The table, the destinations, and how much may go wrong yet."""

    claim: Claimed
    #: By the batch's number: its marker, or why it has none.
    marks: tuple[int, ...]
    book: Book
    #: Deaths between publishing and committing, and lost or late answers, that may still come.
    crashes: int
    losses: int
    #: Late writes.
    flying: tuple[Job, ...] = ()
    broken: str = ""


class State(NamedTuple):
    """What all see, and the messages that are left."""

    shared: Shared
    jobs: tuple[Job, ...]


def beginning(kinds: Iterable[Kind], destinations: int, crashes: int, losses: int) -> State:
    book = Book((Seen(),) * destinations)
    return State(
        Shared(NOTHING, (GONE,), book, crashes, losses), tuple(sorted(Job(kind) for kind in kinds))
    )


def fixed(shared: Shared, batch: int) -> bool:
    """Whether a batch's marker, or that it has none, can't change any more."""
    return shared.marks[batch] != RUNNING and not any(
        write.phase == PUBLISHED and write.batch == batch for write in shared.flying
    )


def normal(before: Shared, shared: Shared, others: tuple[Job, ...], job: Job | None) -> State:
    """Give states with the same future one form.

    Jobs are sorted, batches numbered as they are met.  A conditional write whose condition is gone
    has failed already, as no claim is ever again what it was.  What no message that is left could
    ask about is forgotten.
    """
    claim = shared.claim
    jobs = [*others] if shared is before else [_simpler(one, shared) for one in others]
    if job:
        jobs.append(_simpler(job, shared))
    jobs.sort()
    if job is None or shared.book is not before.book:
        shared = shared._replace(book=relevant(shared.book, frozenset(one[0] for one in jobs)))
    met = _met(shared, jobs)
    if met == list(range(len(shared.marks))):
        return State(shared, tuple(jobs))
    names = dict(zip(met, range(len(met)), strict=True))
    renamed = shared._replace(
        claim=_renamed(claim, names),
        marks=tuple([shared.marks[old] for old in met]),
        flying=tuple(sorted(_job(one, names) for one in shared.flying)),
    )
    return State(renamed, tuple(sorted([_job(one, names) for one in jobs])))


def _met(shared: Shared, jobs: list[Job]) -> list[int]:
    """Return the batches that are known, in the order in which they are met."""
    met = [0]
    if shared.claim:
        met.append(shared.claim[0])
    for job in (*jobs, *shared.flying) if shared.flying else jobs:
        if job[2] and job[2] not in met:
            met.append(job[2])
        if job[3] and job[3][0] not in met:
            met.append(job[3][0])
    return met


def _simpler(job: Job, shared: Shared) -> Job:
    """Begin anew where nothing else would come of it."""
    if job[1] not in {READ, WRITING}:
        return job
    same = job.found[:2] == shared.claim[:2]
    missed = job.phase == WRITING and not same
    settled = job.phase == READ and same and fixed(shared, Standing(*job.found).batch)
    if missed or settled:
        return Job(job.kind, LOOKING if job.batch else QUEUED, job.batch)
    return job


def _job(job: Job, names: dict[int, int]) -> Job:
    kind, phase, batch, found, claim, what = job
    if not batch and not found:
        return job
    found, claim = _renamed(found, names), _renamed(claim, names)
    return Job(kind, phase, names[batch], found, claim, what)


def _renamed(claim: Claimed, names: dict[int, int]) -> Claimed:
    return Standing(names[claim[0]], *claim[1:]) if claim else claim
