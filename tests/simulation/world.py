"""One run of one case: the real path between modelled services, and what was seen of it."""

import json
from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from chalicelib.pipeline import Pipeline
from tests.simulation.account import PLACE, Account
from tests.simulation.case import DAY_MS, FAULTS_MS, Case, Sent
from tests.simulation.faults import Fault, Faults, out
from tests.simulation.lambda_ import Function, Poller
from tests.simulation.patches import patched
from tests.simulation.queues import Stored
from tests.simulation.scheduler import Scheduler
from tests.simulation.subscription import Subscription, resent
from tests.simulation.telling import told
from tests.simulation.witness import Effect, Witness

if TYPE_CHECKING:
    from tests.simulation.lambda_ import Container

BEGIN = 1_795_000_000_000
#: A run with more invocations than this doesn't come to an end.  The copies that a topic makes,
#: tried again and redriven, can be thousands.
MOST_INVOCATIONS = 20_000
#: DynamoDB takes what has expired within a few days.
LINGERS_SECONDS = 3 * 86_400
#: What failed too often is sent back so many times; copies of one message may hold one another up.
REDRIVES = 3


class World:
    """The services, the function and its workers of one case."""

    def __init__(self, case: Case, trace: list[str] | None = None) -> None:
        self.case = case
        self.trace = trace
        self.rng = Random(f"run {case.seed}")
        self.scheduler = Scheduler(BEGIN)
        self.counts: Counter[str] = Counter()
        self.invocations = self.calls = self.crashes = 0
        self.witness = Witness()
        self.logged: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.sends: list[Sent] = []
        self.endless = False
        #: What broke in the simulator itself.
        self.fault_of_ours: Exception | None = None
        self._faults = Faults(dict(case.rates), self.rng)
        self._began = float(BEGIN)
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

    def fault(self, service: str, operation: str) -> Fault | None:
        """Return what befalls a try of a call now."""
        passed = self.scheduler.now - self._began
        if passed > FAULTS_MS:
            return None
        for outage in self.case.outages:
            if outage.service == service and outage.begin <= passed < outage.end:
                return out
        return self._faults.draw(operation)

    def strikes(self, kind: str) -> bool:
        """Tell whether one of the faults around the calls strikes now."""
        if self.scheduler.now - self._began > FAULTS_MS or not self._faults.strikes(kind):
            return False
        self.counts[kind] += 1
        return True

    def tell(self, what: str) -> None:
        """Add a line to the trace."""
        if self.trace is None:
            return
        worker = self.scheduler.worker
        who = f"worker {worker.name}" if worker else ""
        passed = (self.scheduler.now - BEGIN) / 1000
        self.trace.append(f"{passed:11.3f}s  {who:13} {what}")

    def pipeline(self, container: "Container") -> Pipeline:
        """Wire a container."""
        return self._account.pipeline(container.clock, self._log)

    def batch_id(self) -> str:
        """Draw a batch's id, and note that it is the running worker's."""
        worker = self.scheduler.worker
        assert worker
        worker.batch = f"{self.rng.getrandbits(128):032x}"
        return worker.batch

    def saw(self, effect: Effect) -> None:
        """Take note of a call's effect."""
        self.witness.saw(effect)
        if self.trace is not None:
            worker = effect.worker
            late = "" if self.scheduler.worker is worker else f"(late, of {worker.name}) "
            self.tell(late + told(effect.operation, effect.request, effect.answer))

    def letters(self) -> list[tuple[int, Stored]]:
        """Return what is in the dead-letter queue."""
        return list(self.sqs.queues["dead"].messages.items())

    def _function(self) -> None:
        case = self.case
        self.function = Function(self, case.concurrency)
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
        self._began = self.scheduler.now
        self.sends += sent
        for one in sent:
            self.scheduler.at(self._began + one.at, partial(self._send, one))
        for minutes in (5, 15, 29):
            self.scheduler.at(self._began + minutes * 60_000, self._operator)
        self._drain()
        for _ in range(REDRIVES):
            self._redrive(lambda letter: "code" not in letter.attributes)
            self._drain()

    def _drain(self) -> None:
        self.scheduler.run(lambda: self.invocations > MOST_INVOCATIONS)
        self.endless = self.invocations > MOST_INVOCATIONS
        if self.fault_of_ours:
            raise self.fault_of_ours

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
