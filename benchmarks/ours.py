"""Ours: the function of a merchant whose till is Square's, as it stands in app.py."""

from typing import Any

from chalice.app import Chalice, SQSEvent

from chalicelib import wiring
from chalicelib.adapters import square
from chalicelib.clients import CALLS, PUBLISHES, client
from chalicelib.model import Merchant
from chalicelib.wiring import APP, named, relay

app = Chalice(app_name=APP)


@app.on_sqs_message(queue=named("bench-shop"), batch_size=10)
def bench_shop(event: SQSEvent) -> None:
    relay(event, Merchant("bench-shop", square.adapt))


handle = bench_shop


def clients() -> list[Any]:
    """Return the clients that a batch uses, for the meter to listen at."""
    return [client("dynamodb", CALLS), client("sns", PUBLISHES)]


def forget() -> None:
    """Start as a new container does, but for its clients."""
    wiring.pipeline.cache_clear()
