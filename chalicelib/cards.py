"""Card data in text: found, masked to the last four digits, or removed.

A card number (PAN) is 14 to 19 digits, spaced, dashed or plain, that pass Luhn's check AND lie in
an issuer's range at a length that issuer uses.  Luhn alone would take every tenth order number for
a card.  Visa's 13-digit cards are long gone, and would match German and Japanese barcodes.
"""

import re
from collections.abc import Callable
from itertools import accumulate

from chalicelib.issuers import card_lengths, luhn_sums

#: What may stand between two digits, seen or unseen.  A tab or the end of a line parts two numbers.
_BETWEEN = (
    r"[ +.\-_/\u00a0\u00ad\u034f\u061c\u180e\u2000-\u200f\u2010-\u2015\u202a-\u202f\u205f-\u206f"
    r"\u2212\u3000\ufe00-\ufe0f\ufeff]"
)
#: More of it, or the end of a line, only between groups such as cards have.
_GAP = (
    rf"(?:{_BETWEEN}?|(?<=\d{{4}}){_BETWEEN}{{2,4}}(?=\d{{3}})|"
    r"(?<=\d{4})(?<!\d{5})[ \t]?\r?\n[ \t]{0,9}(?=\d{3,7}(?!\d)))"
)
#: Digits in groups, as people and tills write card numbers.  Unicode digits count as digits.
_DIGITS = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{13,}}")
LONGEST = 19
#: What is masked parts what is left of it, which may be a number by itself then: so look again.
_LOOKS = 4
#: The last group of a card number and the expiry date that was written on.
_WRITTEN_ON = 8

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
SUSPECT = re.compile(
    rf"\d(?:(?:{_BETWEEN}{{0,4}}|\s{{1,12}})\d){{11}}|\d(?:&[#a-z]|%[\da-f]{{2}})|"
    r"cvv|cvc|cav2|csc|security code|pin",
    re.IGNORECASE,
)
#: Characters as XML, HTML and addresses of the web write them, and as JSON does.
WRITTEN = re.compile(
    r"&(?:#\d{1,6}|#[xX][\da-fA-F]{1,5}|[a-z]{3,6});|%[Cc]2%[Aa]0|%[235][\da-fA-F]"
)
WRITTEN_IN_JSON = re.compile(rf"\\u[\da-fA-F]{{4}}|\\.|{WRITTEN.pattern}")
_SHORT = {
    "&nbsp;": " ", "&ensp;": " ", "&emsp;": " ", "&thinsp;": " ", "&ndash;": "-", "&mdash;": "-",
    "&shy;": "\u00ad", "&zwnj;": "\u200c", "&zwj;": "\u200d", "%C2%A0": " ", "%c2%a0": " ",
    "\\/": "/", "\\n": " ", "\\r": " ", "\\t": " ",
}  # fmt: skip
#: Of these, a character that is named by its number: decimal, or hexadecimal.
_NUMBERED = re.compile(r"&#([0-9]+);|(?:&#[xX]|\\u|%)([0-9a-fA-F]+);?")
_MEANT = re.compile(rf"\d|{_BETWEEN}|\s")


def mask(text: str, exempt: Callable[[int], bool] | None = None) -> str:
    """Mask card numbers in text, and remove track data, CVV and PIN.

    `exempt(offset)` may spare the digits that begin there: an id, a barcode.
    """
    if not SUSPECT.search(text):
        return text
    for _ in range(_LOOKS):
        before = text
        if exempt is None:
            text = mask_written(_TRACK.sub(REMOVED, text), WRITTEN)
        text = _DIGITS.sub(lambda found: _masked(found, exempt), text)
        if text == before:
            break
    # Stars keep all offsets as `exempt` knows them, so what is removed goes last.
    return _SECRET.sub(lambda found: _removed(found, exempt), text)


def mask_written(
    text: str,
    written: re.Pattern[str],
    exempt_in: Callable[[str], Callable[[int], bool]] | None = None,
) -> str:
    """Mask card numbers whose digits, or what is between them, are `written` in other words.

    `exempt_in(plain)` tells what to spare in the text that is meant.
    """
    if not written.search(text):
        return text
    parts, at = [], 0
    for found in written.finditer(text):
        parts += [text[at : found.start()], found[0]]
        at = found.end()
    parts.append(text[at:])
    meant = [_meant(part) if place % 2 else part for place, part in enumerate(parts)]
    plain = "".join(meant)
    if not _DIGITS.search(plain):
        return text
    exempt = exempt_in(plain) if exempt_in else None
    masked = _DIGITS.sub(lambda found: _masked(found, exempt), plain)
    ends = list(accumulate(map(len, meant)))
    after = [masked[end - len(part) : end] for part, end in zip(meant, ends, strict=True)]
    return "".join(
        old if new == same else new
        for old, same, new in zip(parts, meant, after, strict=True)
    )  # fmt: skip


def _meant(written: str) -> str:
    """Return the digit or the gap that is written so; of all else, something that is neither."""
    if len(written) == 2 and written not in _SHORT:  # noqa: PLR2004 - an escape of JSON's
        return written
    if found := _SHORT.get(written):
        return found
    code = _NUMBERED.fullmatch(written)
    if not code:
        return "\ufffd"
    char = chr((int(code[1]) if code[1] else int(code[2], 16)) % 0x110000)
    return char if _MEANT.fullmatch(char) else "\ufffd"


def remove_tracks(text: str) -> str:
    """Remove magnetic stripe data from text."""
    return _TRACK.sub(REMOVED, text)


def _masked(found: re.Match[str], exempt: Callable[[int], bool] | None) -> str:
    """Mask the card numbers in a stretch of digits; one may stand beside other digits."""
    whole, offset = found[0], found.start()
    places = [index for index, char in enumerate(whole) if char.isdecimal()]
    digits = "".join(str(int(whole[index])) for index in places)
    begins, ends = _edges(places)
    sums = luhn_sums(digits)
    out = list(whole)
    for at, index in enumerate(places):
        if not begins[at] or (exempt and exempt(offset + index)):
            continue
        found_ends = [
            end
            for length in card_lengths(digits[at : at + 4])
            if (end := at + length) <= len(digits) and ends[end - 1]
            if not (sums[end % 2][end] - sums[end % 2][at]) % 10
        ]
        for place in places[at : max(found_ends, default=at + 4) - 4]:
            out[place] = "*"
        for end in found_ends:
            begins[end - 4] = begins[end] = True  # what is left of it, and what comes next
    return "".join(out)


def _removed(found: re.Match[str], exempt: Callable[[int], bool] | None) -> str:
    if exempt and exempt(found.start(3)):
        return found[0]
    return f"{found[1]}{found[2]}{REMOVED}"


def _edges(places: list[int]) -> tuple[list[bool], list[bool]]:
    """Tell of each digit whether a number may begin, and may end with it.

    What is long enough for a card number with its expiry date written on may end anywhere.
    """
    begins = [at == 0 or places[at - 1] != index - 1 for at, index in enumerate(places)]
    ends = [*begins[1:], True]
    if len(places) > LONGEST:
        begun = 0
        for at, end in enumerate(ends):
            if end:
                if at + 1 - begun >= _WRITTEN_ON:
                    ends[begun : at + 1] = [True] * (at + 1 - begun)
                begun = at + 1
    return [*begins, False], ends
