"""Who issues card numbers, how long they are, and their check digit."""

from functools import lru_cache
from itertools import accumulate

#: Issuer ranges as (first prefix, last prefix, lengths), after the networks' published tables.
ISSUERS: tuple[tuple[str, str, range], ...] = (
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
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(digits: str) -> bool:
    """Tell whether ASCII digits are a card number by Luhn, issuer range and length."""
    return len(digits) in card_lengths(digits[:4]) and passes_luhn(digits)


@lru_cache(maxsize=10_000)
def card_lengths(prefix: str) -> tuple[int, ...]:
    """Return how long card numbers are that begin with these four digits."""
    found = {
        length
        for low, high, lengths in ISSUERS
        if low <= prefix[: len(low)] <= high
        for length in lengths
    }
    return tuple(sorted(found))


def luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """Return Luhn's sums before each place, of numbers that end at even places, and at odd."""
    numbers = [int(digit) for digit in digits]
    odd = [_DOUBLED[one] if at % 2 else one for at, one in enumerate(numbers)]
    even = [one if at % 2 else _DOUBLED[one] for at, one in enumerate(numbers)]
    return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the right check digit of the others."""
    sums = luhn_sums(digits)[len(digits) % 2]
    return sums[-1] % 10 == 0
