"""What can go wrong with a transaction, beside what can with any call."""

from collections.abc import Container, Mapping
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.memory import cancelled, keys_of
from tests.simulation import faults
from tests.simulation.answers import ENDPOINT
from tests.simulation.faults import Fault
from tests.simulation.sdk import Try


def torn(call: Try) -> Any:
    """Let some of a transaction's writes be seen at once, and the others later."""
    before = set(call.model.pending)
    call.model.hold = lambda: call.rng.random() < 0.5
    try:
        answer = call.apply(call.request)
    finally:
        call.model.hold = bool
    held = sorted(call.model.pending.keys() - before)
    ms = call.rng.choice((10, 3_000, 60_000)) * call.rng.random()
    call.later(ms, lambda: call.model.settle(held))
    call.wait(min(ms, call.timeout_ms))
    if ms > call.timeout_ms:
        raise ReadTimeoutError(endpoint_url=ENDPOINT)
    return answer


def conflicted(call: Try) -> Any:
    """Cancel a transaction because another is at one of its items."""
    return _cancelled(call, "TransactionConflict")


def overloaded(call: Try) -> Any:
    """Cancel a transaction because one of its items is asked for too often."""
    return _cancelled(call, call.rng.choice(("ThrottlingError", "ProvisionedThroughputExceeded")))


def _cancelled(call: Try, code: str) -> Any:
    codes = ["None"] * len(keys_of(call.request["TransactItems"]))
    codes[call.rng.randrange(len(codes))] = code
    raise cancelled(codes)


_OWN: dict[str, Fault] = {fault.__name__: fault for fault in (torn, conflicted, overloaded)}
KINDS: Mapping[str, Fault] = {**faults.KINDS, **_OWN}
ONLY: Mapping[str, Container[str]] = {
    **faults.ONLY,
    **dict.fromkeys(_OWN, frozenset({"transact_write_items"})),
}
