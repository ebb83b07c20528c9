"""The whole chain: tills, a relay for each shop, the topic, rewards, and members who claim."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.desk import Desk
from tests.month import DAYS, FIRST, PROGRAMS
from tests.simulation.faults import Faults
from tests.simulation.lambda_ import Function, Poller
from tests.simulation.patches import patched
from tests.simulation.points.case import Trade, traded
from tests.simulation.points.claimant import Claimant
from tests.simulation.points.faults import KINDS, ONLY
from tests.simulation.points.services import Services
from tests.simulation.points.watch import Watch
from tests.simulation.queues import Stored
from tests.simulation.stage import FAULTS_MS, Stage
from tests.simulation.subscription import resent

if TYPE_CHECKING:
    from tests.simulation.witness import Effect

BEGIN = int(FIRST.timestamp() * 1000) + DAYS * 86_400_000
REDRIVES = 3
#: An event that no shop's mechanics know: its batch looks at what waits.
NUDGE = {"type": "tillbridge.transaction.v1", "id": "nudge", "source": "/tillbridge/nobody/till",
         "subject": "nudge", "data": {"revision": 0}}  # fmt: skip
JUNK = "<no event>"


class Chain(Stage):
    """The services, the functions and their workers of one case."""

    def __init__(self, case: Trade, trace: list[str] | None = None) -> None:
        super().__init__(case, BEGIN, trace, partial(Faults, kinds=KINDS, only=ONLY))
        self.case = case
        self.month = traded(case)
        self.published: list[str] = []
        self.claimants: list[Claimant] = []
        self.services = Services(self)
        self.table, self.sqs = self.services.table, self.services.sqs
        self.watch = Watch(self.table)
        self.pollers = {shop: self._poller(shop, case.relays) for shop in PROGRAMS}
        self.pollers["rewards"] = self._poller("rewards", case.concurrency)

    def run(self) -> None:
        """Tell the month and claim, under faults; then let all that is left come to its end."""
        with patched(self):
            self._begin()
            self.drain()
            for _ in range(REDRIVES):
                self._redrive(lambda letter: "code" not in letter.attributes)
                self.drain()
            self._release()
            for claimant in [one for one in self.claimants if not one.settled]:
                claimant.ask()
            self.drain()

    def desk(self, clock: Callable[[], int]) -> Desk:
        """Wire what members ask."""
        return self.services.desk(clock)

    def saw(self, effect: "Effect") -> None:
        """Look at what rewards write, and let them poll when something was published."""
        super().saw(effect)
        self.watch.saw(effect)
        if effect.operation == "publish_batch" and "Error" not in effect.answer:
            bodies = {
                one["Id"]: one["Message"] for one in effect.request["PublishBatchRequestEntries"]
            }
            self.published += [bodies[one["Id"]] for one in effect.answer["Successful"]]
            self.pollers["rewards"].wake()

    def letters(self) -> list[tuple[str, int, Stored]]:
        """Return all dead letters, each with the name of the queue that it failed on."""
        return [
            (name, place, letter)
            for name in self.pollers
            for place, letter in self.sqs.queues[f"{name}-dead"].messages.items()
        ]

    def _poller(self, name: str, concurrency: int) -> Poller:
        function = Function(self, concurrency, partial(self.services.wired, name))
        queue = self.sqs.queues[name]
        return Poller(self, function, queue, self.case.batch_size, reports=self.case.reports)

    def _begin(self) -> None:
        spread, chance = self.case.spread, self.rng
        for body in self.month.bodies:
            at = BEGIN + chance.randrange(spread)
            shop = json.loads(body)["data"]["merchant"]
            self.scheduler.at(at, partial(self._send, shop, body))
        for claim in self.month.claims:
            self._claim(claim)
            if chance.random() < self.case.rivals:
                self._claim((*claim[:3], "loyalty:M0000"))
        if self.case.junk:
            at = BEGIN + chance.randrange(spread)
            self.scheduler.at(at, partial(self._send, "rewards", JUNK))
        for _ in range(self.case.replays):
            self.scheduler.at(BEGIN + chance.randrange(FAULTS_MS), self._replay)
        for minutes in (5, 15, 29):
            self.scheduler.at(BEGIN + minutes * 60_000, self._operator)
        self.scheduler.at(BEGIN + FAULTS_MS + 1, lambda: None)  # all is well from here on

    def _claim(self, claim: tuple[str, str, str, str]) -> None:
        claimant = Claimant(self, claim)
        self.claimants.append(claimant)
        self.scheduler.at(BEGIN + self.rng.randrange(self.case.spread), claimant.ask)

    def _release(self) -> None:
        """Let the time of all that waits pass, and batches come that look at it."""
        self.scheduler.now += self.case.patience * 1000 + 10_000
        for _ in range(1 + len(self.month.bodies) // 25):
            self._send("rewards", json.dumps(NUDGE))
            self.drain()

    def _send(self, queue: str, body: str) -> None:
        self.tell(f"sent to {queue}: {body[:100]}")
        self._put(queue, body, {})

    def _put(self, queue: str, body: str, attributes: dict[str, Any]) -> None:
        self.sqs.send_message(f"https://aws.invalid/0/{queue}", body, attributes)
        self.pollers[queue].wake()

    def _replay(self) -> None:
        """Send what was published to rewards once more, as `ops replay` does."""
        for body in self.rng.sample(self.published, len(self.published) // 2):
            self._send("rewards", body)

    def _operator(self) -> None:
        if self.strikes("redriven"):
            self._redrive(lambda letter: "code" not in letter.attributes)

    def _redrive(self, takes: Any) -> None:
        for queue, place, letter in self.letters():
            if takes(letter):
                del self.sqs.queues[f"{queue}-dead"].messages[place]
                self.tell(f"redriven to {queue}: {letter.body[:100]}")
                self._put(queue, *resent(letter))
