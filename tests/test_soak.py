"""Who judges the soak: what is lost, comes twice or grows is noticed.

The soak itself: `python -m tests.prove.soak`.
"""

from typing import Any

import pytest

from ops.logged import Log
from tests.prove.soak import Soak, figures
from tests.wire.load import DUPLICATES, Traffic, Workers, planned
from tests.wire.shop import Shop

SHOP: Any = Shop(None, "soak", ())  # type: ignore[arg-type] - nothing is sent


@pytest.fixture
def soak() -> Soak:
    """A run in which all went well, without any emulator."""
    traffic = Traffic(SHOP, planned(1_000))
    traffic.sent, traffic.seconds, traffic.lags = 1_000, 1.0, [10, 20, 30]
    for about in traffic.newest:
        traffic.sent_ms[about] = 1
        traffic.arrived[about] += 1
        traffic.ids[about] = {"an id"}
    workers = Workers(SHOP, traffic.done, [(at, 60_000_000) for at in range(8)], killed=1)
    told = {"a": {"in": 1_000, "left": 0, "conserved": True}}
    return Soak(traffic, workers, 1.0, 0, [Log({"a"}, told)])


def broken(soak: Soak) -> list[str]:
    return [one.name for one in figures(soak) if not one.holds]


def test_a_run_that_went_well_passes(soak: Soak) -> None:
    assert broken(soak) == []


def test_the_same_seed_makes_the_same_plan_with_resends_and_revisions_in_it() -> None:
    plan = planned(2_000)
    assert plan == planned(2_000)
    assert plan != planned(2_000, seed=2)
    assert len(plan) - len(set(plan)) == pytest.approx(2_000 * DUPLICATES, rel=0.2)
    assert any(sale.edits for sale in plan)


def test_a_lost_sale_is_noticed(soak: Soak) -> None:
    del soak.traffic.arrived[min(soak.traffic.newest)]
    assert broken(soak) == ["lost"]


def test_more_copies_than_the_killed_workers_explain_are_noticed(soak: Soak) -> None:
    soak.traffic.arrived[min(soak.traffic.newest)] += 10
    assert broken(soak) == []
    soak.traffic.arrived[min(soak.traffic.newest)] += 1
    assert broken(soak) == ["copies"]


def test_a_copy_under_another_id_is_noticed(soak: Soak) -> None:
    soak.traffic.ids[min(soak.traffic.newest)].add("another id")
    assert broken(soak) == ["copies under another id"]


def test_what_nobody_sent_is_noticed(soak: Soak) -> None:
    soak.traffic.arrived["strange", 1] += 1
    assert broken(soak) == ["arrived that nobody sent"]


def test_workers_that_grow_are_noticed(soak: Soak) -> None:
    soak.workers.samples[-2:] = [(6, 80_000_000), (7, 90_000_000)]
    assert broken(soak) == ["its growth since the second"]


def test_counts_that_are_off_are_noticed(soak: Soak) -> None:
    soak.logs[0].told["a"] |= {"in": 999, "conserved": False}
    assert broken(soak) == ["counts add up", "logged as ended"]
