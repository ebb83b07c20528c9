"""A client as botocore makes it with the settings of wiring: two tries, and time-outs.

Here, and only here, workers wait; so here, and only here, others go on in between.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.simulation.faults import PUBLISHES
from tests.simulation.witness import Effect

if TYPE_CHECKING:
    from tests.simulation.scheduler import Scheduler, Worker
    from tests.simulation.stage import Stage

_NO_ANSWER = (ConnectionClosedError, EndpointConnectionError, ReadTimeoutError)
_AGAIN = {"ThrottlingException", "InternalServerError", "TransactionInProgressException"}


class Client:
    """One service's client.  `timeout_ms` is how long it waits for an answer."""

    def __init__(self, world: "Stage", service: str, model: Any, timeout_ms: int) -> None:
        self.meta = model.meta
        self.exceptions = getattr(model, "exceptions", None)
        self.world = world
        self.service = service
        self.model = model
        self.timeout_ms = timeout_ms

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """Return the operation of that name."""
        made = partial(self._call, operation)
        self.__dict__[operation] = made
        return made

    def _call(self, operation: str, **request: Any) -> Any:
        world = self.world
        world.calls += 1
        if operation == "transact_write_items":  # the same for both tries, as the SDK does
            request["ClientRequestToken"] = f"{world.rng.getrandbits(128):032x}"
        try:
            return self._try(operation, request)
        except _NO_ANSWER:
            pass
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in _AGAIN:
                raise
        world.scheduler.wait(1_000 * world.rng.random())
        return self._try(operation, request)

    def _try(self, operation: str, request: dict[str, Any]) -> Any:
        world = self.world
        fault = world.fault(self.service, operation)
        # Mostly a few milliseconds, sometimes long enough for others to do much.
        share = world.rng.random()
        world.scheduler.wait(2 + 20 * share if share < 0.9 else 900 * share)
        if fault is None:
            return self.apply(operation, request)
        world.counts[fault.__name__] += 1
        if world.trace is not None:
            world.tell(f"{operation}: {fault.__name__}")
        return fault(Try(self, operation, request))

    def apply(self, operation: str, request: dict[str, Any], *, heard: bool = True) -> Any:
        """Let the call have its effect; `heard` says whether its answer reaches the worker."""
        worker = self.world.scheduler.worker
        assert worker
        return self.carry_out(operation, request, worker, worker.batch, heard)

    def carry_out(
        self, operation: str, request: dict[str, Any], worker: "Worker", batch: str, heard: bool
    ) -> Any:
        """Have the effect for a worker, and tell the world of it."""
        world = self.world
        try:
            return self._carried_out(operation, request, worker, batch, heard)
        except ClientError:
            raise
        except Exception as fault:
            world.fault_of_ours = fault  # the code under test takes it for one of AWS's
            raise

    def _carried_out(
        self, operation: str, request: dict[str, Any], worker: "Worker", batch: str, heard: bool
    ) -> Any:
        world = self.world
        try:
            answer = getattr(self.model, operation)(**request)
        except ClientError as fault:
            told: Any = fault.response
            world.saw(Effect(operation, request, told, worker, batch, heard, world.scheduler.now))
            raise
        world.saw(Effect(operation, request, answer, worker, batch, heard, world.scheduler.now))
        return answer


class Try:
    """One try of one call, as a fault sees it."""

    def __init__(self, client: Client, operation: str, request: dict[str, Any]) -> None:
        self.operation = operation
        self.request = request
        self.timeout_ms = client.timeout_ms
        self.rng: random.Random = client.world.rng
        self.model = client.model
        self.apply = partial(client.apply, operation)
        self._client = client
        self._scheduler: Scheduler = client.world.scheduler
        self.wait = self._scheduler.wait

    @property
    def time_left(self) -> float:
        """Milliseconds until Lambda kills the worker."""
        assert self._scheduler.worker
        return self._scheduler.worker.deadline - self._scheduler.now

    def later(self, ms: float, action: Callable[[], None]) -> None:
        """Let something happen after so long, whatever becomes of the worker."""
        self._scheduler.at(self._scheduler.now + ms, action)

    def land(self) -> None:
        """Have the effect, whatever the answer would be."""
        try:
            self.apply(self.request, heard=False)
        except ClientError:
            return

    def land_later(self, ms: float) -> None:
        """Have the effect after so long; a publishing at the latest when its worker is dead."""
        worker = self._scheduler.worker
        assert worker
        when = self._scheduler.now + ms
        if self.operation in PUBLISHES:
            when = min(when, worker.deadline)
        self._scheduler.at(when, partial(self._landed, worker, worker.batch))

    def _landed(self, worker: "Worker", batch: str) -> None:
        try:
            self._client.carry_out(self.operation, self.request, worker, batch, heard=False)
        except ClientError:
            return
