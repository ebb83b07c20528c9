"""What a variant finds in its account: a table, a topic, and clients as a function makes them."""

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

from benchmarks.till import ACCOUNT, REGION

#: Seconds of a client's time-outs and its tries: the same for all, and those of chalicelib.clients.
SETTINGS = Config(
    connect_timeout=1,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=20,
)


def name() -> str:
    """Return the stage's name, which the table bears, too."""
    return f"tillbridge-{os.environ['STAGE']}"


def topic() -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name()}-{os.environ.get('TOPIC', 'transactions')}"


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """Return a client of the function's one session."""
    return session().create_client(service, config=SETTINGS)


def create(clients: Any) -> None:
    """Create the tables and the topic of the stage; `clients` makes clients of the emulator."""
    for table, key in ((name(), "pk"), (f"{name()}-peer", "id")):
        clients("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    clients("sns").create_topic(Name=f"{name()}-transactions")
