"""What of the code under test is replaced while a case runs: threads, ids, and pure functions.

What is simulated is the half that calls AWS.  The pure half gives the same for the same body, so
it is worked out once a body; the code under test is otherwise unchanged.
"""

import contextlib
import importlib
import logging
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chalicelib import calls, pipeline, quarantine, times
from tests.simulation.scheduler import Pool

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

_read = pipeline.read
_masked = quarantine._masked
_cached: dict[Any, Any] = {}


def _read_once(body: Any, merchant: Any, key: bytes) -> Any:
    """Return what `read` returns, the same list of the same outcomes each time."""
    known = body, merchant.id
    if known not in _cached:
        _cached[known] = _read(body, merchant, key)
    return _cached[known]


@contextlib.contextmanager
def patched(world: "Stage") -> Iterator[None]:
    """Let the code under test run in the world's greenlets, with its ids and its small knobs."""
    Pool.scheduler = world.scheduler
    ids = SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=world.batch_id()))
    changes: list[tuple[Any, str, Any]] = [
        (calls, "ThreadPoolExecutor", Pool),
        (calls, "_log", _Notes(world)),
        (pipeline, "uuid", ids),
        (pipeline, "read", _read_once),
        (pipeline, "times", SimpleNamespace(epoch_ms=cache(times.epoch_ms))),
        (quarantine, "_masked", _masked_once),
    ]
    for name, value in world.terms.knobs:
        module, _, constant = name.rpartition(".")
        changes.append((importlib.import_module(module), constant, value))
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


@cache
def _masked_once(body: Any, policy: Any, key: bytes) -> bytes:
    return _masked(body, policy, key)


class _Notes(logging.Logger):
    """Keeps what the code under test notes."""

    def __init__(self, world: "Stage") -> None:
        super().__init__("notes")
        self._world = world

    def warning(self, msg: object, *args: object, **_: Any) -> None:
        self._world.notes.append(str(msg) % args)
        self._world.tell(self._world.notes[-1])
