"""What transactions earn: from a story and the mechanics to what each purchase is worth.  Pure.

A purchase is worth what was kept of it: returns take away what came back, and a void takes all.
So what a story is worth depends on what is in it, not on the order in which that was told, and a
sale that is wholly returned in any number of parts is worth exactly nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from chalicelib import times
from chalicelib.bought import NOTHING, Share, Sold, bought, given_back, kept, member_of
from chalicelib.errors import Code, Rejected
from chalicelib.mechanics import Mechanics, Program, exact
from chalicelib.story import Data, Told, View

#: What begins the subject of a claim: a character that no till's id may hold.
CLAIM = "\x1fclaim:"
_UNUSED: Any = {"customer": True, "tenders": True, "channel": True, "register_id": True,
           "discrepancies": True, "lines": {"__all__": {"description", "unit_price"}}}  # fmt: skip


@dataclass(frozen=True)
class Purchase:
    """What one transaction is worth, before any tier: `base` points for `spend` of the currency.

    A return whose sale is unknown is worth less than nothing.  `why` says why it is worth nothing.
    """

    member: str | None
    moment: datetime
    spend: Fraction
    base: Fraction
    why: str = ""

    @property
    def at(self) -> int:
        """When it was bought, in milliseconds since 1970."""
        return times.epoch_ms(self.moment.isoformat())


def keep(news: Told) -> Data:
    """Return what is kept of an event's data; raise Rejected if that is no transaction."""
    if news.subject.startswith(CLAIM):
        return news.data
    try:
        sold = Sold.model_validate(news.data, strict=False, extra="ignore")
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Rejected(Code.BAD_SHAPE, f"{place}: {first['msg']}") from fault
    if (news.source, news.subject) != (f"/tillbridge/{sold.merchant}/{sold.vendor}", sold.id):
        raise Rejected(Code.BAD_SHAPE, "source and subject are not those of the data")
    named = sold.model_copy(update={"member": member_of(sold.merchant, sold.customer)})
    return named.model_dump(mode="json", exclude_defaults=True, exclude=_UNUSED)


def sales(view: View) -> dict[str, Sold]:
    """Return the transactions of a story, by their subjects."""
    return {
        subject: Sold.model_validate(data, strict=False)
        for subject, data in view.items()
        if not subject.startswith(CLAIM)
    }


def purchases(view: View, program: Program) -> dict[str, Purchase]:
    """Return what each transaction of a story is worth, by its subject, where it is anything."""
    known = sales(view)
    live = {subject: sold for subject, sold in known.items() if not _voided(subject, known)}
    found = {}
    for subject, sold in live.items():
        moment = datetime.fromisoformat(sold.occurred_at)
        mechanics = program.at(moment)
        claimed = view.get(CLAIM + subject, {}).get("member")
        back = [one for one in live.values() if _origin(one, known) == subject]
        alone = sold.original in {None, subject} or sold.original not in known
        given = given_back(sold) if alone else []
        if given or bought(sold):
            member = sold.member or claimed
            found[subject] = _purchase(sold, back, given, mechanics, member)
    return found


def _purchase(
    sold: Sold, back: Sequence[Sold], given: Sequence[Share], mechanics: Mechanics,
    member: str | None,
) -> Purchase:  # fmt: skip
    """Weigh a purchase, less what came `back` of it, less what was `given` for no known sale."""
    local = datetime.fromisoformat(sold.occurred_at).astimezone(times.zone(mechanics.timezone))
    if sold.currency != mechanics.currency:
        return Purchase(member, local, NOTHING, NOTHING, "other_currency")
    unit = 10**sold.exponent
    shares, parts = bought(sold), kept(sold, back)
    whole = sum((_worth(one, mechanics) for one in shares), NOTHING) / unit
    spend, base, why = NOTHING, NOTHING, ""
    for part, share in zip(parts, shares, strict=True):
        value = part * _worth(share, mechanics) / unit
        spend += value
        base += value * _multiplier(share, mechanics) * mechanics.happy(local)
    if whole < exact(mechanics.minimum):
        base, why = NOTHING, "below_minimum"
    for share in given:
        value = _worth(share, mechanics) / unit
        spend -= value
        base -= value * _multiplier(share, mechanics)
    if not base and not why:
        why = "all_returned" if whole else "nothing_that_earns"
    return Purchase(member, local, spend, base * exact(mechanics.points), why)


def _origin(sold: Sold, known: Mapping[str, Sold]) -> str | None:
    """Return the purchase that something is given back of: the first with anything bought."""
    passed, subject = {sold.id}, sold.original
    while subject and subject in known and subject not in passed:
        if bought(known[subject]):
            return subject
        passed.add(subject)
        subject = known[subject].original
    return None


def _voided(subject: str, known: Mapping[str, Sold], passed: frozenset[str] = frozenset()) -> bool:
    """Tell whether a void that stands undoes it; a void may be voided, too."""
    passed |= {subject}
    return any(
        sold.kind == "void" and sold.original == subject and not _voided(name, known, passed)
        for name, sold in known.items()
        if name not in passed
    )


def _worth(share: Share, mechanics: Mechanics) -> Fraction:
    """Return what of a share earns, in minor units."""
    if (
        share.kind not in mechanics.earns
        or share.category in mechanics.excluded_categories
        or share.sku in mechanics.excluded_skus
    ):
        return NOTHING
    return share.net + share.added if "tax" in mechanics.earns else share.net - share.inside


def _multiplier(share: Share, mechanics: Mechanics) -> Fraction:
    by_category = mechanics.categories.get(share.category, 1)
    return exact(mechanics.skus.get(share.sku, by_category))


def receipts(view: View) -> Iterator[tuple[str, Sold]]:
    """Yield what nobody's points are: sales with a receipt by which they can be claimed."""
    for subject, sold in sales(view).items():
        if bought(sold) and sold.receipt_number and not sold.member:
            yield subject, sold
