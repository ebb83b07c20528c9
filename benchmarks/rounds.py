"""Rounds of batches in a process of their own, which may get a share of a CPU only."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.worker import Job

#: Lambda gives one full CPU at so many MB, and shares it out in slices.
MB_A_CPU = 1769
SLICE = 0.020

Rows = list[dict[str, dict[str, float]]]


def sampled(
    job: Job, environment: Mapping[str, str], each: Callable[[], None], memory: int = 0
) -> tuple[Rows, float]:
    """Run the job; return its rounds, and the most memory that the process had (MB).

    With `memory` (MB) the process gets Lambda's share of a CPU, from its first round on.
    """
    command = [sys.executable, "-m", "benchmarks.worker", json.dumps(dataclasses.asdict(job))]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env=os.environ | dict(environment), stdout=subprocess.PIPE, text=True
    )
    rows: list[dict[str, Any]] = []
    with process, contextlib.ExitStack() as stack:
        assert process.stdout is not None
        for line in process.stdout:
            if memory and not rows:
                stack.enter_context(throttled(process.pid, memory / MB_A_CPU))
            rows.append(json.loads(line))
            each()
    if process.returncode:
        raise RuntimeError(f"the benchmark's worker failed: {' '.join(job.variants)}")
    peak = rows.pop()["peak_mb"]
    return rows[1:] if memory else rows, peak


@contextlib.contextmanager
def throttled(pid: int, share: float) -> Iterator[None]:
    """Let a process run for its share of each slice, and stop it for the rest."""
    ended = threading.Event()

    def slices() -> None:
        while not ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                time.sleep(SLICE * (1 - share))
                os.kill(pid, signal.SIGCONT)
            time.sleep(SLICE * share)

    thread = threading.Thread(target=slices)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
