"""Which stage the console looks at, and with what: an account, or the emulator that was kept."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError

from chalicelib.dedupe import wall_clock
from chalicelib.desk import Declaration, Desk
from chalicelib.errors import Misconfigured
from ops.aws import REMEDY, client
from ops.emulator import KEPT, Emulator, refuse_unless_loopback
from ops.merchants import Declared, declared, load, services
from ops.resources import prefix

LOCAL = "local"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Stage:
    """A stage as the console sees it.  `emulated` says that CloudWatch has no metrics of it."""

    name: str
    merchants: tuple[Declared, ...]
    #: Functions that serve all merchants; each reads a queue of its own name.
    subscribers: tuple[str, ...]
    rewards: Declaration
    emulated: bool
    now_ms: Callable[[], int]
    #: One look at a time into each quarantine: two would each see a part of it.
    looks: Mapping[str, Lock] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return prefix(self.name)

    @cached_property
    def desk(self) -> Desk:
        """All that rewards have, to look at."""
        return Desk(client("dynamodb"), f"{self.prefix}-rewards", self.rewards, self.now_ms)

    def merchant(self, name: str) -> Declared:
        """Return the merchant of that id."""
        for one in self.merchants:
            if one.merchant.id == name:
                return one
        known = ", ".join(one.merchant.id for one in self.merchants)
        raise Misconfigured(f"app.py has no merchant {name!r}; it has {known}")


def staged(name: str, now_ms: Callable[[], int] | None = None) -> Stage:
    """Ask app.py what the stage has; credentials and endpoint are those of the environment."""
    merchants = tuple(declared(name))
    rewards: Declaration = getattr(load(name), "REWARDS", {})
    return Stage(
        name,
        merchants,
        tuple(services(name)),
        rewards,
        emulated=urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _LOOPBACK,
        now_ms=now_ms or wall_clock,
        looks={one.merchant.id: Lock() for one in merchants},
    )


def chosen(stage: str | None, kept: Path = KEPT) -> tuple[str, str]:
    """Return the stage, and in words what it is looked at with; set the environment for it.

    The kept emulator is used for its own stage, and where neither stage nor credentials are given.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        return stage or os.environ.get("STAGE") or LOCAL, f"at {endpoint}"
    named = stage or os.environ.get("STAGE")
    if kept.exists() and (named == LOCAL or (named is None and not _credentials())):
        emulator = Emulator(json.loads(kept.read_text())["at"], Path(os.devnull))
        refuse_unless_loopback(emulator.endpoint)
        os.environ |= emulator.environment
        os.environ.pop("AWS_PROFILE", None)
        return LOCAL, f"on the emulator that `make run KEEP=1` left up at {emulator.endpoint}"
    if not _credentials():
        raise Misconfigured(
            "no AWS credentials: run `aws configure` or set AWS_PROFILE;"
            " or `make run KEEP=1` first, to look at the embedded AWS"
        )
    return named or "dev", "with your own AWS credentials"


def _credentials() -> bool:
    try:
        return boto3.session.Session().get_credentials() is not None
    except BotoCoreError as fault:  # a profile that isn't there
        raise Misconfigured(f"AWS: {fault}: {REMEDY}") from fault
