"""The decision table, cell by cell."""

from dataclasses import replace

import pytest

from chalicelib.claims import Claim, Verdict, decide, held

NOW = 1_000
FOUND = Claim("k", "their batch", revision=5, fingerprint="content", lease_until=NOW - 1)
OURS = Claim("k", "our batch", revision=5, fingerprint="content", lease_until=NOW + 60)
OTHER = "other content"

# committed, lease alive, our revision, our content -> verdict
TABLE = [
    (True, False, 5, "content", Verdict.DUPLICATE),
    (True, False, 4, "content", Verdict.DUPLICATE),
    (True, False, 6, "content", Verdict.ADVANCE),
    (True, False, 6, OTHER, Verdict.TAKE_OVER),
    (True, False, 4, OTHER, Verdict.SUPERSEDED),
    (True, False, 5, OTHER, Verdict.CONFLICT),
    (True, True, 6, OTHER, Verdict.TAKE_OVER),
    (False, True, 5, "content", Verdict.BUSY),
    (False, True, 6, OTHER, Verdict.BUSY),
    (False, True, 4, OTHER, Verdict.BUSY),
    (False, True, 5, OTHER, Verdict.BUSY),
    (False, False, 5, "content", Verdict.TAKE_OVER),
    (False, False, 6, "content", Verdict.TAKE_OVER),
    (False, False, 4, "content", Verdict.SUPERSEDED),
    (False, False, 6, OTHER, Verdict.TAKE_OVER),
    (False, False, 4, OTHER, Verdict.SUPERSEDED),
    (False, False, 5, OTHER, Verdict.TAKE_OVER),
]


@pytest.mark.parametrize(("committed", "alive", "revision", "content", "verdict"), TABLE)
def test_the_verdict_is_the_tables(
    *, committed: bool, alive: bool, revision: int, content: str, verdict: Verdict
) -> None:
    found = replace(FOUND, lease_until=NOW + 1 if alive else NOW - 1)
    ours = replace(OURS, revision=revision, fingerprint=content)
    assert decide(found, ours, NOW, committed=committed) is verdict


@pytest.mark.parametrize("committed", [False, True])
def test_a_claim_of_our_own_batch_is_ours_whatever_else_it_says(*, committed: bool) -> None:
    found = replace(FOUND, batch_id=OURS.batch_id, lease_until=NOW + 60)
    assert decide(found, OURS, NOW, committed=committed) is Verdict.OURS


def test_a_lease_is_alive_until_its_very_last_moment() -> None:
    found = replace(FOUND, lease_until=NOW)
    assert decide(found, OURS, NOW, committed=False) is Verdict.BUSY
    assert decide(found, OURS, NOW + 1, committed=False) is Verdict.TAKE_OVER


def test_the_same_content_is_owed_only_to_those_who_have_not_got_it() -> None:
    assert held(Verdict.TAKE_OVER, FOUND, OURS, ("ledger",)).owed == ("ledger",)


def test_other_content_is_owed_to_all() -> None:
    newer = replace(OURS, revision=6, fingerprint=OTHER)
    assert held(Verdict.TAKE_OVER, FOUND, newer, ("ledger",)).owed == ()


def test_an_advanced_claim_stays_with_the_batch_that_committed_it() -> None:
    advanced = held(Verdict.ADVANCE, FOUND, replace(OURS, revision=6), ())
    assert (advanced.batch_id, advanced.revision) == (FOUND.batch_id, 6)
