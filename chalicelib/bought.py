"""What was bought in a transaction, what was given back, and what of it was kept.  Pure.

Every amount is a fraction of minor units, and none is negative: what came back is counted as such.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.model import SEEN, Customer, Line, Transaction
from chalicelib.sanitise import HASH

NOTHING = Fraction(0)
#: What `member_of` makes of a customer: who is known by e-mail or phone is so by a hash only.
MEMBER = re.compile(rf"loyalty:{SEEN}{{1,256}}|(email|phone):(hmac-)?sha256:[0-9a-f]{{64}}")


class Sold(Transaction):
    """A transaction as rewards keep it: who bought is a name that tells nobody who that is."""

    member: str | None = None  # longer than what it is made of


@dataclass(frozen=True)
class Share:
    """A line's part of its transaction, after all discounts; a tip is a line of its own.

    `inside` is the tax that `net` contains, `added` the tax that comes on top of it.
    """

    number: int
    kind: str
    net: Fraction
    inside: Fraction = NOTHING
    added: Fraction = NOTHING
    sku: str = ""
    category: str = ""
    #: Whatever names the goods, and the line of the original that a return names.
    names: frozenset[str] = frozenset()
    original_line: str = ""


def member_of(merchant: str, customer: Customer | None) -> str | None:
    """Return whose points they are: by loyalty id, else by e-mail, else by phone, else nobody's.

    Identities that appear together are not taken for one person.
    """
    if customer is None:
        return None
    if customer.loyalty_id:
        return f"loyalty:{customer.loyalty_id}"
    for name, value in (("email", customer.email), ("phone", customer.phone)):
        if value:
            return f"{name}:{_hashed(merchant, value)}"
    return None


def _hashed(merchant: str, value: str) -> str:
    if HASH.fullmatch(value):
        return value
    return "sha256:" + hashlib.sha256(f"{merchant}#{value.strip().lower()}".encode()).hexdigest()


def bought(sold: Sold) -> list[Share]:
    """Return what was bought: nothing in a return or a void."""
    return _shares(sold, 1) if sold.kind in {"sale", "exchange"} else []


def given_back(sold: Sold) -> list[Share]:
    """Return what was given back: nothing in a sale or a void."""
    return _shares(sold, -1) if sold.kind in {"return", "exchange"} else []


def _shares(sold: Sold, sign: int) -> list[Share]:
    lines = sold.lines or (Line(number=1, total=_bare(sold)),)
    taken = [line for line in lines if line.total * sign > 0]
    gross = sum(line.total * sign for line in taken)
    less = NOTHING
    if sold.kind != "exchange":  # where the other lines are the other side of it
        less += sum(-line.total * sign for line in lines if line.total * sign < 0)
        less += sum(one.amount * sign for one in sold.discounts if sold.lines)
    elif sign > 0:
        less += sum(one.amount for one in sold.discounts)
    left = _between(1 - Fraction(less, gross)) if gross else NOTHING
    found = [_share(sold, lines, line, sign, left) for line in taken]
    for kind, amount in (("tip", sold.tip), ("service_charge", sold.service_charge)):
        if amount * sign > 0:
            found.append(Share(0, kind, Fraction(amount * sign)))
    return found


def _bare(sold: Sold) -> int:
    """Return what is left for goods where a till tells no lines."""
    if sold.subtotal is not None:
        return sold.subtotal
    extra = sum(tax.amount for tax in sold.taxes if not tax.inclusive)
    return sold.total - extra - sold.tip - sold.service_charge - sold.rounding


def _share(sold: Sold, lines: Sequence[Line], line: Line, sign: int, left: Fraction) -> Share:
    inside = sum(tax.amount for tax in sold.taxes if tax.inclusive)
    taxes, totals = sum(tax.amount for tax in sold.taxes), sum(one.total for one in lines)
    if taxes and all(one.tax is not None for one in lines):
        tax = Fraction((line.tax or 0) * sign) * left
    else:
        tax = Fraction(taxes * line.total * sign, totals) if totals else NOTHING
    within = tax * Fraction(inside, taxes) if taxes else NOTHING
    return Share(
        line.number, line.kind, line.total * sign * left, within, tax - within,
        sku=line.sku or "", category=line.category or "", original_line=line.original_line or "",
        names=frozenset(one for one in (line.sku, line.item_id, line.gtin) if one),
    )  # fmt: skip


def kept(sold: Sold, returns: Iterable[Sold]) -> list[Fraction]:
    """Return for each share of a purchase the part of it that was kept, from 0 to 1.

    A return counts line by line if each of its lines is one of the purchase's; else by its amount.
    """
    shares = bought(sold)
    back = [NOTHING] * len(shares)
    by_line, by_amount = NOTHING, NOTHING
    for one in returns:
        given = given_back(one)
        places = [_place(shares, share) for share in given]
        if given and None not in places:
            by_line += _amount(one, given)
            for place, share in zip(places, given, strict=True):
                back[place or 0] += share.net
        else:
            by_amount += _amount(one, given)
    if not by_line + by_amount:
        return [Fraction(1)] * len(shares)
    if by_line + by_amount >= sold.total:
        return [NOTHING] * len(shares)
    rest = _between(1 - by_amount / (sold.total - by_line))
    return [rest * _left(share, gone) for share, gone in zip(shares, back, strict=True)]


def _left(share: Share, gone: Fraction) -> Fraction:
    """Return the part of a share that stays: less than a minor unit is a till's rounding."""
    if not gone:
        return Fraction(1)
    left = share.net - gone
    return left / share.net if left >= 1 else NOTHING


def _amount(sold: Sold, given: Sequence[Share]) -> Fraction:
    """Return the money that went back."""
    if sold.kind == "return":
        return Fraction(max(-sold.total, 0))
    return sum((share.net + share.added for share in given), NOTHING)


def _place(shares: Sequence[Share], given: Share) -> int | None:
    """Return which share of the purchase is given back: by its line, or by the goods' names."""
    alike = [place for place, one in enumerate(shares) if _alike(one, given)]
    named = [place for place in alike if str(shares[place].number) == given.original_line]
    sure = named or [place for place in alike if shares[place].names & given.names]
    return sure[0] if len(sure) == 1 else None


def _alike(one: Share, given: Share) -> bool:
    """Tell whether they can be the same goods: a till's line number may be another's line id."""
    if one.kind != given.kind:
        return False
    return not one.names or not given.names or bool(one.names & given.names)


def _between(part: Fraction) -> Fraction:
    return min(max(part, NOTHING), Fraction(1))
