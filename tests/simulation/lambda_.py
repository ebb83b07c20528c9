"""Lambda: pollers, concurrency, deadlines, containers that are used again."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.receive import messages
from tests.simulation.queues import Queue
from tests.simulation.scheduler import Worker

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

TIMEOUT_MS = 120_000
#: Called when an invocation has ended: with what it returned, or None if it failed.
Ended = Callable[[tuple[Any] | None], None]


class Runs(Protocol):
    """What a function does with a batch: a pipeline, or a subscriber."""

    def run(self, messages: Any, deadline_ms: int, request_id: str = "") -> Any: ...


class Container:
    """A process of the function: what it runs, with its memory, and a clock that is off a bit."""

    def __init__(self, world: "Stage", number: int, wired: "Wired") -> None:
        self.number = number
        self.skew = world.rng.randint(-2_500, 2_500)
        self._now = world.scheduler
        self.runs = wired(self)

    def clock(self) -> int:
        return int(self._now.now) + self.skew


#: Wires what a container runs, as wiring does.
Wired = Callable[[Container], Runs]


class Function:
    """One function: at most so many invocations at once, each in a container."""

    def __init__(self, world: "Stage", concurrency: int, wired: Wired) -> None:
        self._world = world
        self._wired = wired
        self._idle: list[Container] = []
        self._free = concurrency
        self._made = 0
        self.freed: list[Callable[[], None]] = []

    @property
    def free(self) -> bool:
        return self._free > 0

    def restart(self) -> None:
        """Throw all containers away, as a deployment does."""
        self._idle.clear()

    def invoke(self, event: Mapping[str, Any], ended: Ended) -> None:
        """Start an invocation; at its deadline it is killed, and its container with it."""
        world = self._world
        world.invocations += 1
        self._free -= 1
        container = self._idle.pop(world.rng.randrange(len(self._idle))) if self._idle else None
        if container is None:
            self._made += 1
            container = Container(world, self._made, self._wired)
        worker = Worker(world.scheduler.now + TIMEOUT_MS, f"{world.invocations}/{container.number}")
        worker.ended = lambda answer: self._ended(container, worker, answer, ended)
        world.scheduler.start(worker, lambda: self._run(container, worker, event))

    def _run(self, container: Container, worker: Worker, event: Mapping[str, Any]) -> Any:
        self._world.tell(f"begins with {len(event['Records'])} messages")
        deadline = container.clock() + TIMEOUT_MS
        return container.runs.run(messages(event), deadline, worker.name)

    def _ended(
        self, container: Container, worker: Worker, answer: tuple[Any] | None, ended: Ended
    ) -> None:
        self._free += 1
        killed = worker.dead
        if killed:
            self._world.crashes += 1
        if not killed and not self._world.strikes("discarded"):
            self._idle.append(container)
        ended(answer)
        for poll in self.freed:
            poll()


class Poller:
    """An event source mapping: it polls a queue, invokes, and deletes what came to its end."""

    def __init__(
        self, world: "Stage", function: Function, queue: Queue, most: int, *, reports: bool
    ) -> None:
        self._world = world
        self._function = function
        self._queue = queue
        self._url = f"{world.sqs.meta.endpoint_url}/0/{queue.name}"
        self._most = most
        self._reports = reports
        self._polls_at: float | None = None
        function.freed.append(self.wake)

    def wake(self) -> None:
        """Poll when the next message can be received, if there is one."""
        when = self._queue.next_visible()
        now = self._world.scheduler.now
        if when is None or not self._function.free:
            return
        when = max(when, now) + 20 * self._world.rng.random()
        if self._polls_at is None or when < self._polls_at:
            self._polls_at = when
            self._world.scheduler.at(when, lambda: self._poll(when))

    def _poll(self, when: float) -> None:
        if self._polls_at != when:
            return  # an earlier poll was arranged meanwhile
        self._polls_at = None
        if not self._function.free:
            return
        most = self._world.rng.randint(1, self._most)
        found = self._world.sqs.receive_message(self._url, most).get("Messages")
        if found:
            self._befall(found)
            event = {"Records": [self._record(message) for message in found]}
            self._function.invoke(event, lambda answer: self._ended(found, answer))
        self.wake()

    def _befall(self, found: list[Any]) -> None:
        """Let some messages be delivered again, at once or while they are being worked on."""
        now, rng = self._world.scheduler.now, self._world.rng
        for message in found:
            if self._world.strikes("duplicate"):
                again = int(now + 500 * rng.random())
                self._world.sqs.show_again(self._queue.name, message["ReceiptHandle"], again)
            elif self._world.strikes("lapse"):
                again = int(now + rng.choice((0, 115_000)) + 10_000 * rng.random() ** 2)
                self._world.sqs.show_again(self._queue.name, message["ReceiptHandle"], again)

    def _ended(self, found: list[Any], answer: tuple[Any] | None) -> None:
        """Delete what came to its end: all, unless it was raised or the answer names some."""
        if answer is not None:
            named = answer[0] or {}
            listed = named.get("batchItemFailures", ()) if self._reports else ()
            failed = {one["itemIdentifier"] for one in listed}
            for message in found:
                if message["MessageId"] in failed or self._world.strikes("unacknowledged"):
                    continue
                self._world.sqs.delete_message(self._url, message["ReceiptHandle"])
        self.wake()

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message as it stands in Lambda's event."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {"dataType": one["DataType"], "stringValue": one["StringValue"]}
                for name, one in message.get("MessageAttributes", {}).items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{self._queue.name}",
        }
