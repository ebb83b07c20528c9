"""A function that a topic calls: Lambda's tries of what SNS brought, and what becomes of it."""

import json
from typing import TYPE_CHECKING, Any

from tests.simulation.lambda_ import Function
from tests.simulation.queues import Stored

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Between Lambda's tries: after the first failure, and after the second.
ASYNC_RETRY_MS = (60_000, 120_000)


class Subscription:
    """A topic's function: Lambda tries three times, and then tells the dead-letter queue."""

    def __init__(self, world: "World", function: Function, dead_url: str) -> None:
        self._world = world
        self._function = function
        self._dead_url = dead_url
        self._waiting: list[tuple[dict[str, Any], int]] = []
        function.freed.append(self._next)

    def take(self, told: dict[str, Any]) -> None:
        """Take a message from SNS, to be tried as soon as a container is free."""
        self._later({"Records": [{"EventSource": "aws:sns", "Sns": told}]}, 0, 20)

    def _later(self, event: dict[str, Any], tried: int, ms: float) -> None:
        def due() -> None:
            self._waiting.append((event, tried))
            self._next()

        self._world.scheduler.at(self._world.scheduler.now + ms, due)

    def _next(self) -> None:
        while self._waiting and self._function.free:
            event, tried = self._waiting.pop(self._world.rng.randrange(len(self._waiting)))
            if self._world.strikes("duplicate"):
                self._later(event, tried, 5_000 * self._world.rng.random())
            self._function.invoke(
                event,
                lambda answer, e=event, t=tried: self._ended(e, t, answer),  # type: ignore[misc]
            )

    def _ended(self, event: dict[str, Any], tried: int, answer: tuple[Any] | None) -> None:
        if answer is not None:
            return
        if tried < len(ASYNC_RETRY_MS):
            self._later(event, tried + 1, ASYNC_RETRY_MS[tried])
        else:
            self._world.sqs.send_message(self._dead_url, json.dumps({"requestPayload": event}))


def resent(letter: Stored) -> tuple[str, dict[str, Any]]:
    """Return a dead letter as it goes back: what SNS brought is in an event of Lambda's."""
    if letter.body.startswith('{"requestPayload"'):
        found = json.loads(letter.body)["requestPayload"]["Records"][0]["Sns"]
        attributes = found.get("MessageAttributes", {})
        kept = {
            name: {"DataType": one["Type"], "StringValue": one["Value"]}
            for name, one in attributes.items()
        }
        return found["Message"], kept
    kept = {n: one for n, one in letter.attributes.items() if n == "ContentEncoding"}
    return letter.body, kept
