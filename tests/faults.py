"""Faults inside the process under test, below botocore's own retries."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.endpoint import Endpoint
from botocore.exceptions import ConnectionClosedError

Answer = tuple[tuple[Any, dict[str, Any]] | None, Exception | None]
#: Gets the name of the operation and the real call; returns an answer, or raises.
Fault = Callable[[str, Callable[[], Answer]], Answer]


class Killed(BaseException):
    """The worker died: nothing in the code under test may catch this."""


@dataclass
class Wire:
    """What went over the wire: each call's operation and its request, in order."""

    calls: list[str] = field(default_factory=list)
    write_units: float = 0

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.calls)


@contextlib.contextmanager
def wire(fault: Fault | None = None) -> Iterator[Wire]:
    """Record every AWS call that is made in the block, and meddle with it."""
    real = Endpoint._get_response
    seen = Wire()

    def get_response(self: Any, request: Any, operation: Any, context: Any) -> Answer:
        seen.calls.append(operation.name)

        def call() -> Answer:
            return real(self, request, operation, context)

        return fault(operation.name, call) if fault else call()

    with mock.patch.object(Endpoint, "_get_response", get_response):
        yield seen


def killed_at(number: int, *, after: bool) -> Fault:
    """Kill the worker before or after its call of that number, counted from 0."""
    made = iter(range(1_000_000))

    def fault(_: str, call: Callable[[], Answer]) -> Answer:
        if next(made) != number:
            return call()
        if after:
            call()
        raise Killed

    return fault


def lost(operation: str, times: int = 1) -> Fault:
    """Apply the call and lose its answer, so that botocore tries it again."""
    left = [times]

    def fault(name: str, call: Callable[[], Answer]) -> Answer:
        answer = call()
        if name != operation or not left[0]:
            return answer
        left[0] -= 1
        return None, ConnectionClosedError(endpoint_url="http://lost")

    return fault


def failing(operation: str, times: int = 1_000) -> Fault:
    """Never let the call through, so that botocore's retries are used up."""
    left = [times]

    def fault(name: str, call: Callable[[], Answer]) -> Answer:
        if name != operation or not left[0]:
            return call()
        left[0] -= 1
        return None, ConnectionClosedError(endpoint_url="http://failing")

    return fault


def refusing(operation: str, *places: int, code: str = "InternalError") -> Fault:
    """Let single entries fail inside an answer that says 200, without applying them."""

    def fault(name: str, call: Callable[[], Answer]) -> Answer:
        answer = call()
        if name == operation and answer[0]:
            found = answer[0][1]
            taken = found.get("Successful", [])
            found["Successful"] = [e for e in taken if int(e["Id"]) not in places]
            found["Failed"] = [{"Id": str(p), "Code": code, "SenderFault": False} for p in places]
        return answer

    return fault


def told_failed(call_number: int, *places: int) -> Fault:
    """Apply all statements of the batch of that number, and call some of them failed."""
    made = iter(range(1_000_000))

    def fault(name: str, call: Callable[[], Answer]) -> Answer:
        answer = call()
        if name == "BatchExecuteStatement" and next(made) == call_number and answer[0]:
            for place in places:
                answer[0][1]["Responses"][place] = {"Error": {"Code": "InternalServerError"}}
        return answer

    return fault
