"""The modelled services of the chain, and what its functions are wired to."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.acknowledge import acknowledge
from chalicelib.dedupe import Store
from chalicelib.desk import Desk
from chalicelib.model import Merchant, Transaction
from chalicelib.pipeline import Pipeline
from chalicelib.publish import Destination, Publisher
from chalicelib.quarantine import Quarantine
from chalicelib.subscriber import Subscriber
from chalicelib.table import Table as Claims
from tests.counter import TABLE
from tests.month import PROGRAMS
from tests.simulation.account import CALLS_MS, PLACE, PUBLISHES_MS
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.points.table import Table
from tests.simulation.sdk import Client
from tests.simulation.sns import Sns
from tests.simulation.sqs import Sqs

if TYPE_CHECKING:
    from tests.simulation.lambda_ import Container, Runs
    from tests.simulation.points.chain import Chain


#: How often a relay is given a message, as deployed: claims may be busy for minutes.
RECEIVES = 12


def adapt(text: str, _: Merchant) -> Iterator[Transaction]:
    """Read a till that says what we say."""
    yield Transaction.model_validate(json.loads(text)["data"], strict=False)


class Services:
    """Tables, the topic, and for each function a queue with its dead letters."""

    def __init__(self, world: "Chain") -> None:
        now, rng = world.scheduler.clock, world.rng
        self.world = world
        self.table = Table(now, tokens=world.case.tokens)
        self.sqs = Sqs(now, choose=lambda places: rng.sample(places, len(places)))
        dynamodb = DynamoDB(now, ("claims",), stale=lambda: rng.random() < 0.3)
        sns = Sns(now, self.sqs)
        self.topic = sns.create_topic("out")["TopicArn"]
        for name in (*PROGRAMS, "rewards"):
            self._queue(name, world.case.most_receives if name == "rewards" else RECEIVES)
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(self.topic, "sqs", f"arn:aws:sqs:{PLACE}:rewards", raw)
        self._claims: Any = Client(world, "dynamodb", dynamodb, CALLS_MS)
        self._points: Any = Client(world, "points", self.table, CALLS_MS)
        self._sqs: Any = Client(world, "sqs", self.sqs, CALLS_MS)
        self._sns: Any = Client(world, "sns", sns, PUBLISHES_MS)

    def desk(self, clock: Callable[[], int]) -> Desk:
        """Wire rewards, as `wiring.desk` does."""
        return Desk(self._points, TABLE, PROGRAMS, clock, self.world.case.patience)

    def wired(self, name: str, container: "Container") -> "Runs":
        """Wire a function's container, as wiring does."""
        dead = Quarantine(self._sqs, f"arn:aws:sqs:{PLACE}:{name}-dead", name)
        told, log = partial(acknowledge, self._sqs), self.world.logged.append
        clock = container.clock
        if name == "rewards":
            desk = self.desk(clock)
            return Subscriber(name, desk.inbox, desk.effect_of, dead, told, log, clock)
        return Pipeline(
            merchant=Merchant(name, adapt, personal="keep"),
            store=Store(Claims(self._claims, "claims"), clock),
            publisher=Publisher([Destination(self.topic)], self._sns, self._sqs),
            quarantine=dead,
            acknowledge=told,
            log=log,
            now_ms=clock,
        )

    def _queue(self, name: str, receives: int) -> None:
        self.sqs.create_queue(f"{name}-dead", {"MessageRetentionPeriod": "1209600"})
        policy = {"maxReceiveCount": receives, "deadLetterTargetArn": f"arn::{PLACE}:{name}-dead"}
        attributes = {"VisibilityTimeout": "720", "RedrivePolicy": json.dumps(policy)}
        self.sqs.create_queue(name, attributes)
