"""Every check runs twice: against the embedded AWS, and against the models."""

import pytest

from tests.conformance.aws import Aws, embedded, modelled


@pytest.fixture(params=["emulator", "models"])
def aws(request: pytest.FixtureRequest) -> Aws:
    if request.param == "models":
        return modelled()
    return embedded(request.getfixturevalue("emulator"))
