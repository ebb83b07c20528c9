"""Who holds a receipt, and claims its points until the answer is final."""

from typing import TYPE_CHECKING, Any

from chalicelib.members import Claimed, Receipt, claim_receipt
from tests.simulation.scheduler import Worker
from tests.simulation.stage import FAULTS_MS

if TYPE_CHECKING:
    from tests.simulation.points.chain import Chain

TIMEOUT_MS = 30_000


class Claimant:
    """One member with one receipt; `said` is the last answer, None before there is any."""

    def __init__(self, world: "Chain", claim: tuple[str, str, str, str]) -> None:
        self.shop, self.number, self.day, self.who = claim
        self.said: Claimed | None = None
        self._world = world
        self._skew = world.rng.randint(-2_500, 2_500)

    @property
    def settled(self) -> bool:
        return self.said in {Claimed.CLAIMED, Claimed.TAKEN}

    def ask(self) -> None:
        """Ask as one call of the app that members have; again if no answer comes."""
        world = self._world
        world.invocations += 1
        worker = Worker(world.scheduler.now + TIMEOUT_MS, f"claim of {self.number}")
        worker.ended = lambda answer: self._ended(worker, answer)
        world.scheduler.start(worker, self._asked)

    def _asked(self) -> Claimed:
        desk = self._world.desk(lambda: self._world.scheduler.clock() + self._skew)
        receipt = Receipt("S1", self.number, self.day)
        said = claim_receipt(desk.inbox, desk.ledgers[self.shop], self.who, receipt)
        self._world.tell(f"{self.who} is told: {said}")
        return said

    def _ended(self, worker: Worker, answer: tuple[Any] | None) -> None:
        world = self._world
        world.crashes += worker.dead
        if answer:
            self.said = answer[0]
        over = world.scheduler.now - world.phase_began > FAULTS_MS
        if answer is None or not (self.settled or over):
            ms = world.rng.choice((100, 10_000, 120_000)) * world.rng.random()
            world.scheduler.at(world.scheduler.now + ms, self.ask)
