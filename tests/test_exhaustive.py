"""Every interleaving within small bounds; and that the search can fail."""

import pytest

from chalicelib.claims import Verdict
from tests.exhaustive import mutants, state
from tests.exhaustive.rules import Rules
from tests.exhaustive.search import Bounds, search
from tests.exhaustive.state import Job, Shared

WRONG = [
    (where, verdict)
    for where, _, verdict in mutants.every_cell()
    if (where, verdict) not in mutants.HARMLESS
]


@pytest.mark.parametrize(
    "bounds",
    [*mutants.BOUNDS, Bounds("A1 A1 B2 A3"), Bounds("A1 B2 A3", crashes=2)],
    ids=lambda bounds: f"{bounds.messages} {bounds.destinations}{bounds.crashes}{bounds.losses}",
)
def test_no_interleaving_breaks_the_promise(bounds: Bounds) -> None:
    found = search(bounds)
    assert not found.counterexample, "\n".join(found.counterexample)
    assert found.terminal


@pytest.mark.parametrize("rules", mutants.SHORTCUTS.values(), ids=mutants.SHORTCUTS)
def test_what_looks_right_and_is_wrong_is_found(rules: Rules) -> None:
    assert mutants.noticed(rules)


@pytest.mark.parametrize(
    ("where", "verdict"), WRONG, ids=[" ".join((*where, verdict.name)) for where, verdict in WRONG]
)
def test_a_cell_that_is_decided_otherwise_is_found(where: mutants.Cell, verdict: Verdict) -> None:
    assert mutants.noticed(mutants.otherwise(where, verdict))


def test_what_is_called_harmless_is_a_cell_that_could_be_decided_so() -> None:
    every = {(where, verdict) for where, _, verdict in mutants.every_cell()}
    assert set(mutants.HARMLESS) < every


def test_a_violation_is_told_as_steps_in_words() -> None:
    where = mutants.Cell("committed", "same", "newer")
    told = search(Bounds("A1 A3 B2"), mutants.otherwise(where, Verdict.DUPLICATE)).counterexample
    assert told[0] == "1. the worker with A1 writes its claim (INSERT)"
    assert told[-1] == "the last content published is not the newest revision's"
    assert len(told) == 9


@pytest.mark.parametrize("messages", ["A1 A1", "A1 B2", "A1 X1"])
def test_the_states_that_are_left_out_lead_to_no_other_end(
    monkeypatch: pytest.MonkeyPatch, messages: str
) -> None:
    short = search(Bounds(messages))

    def untouched(job: Job, _: Shared) -> Job:
        return job

    monkeypatch.setattr(state, "_simpler", untouched)
    full = search(Bounds(messages))
    assert full.states > 2 * short.states
    assert full.terminal == short.terminal
