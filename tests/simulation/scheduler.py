"""One scheduler and one clock: whoever waits says for how long, and the earliest goes on.

Code under test is synchronous, so each of its threads is a greenlet.  It runs until it waits; then
others do.  Nothing else interleaves, so the same waits give the same run.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Self, TypeVar

from greenlet import getcurrent, greenlet

from tests.faults import Killed

T = TypeVar("T")
R = TypeVar("R")


class Worker:
    """One invocation: a greenlet, those of its parallel calls, and when Lambda kills it (ms)."""

    def __init__(self, deadline: float, name: str) -> None:
        self.deadline = deadline
        self.name = name
        self.dead = False
        self.fibres: list[greenlet] = []
        #: The id that the code under test drew last: its batch.
        self.batch = ""
        self.fault: Exception | None = None
        #: Called at the end: with what was returned, or None where it was raised or killed.
        self.ended: Callable[[tuple[Any] | None], None] = lambda _: None


class Scheduler:
    """The clock, in milliseconds since 1970, and what is to happen when."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.worker: Worker | None = None
        self._heap: list[tuple[float, int, greenlet | Callable[[], None], Worker | None]] = []
        self._order = count()
        self._hub = getcurrent()

    def clock(self) -> int:
        return int(self.now)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Let something happen then, outside of any worker."""
        heapq.heappush(self._heap, (when, next(self._order), action, None))

    def start(self, worker: Worker, run: Callable[[], Any]) -> None:
        """Run an invocation from now on."""

        def whole() -> None:
            answer: tuple[Any] | None = None
            try:
                answer = (run(),)
            except Exception as fault:  # noqa: BLE001 - Lambda keeps the batch, whatever it is
                worker.fault = fault
            if not worker.dead:
                self.at(self.now, lambda: worker.ended(answer))

        self._fibre(worker, whole)

    def wait(self, ms: float) -> None:
        """Let time pass for the running fibre, and others go on; past its deadline it is killed."""
        worker = self.worker
        assert worker
        if worker.dead:
            raise Killed
        when = self.now + ms
        if when >= worker.deadline:
            deadline = max(worker.deadline, self.now)
            self.at(deadline, lambda: self._end(worker))
        else:
            heapq.heappush(self._heap, (when, next(self._order), getcurrent(), worker))
        self._hub.switch()
        if worker.dead:
            raise Killed

    def run(self, ends: Callable[[], bool]) -> None:
        """Let everything happen in the order of time, until nothing is left or it is to end."""
        self._hub = getcurrent()
        while self._heap and not ends():
            self.now, _, target, worker = heapq.heappop(self._heap)
            if worker is None:
                target()  # type: ignore[operator]
            elif not worker.dead:
                self._go_on(target, worker)  # type: ignore[arg-type]

    def parallel(self, call: Callable[[T], R], parts: Iterable[T]) -> list[R]:
        """Make calls in fibres of their own, and wait for all; a kill of one is the end of all."""
        worker, parent = self.worker, getcurrent()
        assert worker
        answers: dict[int, R] = {}
        missing = 0

        def one(place: int, part: T) -> None:
            answers[place] = call(part)
            if len(answers) == missing:
                heapq.heappush(self._heap, (self.now, next(self._order), parent, worker))

        listed = list(parts)
        missing = len(listed)
        for place, part in enumerate(listed):
            self._fibre(worker, lambda place=place, part=part: one(place, part))  # type: ignore[misc]
        self._hub.switch()
        if worker.dead:
            raise Killed
        return [answers[place] for place in range(missing)]

    def _fibre(self, worker: Worker, run: Callable[[], None]) -> None:
        def body() -> None:
            try:
                run()
            except Killed:
                self._end(worker)

        fibre = greenlet(body, self._hub)
        worker.fibres.append(fibre)
        heapq.heappush(self._heap, (self.now, next(self._order), fibre, worker))

    def _go_on(self, fibre: greenlet, worker: Worker) -> None:
        self.worker = worker
        fibre.switch()
        self.worker = None

    def _end(self, worker: Worker) -> None:
        """Let all fibres of a worker know that it is dead: each raises Killed where it waits."""
        if worker.dead:
            return
        worker.dead = True
        self.at(self.now, lambda: worker.ended(None))
        here = getcurrent()
        for fibre in worker.fibres:
            if fibre and fibre is not here:
                fibre.parent = here
                fibre.throw(Killed)


class Pool:
    """Stands in for ThreadPoolExecutor in the code under test."""

    scheduler: Scheduler

    def __init__(self, most: int) -> None:
        self._most = most

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """All calls are done once `map` returns."""

    def map(self, call: Callable[[T], R], parts: Iterable[T]) -> Iterator[R]:
        """Make the calls, so many at a time; waves come one after the other."""
        listed: list[Any] = list(parts)
        for start in range(0, len(listed), self._most):
            yield from self.scheduler.parallel(call, listed[start : start + self._most])
