"""Names, keys and time limits come from one place, and agree with one another."""

import pytest
from botocore.config import Config

from chalicelib import clients, pipeline, wiring
from chalicelib.adapters import square
from chalicelib.errors import Misconfigured
from chalicelib.model import Merchant
from ops.resources import lambda_timeout

PLACE = "eu-west-1:123456789012"


def merchant(**settings: object) -> Merchant:
    return Merchant("corner-shop", square.adapt, **settings)


def test_a_merchants_transactions_go_to_the_stages_topic_and_to_what_it_adds() -> None:
    arns = wiring.destinations(merchant(also=("ledger", "topic:sales", "audit.fifo")), PLACE)
    assert arns == [
        f"arn:aws:sns:{PLACE}:tillbridge-local-transactions",
        f"arn:aws:sqs:{PLACE}:tillbridge-local-ledger",
        f"arn:aws:sns:{PLACE}:tillbridge-local-sales",
        f"arn:aws:sqs:{PLACE}:tillbridge-local-audit.fifo",
    ]


def test_hashing_without_a_key_stops_everything_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HASH_KEY", raising=False)
    with pytest.raises(Misconfigured, match="set HASH_KEY"):
        wiring.pipeline(merchant(personal="hash"), f"arn:aws:lambda:{PLACE}:function:f")


def test_two_merchants_with_one_secret_hash_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASH_KEY", "secret")
    keys = {wiring._hash_key(Merchant(name, square.adapt, personal="hash")) for name in "ab"}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("calls", "step_ms"),
    [(clients.CALLS, pipeline.STEP_MS), (clients.PUBLISHES, pipeline.PUBLISH_MS)],
)
def test_a_step_takes_no_longer_than_two_tries_of_a_call(calls: Config, step_ms: int) -> None:
    tries = calls.retries["total_max_attempts"]
    longest = tries * (calls.connect_timeout + calls.read_timeout)
    pause = 1  # before the second try, at most
    assert longest + pause <= step_ms / 1000


def test_a_round_fits_into_an_invocation_with_time_to_spare() -> None:
    spare = 300 * lambda_timeout()
    assert 1000 * lambda_timeout() >= pipeline.ROUND_MS + spare
