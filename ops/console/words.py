"""Figures and texts as people read them; and hostile texts as they can be read at all."""

import unicodedata
from datetime import UTC, datetime

_SECOND = 1000
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
#: Characters that can't be seen, or that turn the direction of writing, by Unicode's category.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def span(ms: float | None) -> str:
    """Return a time of so many ms in one unit or two: 340 ms, 12 s, 3 min 5 s, 2 d 4 h."""
    if ms is None:
        return "\N{EN DASH}"
    if ms < _SECOND:
        return f"{max(round(ms), 0)} ms"
    left = int(ms // _SECOND)
    told: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or told:
            told.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, told[:2]))


def clock(ms: float) -> str:
    """Return the time of day of a moment, in UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M}"


def count(number: float) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}"


def plain(text: object) -> str:
    """Return a text with every character that can't be seen written out, as a till may send any.

    It is not escaped for HTML: the template does that.
    """
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in _UNSEEN else f"\\u{ord(one):04x}"
        for one in str(text)
    )


def money(minor: int, exponent: int, currency: str) -> str:
    """Return an amount, such as 12.50 EUR."""
    whole, part = divmod(abs(minor), 10**exponent)
    decimals = f".{part:0{exponent}}" if exponent else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{decimals} {currency}"
