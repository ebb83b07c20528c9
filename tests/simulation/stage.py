"""What every run has: chance from its seed, one clock, faults by their rates, a trace."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from tests.simulation.faults import Fault, Faults, out
from tests.simulation.scheduler import Scheduler
from tests.simulation.sqs import Sqs
from tests.simulation.telling import told
from tests.simulation.witness import Effect

#: Faults end after so long, and all that is left must come to its end.
FAULTS_MS = 1_800_000


@dataclass(frozen=True)
class Outage:
    """A service that doesn't answer from one time to another, in ms after the beginning."""

    service: str
    begin: int
    end: int

    @classmethod
    def drawn(cls, rng: Random, service: str) -> "Outage":
        """Draw when it begins, and how long it lasts."""
        begin = rng.randrange(300_000)
        return cls(service, begin, begin + rng.choice((10_000, 120_000, 400_000)))


class Terms(Protocol):
    """What any case says: its seed, how often what goes wrong, and constants made small."""

    @property
    def seed(self) -> int: ...
    @property
    def rates(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def outages(self) -> tuple[Outage, ...]: ...
    @property
    def knobs(self) -> tuple[tuple[str, int], ...]: ...


class Stage:
    """The clock, the faults and the counts of one run."""

    #: A run with more invocations than this doesn't come to an end.
    most_invocations = 20_000

    #: Every stage has queues.
    sqs: Sqs

    def __init__(
        self,
        terms: Terms,
        begin: int,
        trace: list[str] | None,
        faults: Callable[[dict[str, float], Random], Faults] = Faults,
    ) -> None:
        self.terms = terms
        self.trace = trace
        self.rng = Random(f"run {terms.seed}")
        self.scheduler = Scheduler(begin)
        self.counts: Counter[str] = Counter()
        self.invocations = self.calls = self.crashes = 0
        self.logged: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.endless = False
        #: What broke in the simulator itself.
        self.fault_of_ours: Exception | None = None
        self.phase_began = float(begin)
        self._began = begin
        self._faults = faults(dict(terms.rates), self.rng)

    def fault(self, service: str, operation: str) -> Fault | None:
        """Return what befalls a try of a call now."""
        passed = self.scheduler.now - self.phase_began
        if passed > FAULTS_MS:
            return None
        for outage in self.terms.outages:
            if outage.service == service and outage.begin <= passed < outage.end:
                return out
        return self._faults.draw(operation)

    def strikes(self, kind: str) -> bool:
        """Tell whether one of the faults around the calls strikes now."""
        if self.scheduler.now - self.phase_began > FAULTS_MS or not self._faults.strikes(kind):
            return False
        self.counts[kind] += 1
        return True

    def tell(self, what: str) -> None:
        """Add a line to the trace."""
        if self.trace is None:
            return
        worker = self.scheduler.worker
        who = f"worker {worker.name}" if worker else ""
        passed = (self.scheduler.now - self._began) / 1000
        self.trace.append(f"{passed:11.3f}s  {who:13} {what}")

    def batch_id(self) -> str:
        """Draw a batch's id, and note that it is the running worker's."""
        worker = self.scheduler.worker
        assert worker
        worker.batch = f"{self.rng.getrandbits(128):032x}"
        return worker.batch

    def saw(self, effect: Effect) -> None:
        """Tell of a call's effect."""
        if self.trace is not None:
            worker = effect.worker
            late = "" if self.scheduler.worker is worker else f"(late, of {worker.name}) "
            self.tell(late + told(effect.operation, effect.request, effect.answer))

    def drain(self) -> None:
        """Let everything happen that is to happen; raise what broke in the simulator itself."""
        self.scheduler.run(lambda: self.invocations > self.most_invocations)
        self.endless = self.invocations > self.most_invocations
        if self.fault_of_ours:
            raise self.fault_of_ours
