"""A cell of somebody's export becomes a number, an id or an instant, or it is refused.

Cells are text (CSV), or text and numbers (JSON); a blank one never comes here.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib import money, times
from chalicelib.errors import Code, Misconfigured, Rejected
from chalicelib.mapping import EPOCHS, Mapping, fold

#: What may stand before or after an amount, beside the codes of ISO 4217.
_SIGNS = frozenset((
    *"$€£¥₹₩₽₺₪₫฿₱₦₴₡₲₵₸₭₮₼", "US$", "A$", "AU$", "C$", "CA$", "NZ$", "HK$", "NT$", "S$", "R$",
    "MX$", "R", "RM", "Rs", "Rs.", "kr", "kr.", "zł", "Kč", "Ft", "lei", "Fr.", "KSh", "USh", "Rp",
))  # fmt: skip
#: The signs that are one currency's alone, so that another currency's amount can be told.
_OWN = {"€": "EUR", "₹": "INR", "US$": "USD", "R$": "BRL", "zł": "PLN", "Kč": "CZK", "Ft": "HUF"}
_SIGN = r"[^\d\s.,()'+-]{1,3}\.?"
_NUMBER = re.compile(
    rf"(?P<open>\()? ?(?P<minus>[+-])? ?(?P<sign>{_SIGN})? ?(?P<inner>-)? ?"
    rf"(?P<digits>[\d.,][\d., ']*?) ?(?P<after>{_SIGN})? ?(?P<trailing>-)? ?(?P<close>\))?",
    re.ASCII,
)
#: Thousands are set apart all through or not at all; the two digits are India's lakh.
_DIGITS = {
    ".": re.compile(r"(?:\d{1,3}(?:[, ']\d{2,3})*[, ']\d{3}|\d+)(?:\.\d+)?|\.\d+", re.ASCII),
    ",": re.compile(r"(?:\d{1,3}(?:[. ']\d{2,3})*[. ']\d{3}|\d+)(?:,\d+)?|,\d+", re.ASCII),
}
_NUMBER_LENGTH = 60
_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
#: What a spreadsheet makes of long numbers, of numbers that look like days, of narrow columns.
_DAMAGED = re.compile(
    rf"\d(?:[.,]\d+)?e\+\d+|{_MONTHS}-\d{{2,4}}|\d{{1,2}}-{_MONTHS}(?:-\d+)?|#+", re.IGNORECASE
)
_UTC = re.compile(r" ?UTC$")


def number(cell: Any, decimal: str, code: Code = Code.BAD_QUANTITY) -> Decimal:
    """Return a number as people write it: -7, 7-, (7), 1,149.00, or 1.149,00 by `decimal`."""
    value, sign = _number(cell, decimal, code)
    if sign:
        raise Rejected(code, "a number was expected, without a unit or a currency")
    return value


def amount(cell: Any, mapping: Mapping, currency: str) -> Decimal:
    """Return an amount in major units (or minor ones, by the mapping), as exactly as written."""
    value, sign = _number(cell, mapping.decimal, Code.BAD_MONEY)
    if sign and sign not in _SIGNS and sign not in money.EXPONENTS:
        raise Rejected(Code.BAD_MONEY, "an amount has a sign beside it that is no currency's")
    if (meant := _OWN.get(sign, sign)) in money.EXPONENTS and meant != currency:
        raise Rejected(Code.MIXED_CURRENCY, "an amount is in another currency than its row")
    return value


def minor(value: Decimal, mapping: Mapping, currency: str) -> int:
    """Return an amount in minor units, rounded once."""
    if not mapping.minor_units:
        return money.minor(value, currency)
    if value != value.to_integral_value():
        raise Rejected(Code.BAD_MONEY, "an amount in minor units must be an integer")
    return money.whole(int(value))


def _number(cell: Any, decimal: str, code: Code) -> tuple[Decimal, str]:
    if not isinstance(cell, str):
        return money.decimal(cell, code), ""
    tidy = _tidy(cell)
    found = _NUMBER.fullmatch(tidy) if len(tidy) <= _NUMBER_LENGTH else None
    if not found or not _DIGITS[decimal].fullmatch(found["digits"]):
        raise Rejected(code, "a number was expected, with the mapping's decimal sign")
    minuses = [found["open"], found["minus"] == "-", found["inner"], found["trailing"]]
    signs = [sign for sign in (found["sign"], found["after"]) if sign]
    if bool(found["open"]) != bool(found["close"]) or sum(map(bool, minuses)) > 1 or signs[1:]:
        raise Rejected(code, "a number has two signs, or half a pair of brackets")
    digits = "".join(one for one in found["digits"] if one.isdigit() or one == decimal)
    value = money.decimal(digits.replace(decimal, "."), code)
    return -value if any(minuses) else value, signs[0] if signs else ""


def _tidy(cell: str) -> str:
    """Return a number with plain blanks, and the minus and the apostrophe of a typewriter."""
    return " ".join(cell.split()).replace("\u2212", "-").replace("\u2019", "'")


def is_number(cell: str) -> bool:
    """Tell a plain number from a formula."""
    tidy = _tidy(cell)
    return len(tidy) <= _NUMBER_LENGTH and bool(_NUMBER.fullmatch(tidy))


def is_damaged(cell: Any) -> bool:
    """Tell whether a spreadsheet has spoiled an id, such as 1.3E+18."""
    return isinstance(cell, str) and bool(_DAMAGED.fullmatch(cell))


def identifier(cell: Any, what: str) -> str:
    """Return an id to the letter: as text, or of JSON as an integer, too."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if not isinstance(cell, str):
        raise Rejected(Code.MISSING_ID, f"{what}: an id is text or an integer")
    if is_damaged(cell):
        raise Rejected(
            Code.MISSING_ID, f"{what}: spoiled by a spreadsheet: send the export as it was made"
        )
    return cell


def text(cell: Any, what: str) -> str:
    """Return a text; of JSON an integer, too."""
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Rejected(Code.BAD_SHAPE, f"{what}: text was expected")
    return str(cell)


def instant(cell: Any, mapping: Mapping, zone: str | None) -> str:
    """Return a time, written as the mapping says, as RFC 3339."""
    if mapping.date_format in EPOCHS:
        count = number(cell, mapping.decimal, Code.BAD_TIME) * EPOCHS[mapping.date_format]
        return times.from_epoch_ms(int(count))
    written = " ".join(text(cell, "date").split())  # by and before AM, any blank is put
    if not mapping.date_format:
        return times.instant(_UTC.sub("+00:00", written), zone)
    try:
        moment = datetime.strptime(written, mapping.date_format)  # noqa: DTZ007 - zone is added
    except ValueError as fault:
        raise Rejected(Code.BAD_TIME, "a date is not written as the mapping says") from fault
    return times.instant(moment.isoformat(), zone)


def zone(cell: Any, mapping: Mapping) -> str:
    """Return the IANA name of a time zone, which the mapping may call something else."""
    word = text(cell, "zone")
    if known := mapping.zones.get(fold(word)):
        return known
    try:
        return times.zone(word).key
    except Misconfigured as fault:
        raise Rejected(
            Code.MISSING_ZONE, "a time zone is no IANA name: put it into the mapping's zones"
        ) from fault
