"""Card data in text: found, masked to the last four digits, or removed.

A card number (PAN) is 14 to 19 digits, spaced, dashed or plain, that pass Luhn's check AND lie in
an issuer's range at a length that issuer uses.  Luhn alone would take every tenth order number for
a card.  Visa's 13-digit cards are long gone, and would match German and Japanese barcodes.
"""

import re
from collections.abc import Callable

#: What may stand between two digits.  A tab or the end of a line parts two numbers.
_GAP = r"[ \u00a0\u2000-\u200a\u202f\u3000.\-_/\u2010-\u2015\u2212]?"
#: Digits in groups, as people and tills write card numbers.  Unicode digits count as digits.
_DIGITS = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{13,}}")
_RUN = re.compile(r"\d+")
LONGEST = 19
#: The last group of a card number and the expiry date that was written on.
_WRITTEN_ON = 8

#: Issuer ranges as (first prefix, last prefix, lengths), after the networks' published tables.
_ISSUERS: tuple[tuple[str, str, range], ...] = (
    ("2200", "2204", range(16, 20)),  # Mir
    ("2221", "2720", range(16, 17)),  # Mastercard
    ("300", "305", range(14, 20)),  # Diners Club
    ("3095", "3095", range(14, 20)),
    ("34", "34", range(15, 16)),  # American Express
    ("3528", "3589", range(16, 20)),  # JCB
    ("36", "36", range(14, 20)),  # Diners Club
    ("37", "37", range(15, 16)),  # American Express
    ("38", "39", range(14, 20)),  # Diners Club
    ("4", "4", range(16, 20)),  # Visa
    ("50", "50", range(16, 20)),  # Maestro, Elo
    ("51", "55", range(16, 17)),  # Mastercard
    ("56", "59", range(16, 20)),  # Maestro
    ("60", "69", range(16, 20)),  # Discover, UnionPay, Maestro, RuPay
    ("81", "82", range(16, 17)),  # UnionPay, RuPay
    ("9792", "9792", range(16, 17)),  # Troy
)

REMOVED = "[removed]"
#: Magnetic stripe data: track 1 (%B…^NAME^…?) and track 2 (;…=…?).
_TRACK = re.compile(
    r"""%?[Bb]\d{12,19}\^[^^\n"<>]{2,40}\^[^?\n"<>\\]{1,80}\??|"""
    r"(?<![\da-f])\d{12,19}[=Dd]\d{7,40}\??"
)
_SECRET = re.compile(
    r"\b(cvv2?|cvc2?|cav2|csc|card security code|security code|pin(?:[ _-]?block)?)"
    r"(\s{0,3}(?:is|no\.?|code|number)?\s{0,3}[:=#]?\s{0,3})([0-9A-Fa-f*]{16}\b|\d{3,12}\b)",
    re.IGNORECASE,
)
#: One cheap look that lets ordinary text pass: no long digits, no word that names a secret.
SUSPECT = re.compile(rf"\d(?:{_GAP}\d){{11,}}|cvv|cvc|cav2|csc|security code|pin", re.IGNORECASE)


def is_card_number(digits: str) -> bool:
    """Tell whether ASCII digits are a card number by Luhn, issuer range and length."""
    return len(digits) in _lengths(digits) and _luhn(digits)


def mask(text: str, exempt: Callable[[int], bool] | None = None) -> str:
    """Mask card numbers in text, and remove track data, CVV and PIN.

    `exempt(offset)` may spare the digits that begin there: an id, a barcode.
    """
    if not SUSPECT.search(text):
        return text
    text = _TRACK.sub(REMOVED, text) if exempt is None else text
    text = _DIGITS.sub(lambda found: _masked(found, exempt), text)
    # Stars keep all offsets as `exempt` knows them, so what is removed goes last.
    return _SECRET.sub(lambda found: _removed(found, exempt), text)


def remove_tracks(text: str) -> str:
    """Remove magnetic stripe data from text."""
    return _TRACK.sub(REMOVED, text)


def _masked(found: re.Match[str], exempt: Callable[[int], bool] | None) -> str:
    """Mask the card numbers in a stretch of digits; one may stand beside other digits."""
    whole = found[0]
    places = [(index, str(int(char))) for index, char in enumerate(whole) if char.isdecimal()]
    digits = "".join(digit for _, digit in places)
    runs = [run.span() for run in _RUN.finditer(whole)]
    starts = {start for start, _ in runs}
    ends = {end - 1 for _, end in runs}
    if len(digits) > LONGEST:
        ends.update(*(range(*run) for run in runs if run[1] - run[0] >= _WRITTEN_ON))
    out = list(whole)
    for at, (index, _) in enumerate(places):
        if index in starts and not (exempt and exempt(found.start() + index)):
            lengths = [
                length
                for length in _lengths(digits[at : at + LONGEST])
                if places[at + length - 1][0] in ends and _luhn(digits[at : at + length])
            ]
            for hidden, _ in places[at : at + max(lengths, default=4) - 4]:
                out[hidden] = "*"
            if lengths:  # the digits that are left of it may begin another
                starts.add(places[at + max(lengths) - 4][0])
    return "".join(out)


def _removed(found: re.Match[str], exempt: Callable[[int], bool] | None) -> str:
    if exempt and exempt(found.start(3)):
        return found[0]
    return f"{found[1]}{found[2]}{REMOVED}"


def _lengths(digits: str) -> list[int]:
    """Return how many of the digits may be a card number, after who issues such numbers."""
    return [
        length
        for low, high, lengths in _ISSUERS
        if low <= digits[: len(low)] <= high
        for length in lengths
        if length <= len(digits)
    ]


def _luhn(digits: str) -> bool:
    odd = sum(map(int, digits[-1::-2]))
    even = sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
