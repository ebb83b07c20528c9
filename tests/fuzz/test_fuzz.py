"""The small share of fuzzing that every run of the tests has time for; shrunk by Hypothesis."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import oracles
from tests.fuzz.mutator import crossed, mutate
from tests.fuzz.targets import targets

TARGETS = targets()
SEEDS = {name: target.seeds() for name, target in TARGETS.items()}


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_themselves_break_nothing(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), changes=st.lists(st.integers(0, 2**32), min_size=1, max_size=4))
def test_no_mutation_of_a_seed_breaks_anything(
    name: str, data: st.DataObject, changes: list[int]
) -> None:
    body = data.draw(st.sampled_from(SEEDS[name]))
    for change in changes:
        body = mutate(body, TARGETS[name].longest, change)
    TARGETS[name].check(body)


@given(st.binary(max_size=200), st.integers(0, 2**32))
def test_a_mutation_is_the_same_again_and_never_too_long(body: bytes, seed: int) -> None:
    assert mutate(body, 100, seed) == mutate(body, 100, seed)
    assert len(mutate(body, 100, seed)) <= 100
    assert crossed(body, b'{"a": 1}', 100, seed) == crossed(body, b'{"a": 1}', 100, seed)


def test_the_oracles_can_fail() -> None:
    with pytest.raises(AssertionError):
        oracles.sound([], b"")
    with pytest.raises(AssertionError):
        oracles.refused(oracles.Rejected(oracles.Code.ADAPTER_FAULT, "x"))
    with pytest.raises(AssertionError):
        oracles.refused(oracles.Rejected(oracles.Code.BAD_SHAPE, "4111111111111111"))


def test_a_mutation_reaches_every_kind_of_text() -> None:
    random = Random(1)
    for body in (b'{"a": [1, "x"]}', b"<a><b>1</b></a>", b"a,b\n1,2\n", b'{"a": 1}\n{"b": 2}'):
        found = {mutate(body, 5000, random.randrange(2**32)) for _ in range(60)}
        assert len(found) > 40
