"""The search: every state that can be reached, the nearest first, by the shortest way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.exhaustive.book import finish
from tests.exhaustive.moves import Move, landed, moves
from tests.exhaustive.rules import Judge, Kind, Rules
from tests.exhaustive.state import QUEUED, Job, Shared, State, beginning, normal


@dataclass(frozen=True)
class Bounds:
    """Which messages there are, such as "A1 A1 B2": content and revision; and what may go wrong."""

    messages: str
    destinations: int = 1
    #: Deaths between publishing and committing; all other deaths are free.
    crashes: int = 1
    #: Writes that land after their worker gave them up, and publishes that are taken unanswered.
    losses: int = 0

    @property
    def kinds(self) -> list[Kind]:
        return [(int(word[1:]), word[0]) for word in self.messages.split()]

    @property
    def winners(self) -> frozenset[str]:
        newest = max(self.kinds)[0]
        return frozenset(content for revision, content in self.kinds if revision == newest)


@dataclass
class Findings:
    """What a search has found; `counterexample` is the way to a violation, in words."""

    states: int = 0
    steps: int = 0
    terminal: int = 0
    longest: int = 0
    counterexample: list[str] = field(default_factory=list)


class Search:
    """All states within some bounds, or those up to the nearest violation."""

    def __init__(self, bounds: Bounds, rules: Rules | None = None) -> None:
        self._winners = bounds.winners
        self._judge = Judge(rules or Rules())
        self._moves: dict[tuple[Shared, Job], list[Move]] = {}
        self._first = beginning(bounds.kinds, bounds.destinations, bounds.crashes, bounds.losses)
        self._before: dict[State, State | None] = {self._first: None}

    def run(self) -> Findings:
        found, level = Findings(), [self._first]
        while level:
            following: list[State] = []
            for state in level:
                for _, _, after in self._steps(state):
                    found.steps += 1
                    if after in self._before:
                        continue
                    self._before[after] = state
                    following.append(after)
                    if fault := self._fault(after):
                        found.counterexample = [*self._way(after), fault]
                        return found
            found.states = len(self._before)
            found.terminal += sum(not state.jobs for state in following)
            found.longest += bool(following)
            level = following
        return found

    def _steps(self, state: State) -> Iterator[tuple[Kind, str, State]]:
        """Yield what can happen next; which of two equal messages it was doesn't matter."""
        shared, jobs = state
        before = None
        for at, job in enumerate(jobs):
            if job != before:
                others = jobs[:at] + jobs[at + 1 :]
                for words, then, moved in self._can(shared, job):
                    yield job.kind, words, normal(shared, then, others, moved)
            before = job
        for at, write in enumerate(shared.flying):
            words, then = landed(shared, at)
            yield write.kind, words, normal(shared, then, jobs, None)

    def _can(self, shared: Shared, job: Job) -> list[Move]:
        """Return a job's moves: they are worked out once, for any other jobs beside it."""
        known = self._moves.get((shared, job))
        if known is None:
            known = self._moves[shared, job] = list(moves(shared, job, self._judge))
        return known

    def _fault(self, state: State) -> str:
        if state.shared.broken:
            return state.shared.broken
        if not state.jobs:
            return finish(state.shared.book, self._winners)
        quiet = all(job.phase == QUEUED for job in state.jobs)
        if quiet and not any(self._ends(state.shared, job) for job in set(state.jobs)):
            return "none of the messages that are left can come to its end"
        return ""

    def _ends(self, shared: Shared, job: Job | None) -> bool:
        """Whether a message that is delivered alone comes to its end, if nothing goes wrong."""
        while job:
            possible = self._can(shared, job)
            if not possible:
                return False
            _, shared, job = possible[0]
            if job and job.phase == QUEUED:
                return False
        return True

    def _way(self, state: State) -> Iterator[str]:
        """Tell the steps that led to a state, in words."""
        path = [state]
        while before := self._before[path[-1]]:
            path.append(before)
        path.reverse()
        for number, (before, after) in enumerate(pairwise(path), 1):
            kind, words = next((k, w) for k, w, s in self._steps(before) if s == after)
            yield f"{number}. the worker with {kind[1]}{kind[0]} {words}"


def search(bounds: Bounds, rules: Rules | None = None) -> Findings:
    return Search(bounds, rules).run()
