"""Rows and cells swapped, dropped, doubled and filled; quotes and breaks as people err."""

from random import Random

from tests.fuzz.junk import TEXTS, TIMES

_CELLS = (
    *TEXTS,
    *TIMES,
    "5",
    "-2",
    "12.345",
    "=1+1",
    '"',
    '""',
    '"a',
    'a"b',
    '"a\nb"',
    '"a,b"',
    "1;2",
)


def mutated(text: str, random: Random, times: int = 1) -> str:
    """Return CSV with so many places of it changed."""
    for _ in range(times):
        text = _changed(text, random)
    return text


def _changed(text: str, random: Random) -> str:
    rows = text.split("\n")
    at = random.randrange(len(rows))
    match random.randrange(10):
        case 0:
            del rows[at]
        case 1:
            rows.insert(at, random.choice(rows))
        case 2:
            other = random.randrange(len(rows))
            rows[at], rows[other] = rows[other], rows[at]
        case 3:
            return text.replace("\n", random.choice(("\r\n", "\r", "\n\n", "\u2028")))
        case 4:
            return random.choice(("\ufeff", "\n", "sep=;\n", "#\n", "\x00")) + text
        case _:
            rows[at] = _row(rows[at], random)
    return "\n".join(rows)


def _row(row: str, random: Random) -> str:
    separator = max(",;\t|", key=row.count)
    cells = row.split(separator)
    at, other = random.randrange(len(cells)), random.randrange(len(cells))
    match random.randrange(7):
        case 0:
            cells[at], cells[other] = cells[other], cells[at]
        case 1:
            del cells[at]
        case 2:
            cells.insert(at, random.choice(_CELLS))
        case 3:
            cells[at] = f'"{cells[at]}"'
        case 4:
            cells[at] = cells[at].replace(".", ",") if "." in cells[at] else cells[at] + "0"
        case _:
            cells[at] = random.choice(_CELLS)
    return random.choice((separator,) * 12 + (",", ";", "\t")).join(cells)
