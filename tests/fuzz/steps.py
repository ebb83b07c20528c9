"""A bound on work that no clock is needed for: calls counted while something runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Calls that any body may cost, and that each byte of it may.
STEPS, STEPS_PER_BYTE = 20_000, 60


@contextmanager
def few_steps(size: int, *, watched: bool = True) -> Iterator[None]:
    """Check that what runs inside makes no more calls than its input's size allows."""
    if not watched:
        yield
        return
    calls = 0

    def count(_frame: Any, what: str, _detail: Any) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert calls <= STEPS + STEPS_PER_BYTE * size, f"{calls} calls for {size} bytes"
