"""What can go wrong with one try of one call, each kind with a rate of its own.

`late` and `stalled` keep to what docs/PROTOCOL.md assumes: a worker past its deadline is dead, and
what AWS is still carrying out for it then is no publishing (a step's time-outs and the lease's
margin are there for that).  Claims and markers may land at any time.
"""

import random
from bisect import bisect
from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.faults import Killed
from tests.simulation.answers import ENDPOINT, error

if TYPE_CHECKING:
    from tests.simulation.sdk import Try

Fault = Callable[["Try"], Any]

#: Requests whose parts are carried out one by one, and the field that holds the parts.
PARTS = {
    "batch_execute_statement": "Statements",
    "publish_batch": "PublishBatchRequestEntries",
    "send_message_batch": "Entries",
    "delete_message_batch": "Entries",
    "change_message_visibility_batch": "Entries",
}
PUBLISHES = {"publish_batch", "send_message_batch"}


def killed_before(_: "Try") -> Any:
    """Kill the worker before its call has any effect."""
    raise Killed


def killed_after(call: "Try") -> Any:
    """Kill the worker once its call has had its effect."""
    call.land()
    raise Killed


def lost(call: "Try") -> Any:
    """Carry the call out, and lose its answer on the way."""
    call.land()
    raise ConnectionClosedError(endpoint_url=ENDPOINT)


def broken_after(call: "Try") -> Any:
    """Carry the call out, and answer with a 500."""
    call.land()
    raise error(call.operation, "InternalServerError", "injected", status=500)


def broken(call: "Try") -> Any:
    """Answer with a 500, and do nothing."""
    raise error(call.operation, "InternalServerError", "injected", status=500)


def throttled(call: "Try") -> Any:
    """Refuse the call for now."""
    raise error(call.operation, "ThrottlingException", "injected")


def dropped(call: "Try") -> Any:
    """Lose the request: the client waits for nothing."""
    call.wait(call.timeout_ms)
    raise ReadTimeoutError(endpoint_url=ENDPOINT)


def late(call: "Try") -> Any:
    """Carry the call out after the client has given it up."""
    more = call.rng.choice((10, 3_000, 60_000, 400_000)) * call.rng.random()
    call.land_later(call.timeout_ms + more)
    call.wait(call.timeout_ms)
    raise ReadTimeoutError(endpoint_url=ENDPOINT)


def slow(call: "Try") -> Any:
    """Take almost as long as the client waits, before the effect and after it."""
    share = call.rng.random()
    call.wait(call.timeout_ms * share * 0.99)
    answer = call.apply(call.request)
    call.wait(call.timeout_ms * (1 - share) * 0.99)
    return answer


def stalled(call: "Try") -> Any:
    """Give the worker no CPU before its call, for so long that its deadline may pass."""
    call.wait(call.rng.choice((5_000, 40_000, 130_000)) * call.rng.random())
    return call.apply(call.request)


def stalled_to_the_end(call: "Try") -> Any:
    """Give the worker no CPU before its call, almost until its deadline."""
    call.wait(max(call.time_left - 4_000 * call.rng.random(), 0))
    return call.apply(call.request)


def partly(call: "Try") -> Any:
    """Refuse some parts inside an answer that says 200."""
    return _parted(call, applied=False)


def partly_told(call: "Try") -> Any:
    """Carry all parts out, and call some of them failed inside an answer that says 200."""
    return _parted(call, applied=True)


def partly_read(call: "Try") -> Any:
    """Leave some keys of a BatchGetItem unprocessed."""
    [(name, wanted)] = call.request["RequestItems"].items()
    unread = [key for key in wanted["Keys"] if call.rng.random() < 0.5]
    read = [key for key in wanted["Keys"] if key not in unread]
    answer: Any = {"Responses": {name: []}, "UnprocessedKeys": {}}
    if read:
        answer = call.apply({"RequestItems": {name: {**wanted, "Keys": read}}})
    left = {name: {**wanted, "Keys": unread}} if unread else {}
    return {**answer, "UnprocessedKeys": left}


def out(call: "Try") -> Any:
    """The service doesn't answer at all: its outage."""
    call.wait(call.rng.choice((50, 1_000, call.timeout_ms)))
    raise EndpointConnectionError(endpoint_url=ENDPOINT)


def _parted(call: "Try", *, applied: bool) -> Any:
    field = PARTS[call.operation]
    parts = call.request[field]
    refused = {at for at in range(len(parts)) if call.rng.random() < 0.5}
    sent = [part for at, part in enumerate(parts) if applied or at not in refused]
    answer = call.apply({**call.request, field: sent}) if sent else {}
    if call.operation == "batch_execute_statement":
        code = "InternalServerError" if applied else call.rng.choice(_STATEMENT_CODES)
        responses = iter(answer.get("Responses", ()))
        told = [next(responses) if applied or at not in refused else {} for at in range(len(parts))]
        failed = {"Error": {"Code": code, "Message": "injected"}}
        return {"Responses": [failed if at in refused else one for at, one in enumerate(told)]}
    ids = {parts[at]["Id"] for at in refused}
    taken = [one for one in answer.get("Successful", ()) if one["Id"] not in ids]
    failed = {"Code": "InternalError", "Message": "injected", "SenderFault": False}
    return {"Successful": taken, "Failed": [{"Id": one, **failed} for one in sorted(ids)]}


_STATEMENT_CODES = ("ThrottlingError", "ProvisionedThroughputExceeded", "InternalServerError")

KINDS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        killed_before, killed_after, lost, broken_after, broken, throttled, dropped, late, slow,
        stalled, stalled_to_the_end, partly, partly_told, partly_read,
    )
}  # fmt: skip
#: Kinds that befall certain operations only.
ONLY: Mapping[str, Container[str]] = {
    "partly": PARTS, "partly_told": PARTS, "partly_read": {"batch_get_item"}
}  # fmt: skip
#: Faults that are no call's: the queue's, Lambda's and its poller's.
AROUND = ("duplicate", "lapse", "unacknowledged", "discarded", "redriven")


def drawn_rates(
    rng: random.Random, kinds: Iterable[str], often: tuple[str, float, float] | None = None
) -> tuple[tuple[str, float], ...]:
    """Return some of the kinds, each with a rate: no run has all, so that none hides another.

    `often` is a kind with its share of the runs that have any, and its rate in these.
    """
    scale = rng.choice((0.0, 0.01, 0.03, 0.1, 0.2))
    if not scale:
        return ()
    share = rng.choice((0.15, 0.4, 0.7))
    rates = [(kind, scale * rng.random()) for kind in kinds if rng.random() < share]
    if often and rng.random() < often[1]:
        rates.append((often[0], often[2]))
    around = [(kind, 3 * scale * rng.random()) for kind in AROUND if rng.random() < share]
    return (*rates, *around)


class Faults:
    """Draws the fault of each try."""

    def __init__(
        self,
        rates: Mapping[str, float],
        rng: random.Random,
        kinds: Mapping[str, Fault] = KINDS,
        only: Mapping[str, Container[str]] = ONLY,
    ) -> None:
        self._rates = rates
        self._rng = rng
        self._kinds = kinds
        self._only = only
        self._tables: dict[str, tuple[list[float], list[Fault]]] = {}

    def draw(self, operation: str) -> Fault | None:
        """Return what befalls a try of this operation, or None."""
        bounds, kinds = self._tables.get(operation) or self._table(operation)
        place = bisect(bounds, self._rng.random())
        return kinds[place] if place < len(kinds) else None

    def strikes(self, kind: str) -> bool:
        """Tell whether a fault of those around the calls strikes now."""
        rate = self._rates.get(kind)
        return rate is not None and self._rng.random() < rate

    def _table(self, operation: str) -> tuple[list[float], list[Fault]]:
        bounds: list[float] = []
        kinds: list[Fault] = []
        for kind, rate in self._rates.items():
            if kind in self._kinds and operation in self._only.get(kind, {operation}):
                bounds.append((bounds[-1] if bounds else 0.0) + rate)
                kinds.append(self._kinds[kind])
        self._tables[operation] = bounds, kinds
        return bounds, kinds
