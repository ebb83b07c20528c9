"""One run of one case: the real path between modelled services, and what was seen of it."""

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.pipeline import Pipeline
from tests.simulation.account import PLACE, Account
from tests.simulation.case import DAY_MS, Case, Sent
from tests.simulation.lambda_ import Function, Poller
from tests.simulation.patches import patched
from tests.simulation.queues import Stored
from tests.simulation.stage import Stage
from tests.simulation.subscription import Subscription, resent
from tests.simulation.witness import Effect, Witness

if TYPE_CHECKING:
    from tests.simulation.lambda_ import Container

BEGIN = 1_795_000_000_000
#: DynamoDB takes what has expired within a few days.
LINGERS_SECONDS = 3 * 86_400
#: What failed too often is sent back so many times; copies of one message may hold one another up.
REDRIVES = 3


class World(Stage):
    """The services, the function and its workers of one case."""

    def __init__(self, case: Case, trace: list[str] | None = None) -> None:
        super().__init__(case, BEGIN, trace)
        self.case = case
        self.witness = Witness()
        self.sends: list[Sent] = []
        self._account = Account(self)
        self.dynamodb, self.sqs, self.sns = self._account.models
        self.places = self._account.places
        self._function()

    def run(self) -> None:
        """Send all, let faults happen for their time, and let what is left come to its end."""
        with patched(self):
            self._phase(self.case.sent)

    def run_again(self) -> None:
        """Let days pass, and send some of it again."""
        with patched(self):
            self.scheduler.now += self.case.days * DAY_MS
            self.dynamodb.reap(lambda over: over > LINGERS_SECONDS or self.rng.random() < 0.5)
            self.function.restart()
            self._phase(self.case.again)

    def pipeline(self, container: "Container") -> Pipeline:
        """Wire a container."""
        return self._account.pipeline(container.clock, self._log)

    def saw(self, effect: Effect) -> None:
        """Take note of a call's effect."""
        self.witness.saw(effect)
        super().saw(effect)

    def letters(self) -> list[tuple[int, Stored]]:
        """Return what is in the dead-letter queue."""
        return list(self.sqs.queues["dead"].messages.items())

    def _function(self) -> None:
        case = self.case
        self.function = Function(self, case.concurrency, self.pipeline)
        self.sources = []
        policy = json.dumps({"maxReceiveCount": 12, "deadLetterTargetArn": f"arn::{PLACE}:dead"})
        if case.topic_source:
            self.source = self.sns.create_topic("in")["TopicArn"]
            taker = Subscription(self, self.function, "https://aws.invalid/0/dead")
            self.sns.subscribe_function(self.source, taker.take)
            return
        for name in ("in-0", "in-1"):
            attributes = {"VisibilityTimeout": "720", "RedrivePolicy": policy}
            self.sqs.create_queue(name, attributes)
            queue = self.sqs.queues[name]
            self.sources.append(
                Poller(self, self.function, queue, case.batch_size, reports=case.reports)
            )

    def _phase(self, sent: tuple[Sent, ...]) -> None:
        self.phase_began = self.scheduler.now
        self.sends += sent
        for one in sent:
            self.scheduler.at(self.phase_began + one.at, partial(self._send, one))
        for minutes in (5, 15, 29):
            self.scheduler.at(self.phase_began + minutes * 60_000, self._operator)
        self.drain()
        for _ in range(REDRIVES):
            self._redrive(lambda letter: "code" not in letter.attributes)
            self.drain()

    def _send(self, one: Sent) -> None:
        self.tell(f"sent to source {one.source}: {one.body}")
        self._put(one.source, one.body, {})

    def _put(self, source: int, body: str, attributes: dict[str, Any]) -> None:
        if self.case.topic_source:
            self.sns.publish(self.source, body, attributes)
        else:
            self.sqs.send_message(f"https://aws.invalid/0/in-{source}", body, attributes)
            self.sources[source].wake()

    def _operator(self) -> None:
        if self.strikes("redriven"):
            self._redrive(lambda _: self.rng.random() < 0.7)

    def _redrive(self, takes: Any) -> None:
        """Send dead letters back to where they came from, as `ops quarantine redrive` does."""
        for place, letter in self.letters():
            if takes(letter):
                del self.sqs.queues["dead"].messages[place]
                self.tell(f"redriven: {letter.body}")
                self._put(self.rng.randrange(2), *resent(letter))

    def _log(self, line: dict[str, Any]) -> None:
        self.logged.append(line)
        if self.trace is not None and "in" in line:
            fates = ("published", "duplicate", "superseded", "ignored", "quarantined", "left")
            self.tell("logs " + ", ".join(f"{line[fate]} {fate}" for fate in fates if line[fate]))
