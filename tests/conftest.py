"""The emulator is started once for all tests; each test has an account of its own."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ops.emulator import Emulator, running
from tests.world import World

# No test may reach a real account: what boto3 would find on this machine is taken away.
os.environ |= {
    "STAGE": "local",
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
os.environ.pop("AWS_PROFILE", None)


# The same examples at every run: a check that fails now and then is no check.
settings.register_profile("check", derandomize=True, deadline=None)
settings.load_profile("check")


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with running() as started:
        yield started


@pytest.fixture
def world(emulator: Emulator) -> World:
    return World(emulator)


@pytest.fixture(autouse=True)
def _stage() -> Iterator[None]:
    """Let nothing leave another stage behind: a look at app.py sets it, in fixtures as well."""
    os.environ["STAGE"] = "local"
    yield
    os.environ["STAGE"] = "local"


from tests.operator import operator  # noqa: E402, F401 - a fixture
