"""Mutations that know what JSON, XML and CSV are made of, beside libFuzzer's own of raw bytes.

The same seed makes the same of the same bytes, so that a run can be repeated.
"""

from collections.abc import Callable
from random import Random

from tests.fuzz import csv_mutations, json_mutations, xml_mutations
from tests.fuzz.junk import ENCODINGS, TEXTS

Raw = Callable[[bytes, int], bytes]


def mutate(data: bytes, most: int, seed: int, raw: Raw | None = None) -> bytes:
    """Return the data with one place or a few changed, and at most `most` bytes of it."""
    random = Random(seed)
    return _mutated(data, random, most, raw or (lambda found, _: spoiled(found, random)))[:most]


def crossed(one: bytes, other: bytes, most: int, seed: int) -> bytes:
    """Return one input with a part of another in it."""
    random = Random(seed)
    try:
        return json_mutations.grafted(one.decode(), other.decode(), random).encode()[:most]
    except ValueError:
        rows = [*one.split(b"\n"), *other.split(b"\n")]
        return b"\n".join(rows[: len(rows) // 2] + random.sample(rows, min(len(rows), 3)))[:most]


def _mutated(data: bytes, random: Random, most: int, raw: Raw) -> bytes:
    choice = random.randrange(16)
    if choice == 0:
        return raw(data, most)
    if choice == 1:
        return recoded(data, random)
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw(data, most)
    if choice == 2:
        return _encoded(_typed_into(text, random))
    return _encoded(_by_structure(text)(text, random, random.choice((1, 1, 1, 2, 3, 6))))


def _by_structure(text: str) -> Callable[[str, Random, int], str]:
    """Return what changes so many places of such a text."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return json_mutations.mutated
    return xml_mutations.mutated if start == "<" else csv_mutations.mutated


def _typed_into(text: str, random: Random) -> str:
    """Put something between, or instead of, two places of the text."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(TEXTS) + text[at + random.choice((0, 0, 1, 5)) :]


def recoded(data: bytes, random: Random) -> bytes:
    """Write the text in another encoding."""
    return data.decode("utf-8", "replace").encode(random.choice(ENCODINGS), "replace")


def spoiled(data: bytes, random: Random) -> bytes:
    """Change bytes, where libFuzzer isn't there to do it."""
    found, at = bytearray(data), random.randrange(len(data) + 1)
    match random.randrange(4):
        case 0:
            del found[at : at + random.randrange(1, 20)]
        case 1:
            found[at:at] = random.randbytes(random.randrange(1, 4))
        case 2:
            found[at : at + 1] = random.choice(
                (b"\xff", b"\x00", b"\xed\xa0\x80", b"\xc3", b"\x1a")
            )
        case _:
            found[at:at] = found[at // 2 : at]
    return bytes(found)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
