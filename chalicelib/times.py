"""A till's time becomes RFC 3339 with an offset, or it is refused."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.errors import Code, Misconfigured, Rejected

#: A day alone is no instant; `fromisoformat` would take it for midnight.
_DAY_AND_HOUR = 11
#: A till's clock may be wrong, but not by decades: these bounds catch a null sent as 1970.
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
#: Beyond the last year, and within what `datetime` knows.
_LAST_MS = 1 << 42
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS, _MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)


@lru_cache(maxsize=32)
def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as fault:
        raise Misconfigured(f"{name!r} is no IANA time zone such as Europe/Paris") from fault


def instant(text: object, store_zone: str | None = None) -> str:
    """Return `text`, an ISO 8601 date and time, as RFC 3339 with its own or the store's offset.

    In the hour that the clocks go back the earlier of the two is meant: tills can't tell either.
    """
    if not isinstance(text, str):
        raise Rejected(Code.BAD_TIME, "a date and time was expected as text")
    moment = _parsed(text.strip())
    if moment.tzinfo is None:
        if store_zone is None:
            raise Rejected(
                Code.MISSING_ZONE,
                "the till sends local time without an offset: set the merchant's timezone",
            )
        moment = moment.replace(tzinfo=zone(store_zone))
    return _written(moment)


def from_epoch_ms(value: object) -> str:
    """Return milliseconds since 1970 (an integer) as RFC 3339 in UTC."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LAST_MS:
        raise Rejected(Code.BAD_TIME, "milliseconds since 1970 were expected as an integer")
    return _written(_EPOCH + value * _MS)


def epoch_ms(rfc3339: str) -> int:
    """Return a time that `instant` has written as milliseconds since 1970."""
    return (datetime.fromisoformat(rfc3339) - _EPOCH) // _MS


def day(text: object) -> str:
    """Return a calendar day (2026-11-23, 20261123, or the day of a time) as 2026-11-23."""
    try:
        return date.fromisoformat(str(text).strip()[:10]).isoformat()
    except ValueError as fault:
        raise Rejected(Code.BAD_TIME, "that is no calendar day") from fault


def _parsed(text: str) -> datetime:
    try:
        if len(text) > _DAY_AND_HOUR:
            return datetime.fromisoformat(text)
        raise ValueError
    except ValueError as fault:
        raise Rejected(Code.BAD_TIME, "that is no ISO 8601 date and time") from fault


def _written(moment: datetime) -> str:
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise Rejected(Code.BAD_TIME, f"the year {moment.year} is not believable")
    if (moment.utcoffset() or _MINUTE) % _MINUTE:
        raise Rejected(Code.BAD_TIME, "an offset has hours and minutes, no more")
    return moment.isoformat()
