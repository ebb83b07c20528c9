"""The modelled services of one account, and the clients of one merchant's function."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.acknowledge import acknowledge
from chalicelib.dedupe import Store
from chalicelib.model import Merchant
from chalicelib.pipeline import Pipeline
from chalicelib.publish import Destination, Publisher
from chalicelib.quarantine import Quarantine
from chalicelib.table import Table
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.sdk import Client
from tests.simulation.sns import Sns
from tests.simulation.sqs import Sqs
from tests.till import adapt

if TYPE_CHECKING:
    from tests.simulation.world import World

MERCHANT = Merchant("shop", adapt)
PLACE = "us-east-1:000000000000"
#: What wiring has the clients wait for an answer, in ms.
CALLS_MS, PUBLISHES_MS = 2_000, 10_000


class Account:
    """Table, queues and topics, and the destinations of the merchant's events."""

    def __init__(self, world: "World") -> None:
        now, rng, case = world.scheduler.clock, world.rng, world.case
        dynamodb = DynamoDB(now, ("claims",), stale=lambda: rng.random() < 0.3)
        sqs = Sqs(now, choose=lambda places: rng.sample(places, len(places)))
        sns = Sns(now, sqs)
        sqs.create_queue("dead", {"MessageRetentionPeriod": "1209600"})
        self.models = dynamodb, sqs, sns
        self.places = [sns.create_topic(case.topic)["TopicArn"]]
        if case.ledger:
            sqs.create_queue(case.ledger)
            self.places.append(f"arn:aws:sqs:{PLACE}:{case.ledger}")
        self._dynamodb: Any = Client(world, "dynamodb", dynamodb, CALLS_MS)
        self._sqs: Any = Client(world, "sqs", sqs, CALLS_MS)
        self._out: tuple[Any, Any] = (
            Client(world, "sns", sns, PUBLISHES_MS),
            Client(world, "ledger", sqs, PUBLISHES_MS),
        )

    def pipeline(self, clock: Callable[[], int], log: Callable[[dict[str, Any]], None]) -> Pipeline:
        """Wire a container, as wiring does."""
        return Pipeline(
            merchant=MERCHANT,
            store=Store(Table(self._dynamodb, "claims"), clock),
            publisher=Publisher([Destination(arn) for arn in self.places], *self._out),
            quarantine=Quarantine(self._sqs, f"arn:aws:sqs:{PLACE}:dead", MERCHANT.id),
            acknowledge=partial(acknowledge, self._sqs),
            log=log,
            now_ms=clock,
        )
