"""The embedded AWS: MiniStack, on loopback only, with credentials that are worth nothing.

It is never a real account by accident: endpoint and credentials are set here, and an endpoint
that isn't loopback is refused.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 30
KEPT = Path(__file__).parents[1] / ".local" / "emulator.json"


#: A session isn't made for several threads that make clients.
_MAKING = threading.Lock()


@cache
def _session() -> Any:
    """Return the one session: each reads the descriptions of AWS's services anew."""
    return boto3.session.Session()


@dataclass(frozen=True)
class Emulator:
    """A running emulator; `log` is its output."""

    endpoint: str
    log: Path

    @cache  # noqa: B019 - there are a few emulators at most, and clients are dear
    def client(self, service: str, account: str = ACCOUNT) -> Any:
        """Return a client that can only talk to the emulator."""
        refuse_unless_loopback(self.endpoint)
        with _MAKING:
            return _session().client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id=account,
                aws_secret_access_key="not-a-secret",  # noqa: S106 - an emulator's, worth nothing
                config=Config(max_pool_connections=20, retries={"mode": "standard"}),
            )

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to talk to the emulator and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_DEFAULT_REGION": REGION,
        }


def refuse_unless_loopback(endpoint: str) -> None:
    """Exit with a message where the endpoint is anything but this machine."""
    host = urlsplit(endpoint).hostname or ""
    with contextlib.suppress(ValueError):
        if ip_address(host).is_loopback:
            return
    sys.exit(f"{endpoint} is not on this machine's loopback: refusing to touch it")


@contextlib.contextmanager
def running(*, keep: bool = False, auth: bool = False) -> Iterator[Emulator]:
    """Run the emulator for as long as the block runs, and leave nothing of it behind.

    With `auth` it asks IAM about every call.  With `keep` it stays up when the block ends well;
    `stop_kept` stops it.
    """
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    home = Path(tempfile.mkdtemp(prefix="tillbridge-"))
    log = home / "emulator.log"
    process = _start(port, home, log, auth=auth)
    ended_well = False
    try:
        _wait(process, endpoint, log)
        yield Emulator(endpoint, log)
        ended_well = True
    finally:
        if keep and ended_well:
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps({"pid": process.pid, "home": str(home), "at": endpoint}))
        else:
            _stop(process.pid)
            process.wait()
            shutil.rmtree(home, ignore_errors=True)


def stop_kept() -> str | None:
    """Stop the emulator that was kept; return where it was, or None if there was none."""
    if not KEPT.exists():
        return None
    kept = json.loads(KEPT.read_text())
    _stop(kept["pid"])
    shutil.rmtree(kept["home"], ignore_errors=True)
    KEPT.unlink()
    return str(kept["at"])


def _start(port: int, home: Path, log: Path, *, auth: bool) -> "subprocess.Popen[bytes]":
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),  # where it leaves the functions it unpacks
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": str(auth).lower(),
    }
    command = Path(sys.executable).with_name("ministack")
    with log.open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - our own command
            [command], env=environment, stdout=out, stderr=out, start_new_session=True
        )


def _wait(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2)  # noqa: S310 - loopback
            return
        time.sleep(0.05)
    sys.exit(f"the emulator did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(group: int) -> None:
    """Stop it and the function workers, which are of its process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)  # it holds nothing that is worth a farewell


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
