"""The whole chain in the simulator: from till to points, whatever goes wrong on the way."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import story
from chalicelib.shelf import LostRace, Shelf, put
from ops.emulator import Emulator
from tests.counter import TABLE, create
from tests.faults import lost, wire
from tests.simulation import shrink
from tests.simulation.points.case import drawn, smaller, traded
from tests.simulation.points.running import run, run_seed
from tests.simulation.points.table import TOKEN_MS, Table
from tests.simulation.running import run_seeds
from tests.test_simulation import told
from tests.world import _accounts


def test_every_member_has_what_is_owed_after_many_small_months() -> None:
    result = run_seeds(range(20_000, 20_050), run_seed)
    assert result.broken == {}
    assert min(result.crashes, result.copies, result.balances) > 100
    assert min(result.faults[kind] for kind in ("torn", "conflicted", "lost", "redriven")) > 0


#: Each showed something at one time.
@pytest.mark.parametrize("seed", [61, 260, 371, 421])
def test_a_seed_that_once_showed_something_holds(seed: int) -> None:
    assert run_seed(seed).broken == {}


def test_a_seed_gives_the_same_run_to_the_letter() -> None:
    first = told(20_002, "1", "--points")
    assert first == told(20_002, "2", "--points")
    assert first.count("writes story#") > 5


def test_a_failing_month_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "_counts", lambda *_: True)  # nothing waits for its original
    case = next(case for case in map(drawn, range(1, 100)) if run(case).broken)
    small = shrink.shrunk(replace(case, rates=(*case.rates, ("slow", 0.01))), run, smaller)
    assert run(small).broken
    assert len(traded(small).bills) <= 2
    assert len(small.rates) <= 1


@pytest.fixture
def clock() -> list[int]:
    return [1_795_467_600_000]


def table(clock: list[int], *, tokens: bool = True) -> Table:
    return Table(lambda: clock[0], tokens=tokens)


def puts(*places: str) -> list[Any]:
    return [put(TABLE, {"pk": {"S": "a"}, "sk": {"S": place}}, new=True) for place in places]


def seen(one: Table) -> list[str]:
    return sorted(sk for _, sk in one.items)


def held(one: Table, writes: list[Any]) -> None:
    """Write the first, and hold the others back."""
    turns = iter([False] + [True] * len(writes))
    one.hold = lambda: next(turns)
    one.transact_write_items(TransactItems=writes, ClientRequestToken="t")
    one.hold = bool


def test_a_transaction_may_be_seen_in_parts_and_meets_others(clock: list[int]) -> None:
    one = table(clock)
    held(one, puts("x", "y"))
    assert seen(one) == ["x"]
    with pytest.raises(one.exceptions.TransactionCanceledException) as refused:
        one.transact_write_items(TransactItems=puts("z", "y"))
    codes = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert codes == ["None", "TransactionConflict"]
    with pytest.raises(LostRace):
        Shelf(one, TABLE, "c", lambda: 0).write(puts("y"))
    one.settle(sorted(one.pending))
    assert seen(one) == ["x", "y"]


def test_a_token_makes_a_transaction_once_for_ten_minutes(clock: list[int]) -> None:
    one = table(clock)
    held(one, puts("x", "y"))
    with pytest.raises(ClientError, match="TransactionInProgress"):
        one.transact_write_items(TransactItems=puts("x", "y"), ClientRequestToken="t")
    one.settle(sorted(one.pending))
    one.transact_write_items(TransactItems=puts("x", "y"), ClientRequestToken="t")
    for again in (one, forgetful := table(clock, tokens=False)):
        if again is forgetful:
            forgetful.transact_write_items(TransactItems=puts("x"), ClientRequestToken="t")
        clock[0] += TOKEN_MS + 1
        with pytest.raises(one.exceptions.TransactionCanceledException):
            again.transact_write_items(TransactItems=puts("x"), ClientRequestToken="t")


@pytest.mark.emulator
def test_the_sdk_gives_each_transaction_a_token_for_all_its_tries(emulator: Emulator) -> None:
    client = emulator.client("dynamodb", str(next(_accounts)))
    create(client)
    tokens = []

    def sent(request: Any, **_: Any) -> None:
        tokens.append(json.loads(request.body)["ClientRequestToken"])

    client.meta.events.register("before-send.dynamodb.TransactWriteItems", sent)
    for place in "xy":
        with wire(lost("TransactWriteItems")), suppress(ClientError):
            client.transact_write_items(TransactItems=puts(place))
    first, again, second, third = tokens
    assert (first, second) == (again, third)
    assert first != second
