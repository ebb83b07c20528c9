"""The lower bound once more, calling AWS as we do: forms written out once, nothing checked."""

from typing import Any

from benchmarks import bound
from chalicelib.clients import CALLS, PUBLISHES, client

forget = bound.forget


def clients() -> list[Any]:
    return [client("dynamodb", _SETTINGS), client("sns", _SETTINGS)]


def handle(event: dict[str, Any], context: Any) -> None:
    bound.settle(event, context, *clients(), owner="tight")


#: Clients of its own, so that the meter tells them from ours.
_SETTINGS = CALLS.merge(PUBLISHES)
