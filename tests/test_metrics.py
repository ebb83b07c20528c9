"""The embedded metrics, by the rules of CloudWatch's specification of them."""

from typing import Any

from chalicelib.errors import Code, Rejected
from chalicelib.metrics import MOST_VALUES, REFUSED_FILES, embedded, of_file
from chalicelib.tally import Fate, Tally


def line(*fates: Fate) -> dict[str, Any]:
    tally = Tally("request-1", arrived=len(fates))
    tally.count((fate, Rejected(Code.BAD_MONEY, "x")) for fate in fates)
    return {"merchant": "nordmarkt", **tally.line()}


def units(told: dict[str, Any]) -> dict[str, str]:
    [directive] = told["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}


def test_only_what_was_counted_is_a_metric_and_all_of_it_stays_in_the_log() -> None:
    [told] = embedded(line(Fate.PUBLISHED, Fate.DUPLICATE), [], 5)
    assert units(told) == {"in": "Count", "published": "Count", "duplicate": "Count"}
    assert told["ignored"] == told["quarantined"] == 0
    assert told["request_id"] == "request-1"


def test_every_metric_and_every_dimension_is_a_member_of_the_line() -> None:
    for told in embedded(line(*Fate), [1, 2], 1_700_000_000_000):
        [directive] = told["_aws"]["CloudWatchMetrics"]
        [dimensions] = directive["Dimensions"]
        named = {*units(told), *dimensions} - {"stage"}  # which the log itself adds
        assert named <= told.keys()
        assert told["_aws"]["Timestamp"] == 1_700_000_000_000


def test_quarantine_is_counted_by_code_as_well() -> None:
    by_code, whole = embedded(line(Fate.QUARANTINED, Fate.QUARANTINED, Fate.PUBLISHED), [], 5)
    assert (by_code["code"], by_code["quarantined"]) == ("bad_money", 2)
    assert by_code["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "merchant", "code"]]
    assert whole["quarantined"] == 2


def test_counts_that_do_not_add_up_are_a_metric() -> None:
    unsound = line(Fate.PUBLISHED) | {"unconserved": 1}
    [told] = embedded(unsound, [], 5)
    assert units(told)["unconserved"] == "Count"
    assert "unconserved" not in units(next(embedded(line(Fate.PUBLISHED), [], 5)))


def test_a_metric_has_a_hundred_values_at_most_and_keeps_the_greatest() -> None:
    for count in (1, MOST_VALUES, MOST_VALUES + 1, 250, 20_000):
        [told] = embedded(line(Fate.PUBLISHED), range(count), 5)
        assert len(told["lag"]) <= MOST_VALUES
        assert told["lag"][-1] == count - 1
        assert len(told["lag"]) > min(count, MOST_VALUES) // 2
    assert units(told)["lag"] == "Milliseconds"


def test_a_file_is_counted_if_any_of_it_was_refused() -> None:
    def metrics(**told: Any) -> list[str]:
        line = of_file({"state": "done", "refused": 0, **told}, 0)
        found = line.get("_aws", {}).get("CloudWatchMetrics", ())
        return [one["Name"] for each in found for one in each["Metrics"]]

    assert metrics() == metrics(state="goes on", refused=1) == []
    assert metrics(refused=1) == metrics(state="refused") == [REFUSED_FILES]
