"""AWS clients: few tries, the SDK's data without what no function reads, and each made once."""

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from chalicelib import forms

#: Where packaging puts the SDK's data, less what no function reads (ops/sdk.py).
SDK_DATA = "sdk"
#: The services that any function calls.
CALLED = ("dynamodb", "sns", "sqs", "s3", "ssm", "sts")


def _tries(read_timeout: int) -> Config:
    """Return settings for two tries of a call; pipeline's steps say how long they take."""
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=20,
        parameter_validation=False,  # what we call with is ours, and AWS checks it as well
    )


#: Clients may be shared by threads, but not made by several at once.
_MAKING = threading.Lock()
CALLS = _tries(read_timeout=2)
#: To give a publish up too soon is to send a second copy.
PUBLISHES = _tries(read_timeout=10)


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _Loader([str(Path(__file__).parents[1] / SDK_DATA)]))
    return session


class _Loader(Loader):
    """Finds the SDK's data without a look at the four hundred services that are never called."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
        """Return the services that there are for us, whatever is asked of them."""
        return list(CALLED)


@dataclass(frozen=True)
class Later:
    """A client that is made when it is first used: most functions never need a queue's."""

    service: str
    settings: Config

    def __getattr__(self, name: str) -> Any:
        return getattr(client(self.service, self.settings), name)


@cache
def client(service: str, settings: Config) -> Any:
    """Return the client of a service; there is one for each of the settings."""
    with _MAKING:
        return _made(service, settings)


def _made(service: str, settings: Config) -> Any:
    found: Any = _session().create_client(service, config=settings)
    if service == "sns":
        found.meta.events.register("before-call.sns.PublishBatch", forms.write_out)
    return found
