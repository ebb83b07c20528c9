"""What stands in app.py agrees with itself, with Chalice's ways and with AWS's limits."""

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ops import merchants, resources
from ops.tills import Sale, square_payment

STAGES = ("dev", "prod", "local")
LONGEST_NAME = 64


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_handler_is_found_where_lambda_looks_for_it(stage: str) -> None:
    app = merchants.load(stage).app
    for source in app.event_sources:
        module, name = source.handler_string.rsplit(".", 1)
        assert module == "app"
        assert getattr(importlib.import_module(module), name) is app.handler_map[source.name]


@pytest.mark.parametrize("before", [None, "some shell"])
def test_loading_the_app_tells_aws_no_more_of_us_each_time(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv("AWS_EXECUTION_ENV", raising=False)
    if before:
        monkeypatch.setenv("AWS_EXECUTION_ENV", before)
    for _ in range(2):
        merchants.load("dev")
    assert os.environ.get("AWS_EXECUTION_ENV") == before


def test_queues_and_topics_are_the_merchants_own_and_the_stages(stage: str) -> None:
    for one in merchants.declared(stage):
        assert one.source == f"tillbridge-{stage}-{one.merchant.id}"


def test_a_function_bears_its_merchants_name(stage: str) -> None:
    for one in merchants.declared(stage):
        assert one.function == one.merchant.id.replace("-", "_")


def test_no_name_is_longer_than_aws_allows(stage: str) -> None:
    app = merchants.load(stage).app
    assert all(len(f"{app.app_name}-{stage}-{s.name}") <= LONGEST_NAME for s in app.event_sources)


def test_merchants_are_fenced_off_from_one_another_by_their_keys() -> None:
    names = [one.merchant.id for one in merchants.declared("dev")]
    assert len(set(names)) == len(names) >= 5
    assert not any("#" in name or "*" in name for name in names)


def test_both_kinds_of_source_and_three_vendors_are_shown() -> None:
    found = merchants.declared("dev")
    assert {one.kind for one in found} == {"sqs", "sns"}
    assert {one.vendor for one in found} >= {"square", "shopify", "poslog"}
    assert any(one.merchant.also for one in found)


def test_the_stages_of_the_config_name_themselves() -> None:
    config = json.loads(resources.CONFIG.read_text())
    for name, section in config["stages"].items():
        assert section["environment_variables"]["STAGE"] == name
    assert config["autogen_policy"] is False


def test_chalicelib_knows_nothing_of_chalice_but_the_events_it_is_handed() -> None:
    for path in Path("chalicelib").rglob("*.py"):
        code = path.read_text()
        imports = [line for line in code.splitlines() if "chalice." in line and "import" in line]
        imports = [line for line in imports if "chalicelib" not in line]
        assert imports in ([], ["    from chalice.app import SNSEvent, SQSEvent"]), path


def test_only_wiring_reads_the_environment() -> None:
    readers = [p.name for p in Path("chalicelib").rglob("*.py") if "environ" in p.read_text()]
    assert readers == ["wiring.py"]


def test_the_merchant_is_who_owns_the_queue_whatever_a_body_says() -> None:
    module: Any = merchants.load("local")
    [found] = module.square.adapt(
        square_payment(Sale(1, 100)), module.Merchant("mine", module.square.adapt)
    )
    assert '"merchant_id": "somebody-else"' in square_payment(Sale(1, 100))
    assert found.merchant == "mine"
