"""Times: with the till's offset or the store's zone, and believable, or refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import times
from chalicelib.errors import Code, Misconfigured, Rejected


@pytest.mark.parametrize(
    ("written", "rfc3339"),
    [
        ("2026-11-23T10:00:00+01:00", "2026-11-23T10:00:00+01:00"),
        ("2026-11-23T10:00:00-0330", "2026-11-23T10:00:00-03:30"),
        ("2026-11-23T10:00:00+0000", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23 10:00:00Z", "2026-11-23T10:00:00+00:00"),
        (" 2026-11-23T10:00Z\n", "2026-11-23T10:00:00+00:00"),
        ("20261123T100000Z", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00:00.1Z", "2026-11-23T10:00:00.100000+00:00"),
        ("2026-11-23T10:00:00.1234567+01:00", "2026-11-23T10:00:00.123456+01:00"),
        ("2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456+00:00"),
    ],
)
def test_a_time_with_an_offset_keeps_it(written: str, rfc3339: str) -> None:
    assert times.instant(written) == rfc3339
    assert times.instant(written, "Asia/Tokyo") == rfc3339


@pytest.mark.parametrize(
    ("local", "zone", "rfc3339"),
    [
        ("2026-07-01T10:00:00", "Europe/Berlin", "2026-07-01T10:00:00+02:00"),
        ("2026-12-01T10:00:00", "Europe/Berlin", "2026-12-01T10:00:00+01:00"),
        ("2026-07-01T10:00:00", "Australia/Lord_Howe", "2026-07-01T10:00:00+10:30"),
        ("2026-12-01T10:00:00", "America/New_York", "2026-12-01T10:00:00-05:00"),
        # The hour that comes twice, then the one that doesn't come at all.
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
        ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T02:30:00+01:00"),
    ],
)
def test_a_local_time_gets_the_stores_offset_of_that_day(
    local: str, zone: str, rfc3339: str
) -> None:
    assert times.instant(local, zone) == rfc3339


def test_a_local_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        times.instant("2026-11-23T10:00:00")
    assert refusal.value.code is Code.MISSING_ZONE


@pytest.mark.parametrize(
    "written",
    [
        None, 1_795_000_000, 1.5, True, [], "", "now", "2026-11-23", "20261123", "2026-W48-1",
        "2026-11-23T", "23.11.2026 10:00", "11/23/2026 10:00:00", "2026-13-01T10:00:00Z",
        "2026-02-29T10:00:00Z", "2026-11-23T25:00:00Z", "2026-11-23T10:00:60Z",
        "2026-11-23T10:00:00+25:00", "\uff12026-11-23T10:00:00Z", "2026-11-23T10:00:00+01:00:30",
        "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1989-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
        "2026-11-23T10:00:00Z; DROP TABLE",
    ],
)  # fmt: skip
def test_what_is_no_believable_time_is_refused(written: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        times.instant(written, "UTC")
    assert refusal.value.code is Code.BAD_TIME


@pytest.mark.parametrize("name", ["Mars/Base", "", "Europe", "../../etc/passwd", "a\x00b", "CEST"])
def test_a_zone_that_is_none_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(Misconfigured):
        times.zone(name)


def test_milliseconds_become_a_time_in_utc() -> None:
    assert times.from_epoch_ms(1_795_000_000_123) == "2026-11-18T11:06:40.123000+00:00"


@pytest.mark.parametrize(
    "value",
    [None, True, "1795000000000", 1.795e12, 0, -1, 1_795_000_000, 1 << 42, 1 << 48, -(1 << 48)],
)
def test_milliseconds_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        times.from_epoch_ms(value)
    assert refusal.value.code is Code.BAD_TIME


@given(st.integers(631_152_000_000, 4_102_444_799_999))
@settings(max_examples=200, deadline=None)
def test_milliseconds_come_back_as_they_were(value: int) -> None:
    assert times.epoch_ms(times.from_epoch_ms(value)) == value


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001 - local time
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]),
)
@settings(max_examples=200, deadline=None)
def test_a_local_time_keeps_its_figures_and_is_read_again_as_it_was(
    local: datetime, zone: str
) -> None:
    found = times.instant(local.isoformat(), zone)
    assert found.startswith(local.isoformat())
    assert times.instant(found) == found
    assert times.epoch_ms(found) % 1000 == local.microsecond // 1000
    offset = datetime.fromisoformat(found).utcoffset()
    assert offset is not None
    assert offset % timedelta(minutes=1) == timedelta(0)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-23", "2026-11-23"),
        ("20261123", "2026-11-23"),
        (20261123, "2026-11-23"),
        (" 2026-11-23 ", "2026-11-23"),
        ("2026-11-23T23:59:59-05:00", "2026-11-23"),
        ("2026-11-23 23:59", "2026-11-23"),
        ("2028-02-29", "2028-02-29"),
    ],
)
def test_a_day_is_the_tills_own(written: Any, day: str) -> None:
    assert times.day(written) == day


@pytest.mark.parametrize(
    "written", [None, "", True, "2026-02-29", "2026-11-31", "23.11.2026", "11/23/26", "2026", []]
)
def test_what_is_no_day_is_refused(written: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        times.day(written)
    assert refusal.value.code is Code.BAD_TIME
