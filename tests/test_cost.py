"""The cost model says what its parts say, and its document isn't stale."""

import pytest

from benchmarks import cost, document
from benchmarks.cost import Usage, milliseconds, monthly, per_million


def test_the_document_is_not_stale() -> None:
    """If this fails: python -m benchmarks.document."""
    assert document.DOCUMENT.read_text() == document.text()


def test_nothing_is_left_to_be_filled_in() -> None:
    assert "<!--" not in document.text()


def test_ten_new_transactions_pay_for_eleven_writes_one_publish_and_two_requests_of_sqs() -> None:
    found = per_million(Usage(batch=10), duration=100)
    assert found["DynamoDB"] == pytest.approx(1.1 * 0.625)
    assert found["SNS"] == pytest.approx(0.05)
    assert found["SQS"] == pytest.approx(0.08)
    assert found["Lambda"] == pytest.approx(0.02 + 1e5 * 0.1 * 0.25 * 0.0000166667)


def test_resends_pay_for_refused_writes_and_for_reading_but_publish_nothing() -> None:
    found = per_million(Usage(batch=10, duplicates=1))
    assert found["DynamoDB"] == pytest.approx(0.625 + 2 * 0.125)
    assert found["SNS"] == 0


def test_a_small_function_computes_longer_and_a_large_one_waits_as_long() -> None:
    times = [milliseconds(Usage(memory=memory)) for memory in (128, 256, 1769, 3538)]
    assert times[0] > times[1] > times[2] == times[3] > 22


def test_durations_lie_between_those_measured() -> None:
    known = [cost.MEASURED["new"][size] for size in ("1", "10", "100")]
    assert known[0] < cost._cpu("new", 5) < known[1] < cost._cpu("new", 50) < known[2]
    assert cost._cpu("new", 200) == pytest.approx(2 * known[2])


def test_idle_merchants_pay_for_being_polled_and_watched() -> None:
    idle = monthly(Usage(transactions=0, merchants=1000, queues=1000))
    assert idle["transactions"] == idle["logs"] == 0
    assert idle["polling"] == pytest.approx(1000 * 0.4 * 5 * 3 * 60 * 24 * 30.4 / 1e6)
    shared = monthly(Usage(transactions=0, merchants=1000, queues=1))
    assert shared["polling"] == pytest.approx(idle["polling"] / 1000)


def test_the_command_tells_costs_and_the_date_of_its_prices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cost.main(["--batch", "10", "--memory", "256", "--merchants", "1000"]) == 0
    said = capsys.readouterr().out
    assert "polling" in said
    assert cost.PRICES["as_of"] in said
