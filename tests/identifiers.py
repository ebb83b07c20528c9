"""Identifiers that are no card numbers, made up in bulk: barcodes, ids, times, telephone numbers.

A kind of identifier yields texts for as long as it is asked.  `rate` is how many of a kind look
like a card number all the same: the share of its numbers that lie in an issuer's range at a length
of that issuer, and of these the tenth that passes Luhn's check.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from chalicelib.issuers import card_lengths

Make = Callable[[Random], str]
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: Country codes and how many digits follow, of long and of short numbers.
PHONES = (
    ("1", 10), ("44", 10), ("49", 11), ("33", 9), ("34", 9), ("36", 9), ("39", 10), ("81", 10),
    ("86", 11), ("55", 11), ("52", 10), ("61", 9), ("65", 8), ("62", 12), ("30", 10), ("380", 9),
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of identifier, and how many of it look like a card number: a share from 0 to 1."""

    make: Make
    rate: float = 0.0


def issued(length: int, first: str = "0123456789") -> float:
    """Return how many random numbers of so many digits are in an issuer's range, and pass Luhn."""
    prefixes = [f"{number:04}" for number in range(10_000) if f"{number:04}"[0] in first]
    return sum(length in card_lengths(prefix) for prefix in prefixes) / len(prefixes) / 10


def begun(length: int, least: int = 14) -> float:
    """Return an upper bound for a long number of which any part from its beginning may be one."""
    tried = [
        sum(least <= one <= length for one in card_lengths(f"{prefix:04}"))
        for prefix in range(10_000)
    ]
    return sum(1 - 0.9**count for count in tried) / 10_000


def digits(random: Random, length: int) -> str:
    return f"{random.randrange(10**length):0{length}}"


def checked(body: str) -> str:
    """Add GS1's check digit: from the right, every other digit counts three times."""
    total = 3 * sum(map(int, body[::-2])) + sum(map(int, body[-2::-2]))
    return f"{body}{-total % 10}"


def number(length: int) -> Make:
    return lambda random: digits(random, length)


def gtin(length: int) -> Make:
    """Every prefix of GS1's (000 to 999) comes up in turn; longer codes have a level before it."""

    def make(random: Random) -> str:
        level = str(random.randrange(10)) if length > 13 else ""
        rest = length - 4 - len(level)
        return checked(f"{level}{random.randrange(1000):03}{digits(random, rest)}")

    return make


def epoch(scale: int) -> Make:
    """A time from 2001 to 2038, in seconds times `scale`."""
    return lambda random: str(random.randrange(1_000_000_000 * scale, 2_176_000_000 * scale))


def moment(form: str) -> Make:
    """A time of the clock, in figures."""

    def make(random: Random) -> str:
        year, second = random.randrange(1990, 2100), random.randrange(86_400)
        return form.format(
            y=year, m=random.randrange(1, 13), d=random.randrange(1, 29), h=second // 3600,
            i=second // 60 % 60, s=second % 60, f=random.randrange(1000), n=random.randrange(10**6),
        )  # fmt: skip

    return make


def phone(form: str) -> Make:
    def make(random: Random) -> str:
        country, length = random.choice(PHONES)
        rest = digits(random, length)
        return form.format(c=country, a=rest[:3], b=rest[3:6], e=rest[6:], r=rest)

    return make


def letters(alphabet: str, length: int) -> Make:
    return lambda random: "".join(random.choices(alphabet, k=length))


def uid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def composed(random: Random) -> str:
    store, day = digits(random, 4), f"2026-11-{random.randrange(10, 31)}"
    return f"{store}/{random.randrange(1, 90)}/{random.randrange(10**6)}/{day}"


#: What no card number is mistaken for, by its length or by how it begins; and the rest.
KINDS: dict[str, Kind] = {
    "EAN-8": Kind(gtin(8)), "UPC-A": Kind(lambda r: checked(digits(r, 11))),
    "EAN-13, every GS1 prefix": Kind(gtin(13)),
    "milliseconds since 1970": Kind(epoch(10**3)), "microseconds since 1970": Kind(epoch(10**6)),
    "nanoseconds since 1970": Kind(epoch(10**9)),
    "a date and time, compact": Kind(moment("{y}{m:02}{d:02}{h:02}{i:02}{s:02}")),
    "the same with milliseconds": Kind(moment("{y}{m:02}{d:02}{h:02}{i:02}{s:02}{f:03}")),
    "ISO 8601": Kind(moment("{y}-{m:02}-{d:02}T{h:02}:{i:02}:{s:02}.{n:06}+01:00")),
    "telephone numbers": Kind(phone("+{c}{r}")),
    "telephone numbers, spaced": Kind(phone("+{c} {a} {b} {e}")),
    "Square, Stripe, Adyen: letters and digits": Kind(letters(ALPHABET, 24)),
    "Clover": Kind(letters(BASE32, 13)), "Shopify, 13 digits": Kind(number(13)),
    "Loyverse receipts": Kind(lambda r: f"{r.randrange(1, 90)}-{r.randrange(1, 10**6)}"),
    # Numbers of which any few that are side by side may be one: this is what was measured.
    "POSLog and SAP: store, till, number, day": Kind(composed, 0.13),
    "UUIDs (Toast, Zettle, Lightspeed)": Kind(uid, 0.001),
    "order numbers, 10 digits": Kind(number(10)),
    "GTIN-14, every GS1 prefix": Kind(gtin(14), issued(14)),
    "SSCC": Kind(gtin(18), issued(18)),
    "14 digits": Kind(number(14), issued(14)), "15 digits": Kind(number(15), issued(15)),
    "16 digits (Adyen's references)": Kind(number(16), issued(16)),
    "17 digits": Kind(number(17), issued(17)),
    "64-bit ids": Kind(lambda r: str(r.getrandbits(63)), issued(19, "123456789")),
    "UUIDs as one number": Kind(lambda r: str(r.getrandbits(128)), begun(39)),
}  # fmt: skip


def many(kind: str, count: int, random: Random) -> Iterator[str]:
    make = KINDS[kind].make
    return (make(random) for _ in range(count))
