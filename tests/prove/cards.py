"""Card detection: what looks like a card number and is none, and what is one in every disguise.

    python -m tests.prove.cards [--quick]

Identifiers in fields of their own are never taken for card numbers.  In free text, some are: the
share that lies in an issuer's range and passes Luhn's check, since nothing tells them apart.
"""

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random

from chalicelib.cards import mask
from chalicelib.masking import mask_body
from chalicelib.model import Line, Transaction
from chalicelib.sanitise import sanitise
from tests import disguises
from tests.identifiers import KINDS, many
from tests.prove.figures import Figure, main

PART = "cards"
#: Identifiers in free text, of all kinds together; in fields of bodies; in fields of transactions.
IN_TEXT, IN_BODIES, IN_FIELDS = 8_000_000, 1_000_000, 1_000_000
CARDS, QUICK = 1_000, 500
BATCH = 500
FIELDS = ("id", "orderId", "sku", "gtin", "barcode", "receipt_number")


def prove(quick: bool) -> Iterator[Figure]:
    """Look for card numbers where there are none, and where they hide."""
    share = QUICK if quick else 1
    yield from in_text(IN_TEXT // share)
    yield nowhere("identifiers in id fields of bodies", IN_BODIES // share, bodies)
    yield nowhere("identifiers in id fields of transactions", IN_FIELDS // share, fields)
    yield disguised(CARDS // 50 if quick else CARDS)


def in_text(count: int) -> Iterator[Figure]:
    """Measure how many identifiers of each kind are masked in free text."""
    each = count // len(KINDS)
    for kind, found in KINDS.items():
        hits = 0
        for part in batched(many(kind, each, Random(kind))):
            masked = mask("\n".join(f"no. {one}" for one in part))
            hits += sum("*" in line for line in masked.split("\n"))
        # What is reckoned, a twentieth more as it is reckoned by ranges, and chance.
        most = each * found.rate * 1.05 + 5 * math.sqrt(each * found.rate)
        yield Figure(
            PART, f"false hits in free text: {kind}", f"{hits / each:.4%} of {each:,}",
            f"at most {most / each:.2%}", holds=hits <= most,
        )  # fmt: skip


def nowhere(name: str, count: int, masked: Callable[[int], Iterator[int]]) -> Figure:
    hits = sum(masked(count))
    return Figure(PART, name, f"{hits} of {count:,} masked", "0", holds=not hits)


def batched(found: Iterable[str], most: int = BATCH) -> Iterator[list[str]]:
    found = iter(found)
    while part := list(islice(found, most)):
        yield part


def mixed(count: int) -> Iterator[list[str]]:
    """Yield identifiers of all kinds, so many together."""
    for kind in KINDS:
        yield from batched(many(kind, count // len(KINDS), Random(f"{kind} in a field")))


def bodies(count: int) -> Iterator[int]:
    """Yield how many were changed of a JSON list of objects with identifiers."""
    for part in mixed(count):
        records = [{FIELDS[at % len(FIELDS)]: one} for at, one in enumerate(part)]
        masked = json.loads(mask_body(json.dumps(records), "drop"))
        yield sum(old != new for old, new in zip(records, masked, strict=True))


def fields(count: int) -> Iterator[int]:
    """Yield how many were changed of a transaction's ids and barcodes; its text is masked."""
    for part in mixed(count):
        lines = tuple(
            Line(number=at, total=1, sku=one, gtin=one, item_id=one, description="cvv 123")
            for at, one in enumerate(part)
        )
        found = Transaction(
            merchant="m", vendor="v", id=part[0], kind="sale", currency="EUR", exponent=2, total=1,
            occurred_at="2026-11-23T10:00:00+00:00", receipt_number=part[-1], lines=lines,
        )  # fmt: skip
        clean = sanitise(found, "drop")
        assert clean.lines[0].description == "cvv [removed]"
        told = [{line.sku, line.gtin, line.item_id} for line in clean.lines]
        kept = [ids == {old} for ids, old in zip(told, part, strict=True)]
        yield kept.count(False) + (clean.id != part[0]) + (clean.receipt_number != part[-1])


def disguised(cards: int) -> Figure:
    """Hide card numbers of every range and length in every disguise."""
    names = [*disguises.TEXTS, *disguises.BODIES]
    seen = {
        name
        for name in names
        for card in islice(disguises.numbers(Random(name)), cards)
        if not disguises.fine(name, card)
    }
    told = f"{cards * len(names):,} in {len(names)} disguises"
    missed = f", seen in {', '.join(sorted(seen))}" if seen else ""
    return Figure(PART, "card numbers masked to the last four", told + missed, "all", not seen)


if __name__ == "__main__":
    sys.exit(main(prove))
