"""microburst between the functions and the emulator: throttles, errors, resets, cut answers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from ops.emulator import _free_port

START_SECONDS = 30
Rules = list[dict[str, Any]]


class Burst:
    """A running microburst, and its rules."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def add(self, rule: dict[str, Any]) -> int:
        """Add a rule; return its id."""
        return int(self._ask("PATCH", [rule])[-1]["id"])

    def fired(self, rule: int) -> int:
        """Return how often a rule has fired, by microburst's own count."""
        return sum(one["fired_count"] for one in self._ask("GET") if one["id"] == rule)

    def lift(self, rule: int) -> None:
        """Take a rule away; the others stay."""
        for found in self._ask("GET"):
            if found["id"] == rule:
                told = {k: v for k, v in found.items() if k not in {"id", "fired_count"}}
                self._ask("DELETE", [told])

    def _ask(self, method: str, body: Rules | None = None, path: str = "rules") -> Any:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.endpoint}/_microburst/{path}",
            method=method, data=json.dumps(body).encode() if body is not None else None,
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextlib.contextmanager
def bursting(upstream: str) -> Iterator[Burst]:
    """Run microburst on loopback for as long as the block runs."""
    port = _free_port()
    command = Path(sys.executable).with_name("microburst")
    process = subprocess.Popen(
        [command, "--host", "127.0.0.1", "--port", str(port), "--upstream", upstream],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        burst = Burst(f"http://127.0.0.1:{port}")
        _wait(process, burst)
        _refuse_unless_loopback(process.pid)
        yield burst
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", burst: Burst) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            burst._ask("GET", None, "health")
            return
        time.sleep(0.05)
    sys.exit("microburst did not start")


def _refuse_unless_loopback(pid: int) -> None:
    """Exit where microburst listens anywhere but on loopback: its rules are open to anyone."""
    for found in psutil.Process(pid).net_connections():
        if found.status == psutil.CONN_LISTEN and found.laddr.ip != "127.0.0.1":
            sys.exit(f"microburst listens on {found.laddr.ip}: it may on 127.0.0.1 only")
