"""The totals, tips and discounts of a POSLog transaction, and the reading in which all adds up.

Producers share POSLog's names and not what the amounts mean: a line is before or after its
discounts, a discount is told once or twice, tax is included or not, whatever the flags say.  So
`reconciled` tries a few readings in a fixed order, against the one amount that all agree on.
"""

from collections.abc import Iterator
from itertools import compress, product
from typing import NamedTuple
from xml.etree.ElementTree import Element

from chalicelib import model
from chalicelib.poslog.elements import Till, flagged, text, word
from chalicelib.poslog.lines import Entry

#: So many taxes may be included and added, and so many rebates told once and twice, in any mixture.
MOST_MIXED = 4


def signed(amount: int, sign: int, part: Element) -> int:
    """Return a part of the whole with its sign: of what comes back all is negative."""
    back = sign < 0 or part.get("TypeCode") in ("Return", "Refund")
    return -abs(amount) if back else amount


def told(till: Till, retail: Element, kind: str) -> int | None:
    """Return the total of that type, if there is one that isn't empty."""
    totals = (till.amount(one) for one in retail.findall("Total") if one.get("TotalType") == kind)
    return next((amount for amount in totals if amount is not None), None)


def tips(till: Till, found: list[Entry], sign: int) -> int:
    """Return the sum of the tips."""
    told = [entry.body for entry in found if entry.body.tag == "Tip"]
    return sum(signed(till.amount(tip, "Amount") or 0, sign, tip) for tip in told)


def rounding(till: Till, retail: Element, sign: int) -> int:
    """Return what cash rounding added to the ticket or, negative, took off."""
    for path in ("Total[@TotalType='TransactionRoundingAmount']", "Rounding", "LineItem/Rounding"):
        found = retail.find(path)
        if found is not None and (amount := till.amount(found)):
            return sign * (-abs(amount) if found.get("RoundingDirection") == "Down" else amount)
    return 0


def rewards(till: Till, found: list[Entry], sign: int) -> list[model.Discount]:
    """Return the loyalty rewards that are money, each in its sum and not in its details as well."""
    told = [
        body for _, body, _ in found
        if body.tag == "LoyaltyReward" and word(body, "RewardCategory") in ("", "Monetary")
        and (flagged(body, "summarizedActivity") or not flagged(body, "detailedData"))
    ]  # fmt: skip
    return _discounts(till, told, sign)


def discounts(till: Till, found: list[Entry], sign: int) -> list[model.Discount]:
    """Return the discounts that are line items.  They may repeat what lines say."""
    return _discounts(till, [entry.body for entry in found if entry.body.tag == "Discount"], sign)


def _discounts(till: Till, told: list[Element], sign: int) -> list[model.Discount]:
    amounts = [
        (body, till.amount(body, "ExtendedRewardAmount") or till.amount(body, "Amount"))
        for body in told
    ]
    return [
        model.Discount(name=text(body, "Description"), amount=sign * abs(amount))
        for body, amount in amounts
        if amount
    ]


class Reading(NamedTuple):
    """One way to read a transaction's amounts."""

    lines: list[model.Line]
    discounts: list[model.Discount]
    rounding: int
    taxes: list[model.Tax]

    @property
    def subtotal(self) -> int:
        reduced = sum(discount.amount for discount in self.discounts)
        return sum(line.total for line in self.lines) - reduced


def reconciled(total: int, plain: Reading, *rebates: list[model.Discount]) -> Reading:
    """Return the first reading that adds up to `total`, the plainest being tried first.

    Else it is the first that misses it by no more than a minor unit for each line and tax, as
    rounding may; else the plain one, and the mismatch will be named.
    """
    slack, near = len(plain.lines) + len(plain.taxes), plain
    inclusions = list(_inclusions(plain.taxes))
    roundings = dict.fromkeys((plain.rounding, -plain.rounding, 0))
    for discounts, lines, rounding in product(_taken(*rebates), _net(plain.lines), roundings):
        reading = Reading(lines, discounts, rounding, plain.taxes)
        added = total - reading.subtotal - rounding
        for inclusive in inclusions:
            taxed = zip(plain.taxes, inclusive, strict=True)
            missing = abs(added - sum(tax.amount for tax, within in taxed if not within))
            if not missing:
                return _including(reading, inclusive)
            if missing <= slack and near is plain:
                near = _including(reading, inclusive)
    return near


def _net(told: list[model.Line]) -> Iterator[list[model.Line]]:
    """Yield the lines as told, and as they are if their reductions are still to be taken off."""
    if told:
        yield told
    if any(line.discount for line in told):
        yield [line.model_copy(update={"total": line.total - line.discount}) for line in told]


def _taken(*rebates: list[model.Discount]) -> list[list[model.Discount]]:
    """Return the choices of rebates that no line contains yet, the fewest first."""
    everything = [rebate for told in rebates for rebate in told]
    choices = [[], *rebates, everything]
    if len(everything) <= MOST_MIXED:
        mixtures = product((False, True), repeat=len(everything))
        choices += [list(compress(everything, mixture)) for mixture in mixtures]
    return sorted(choices, key=len)


def _inclusions(told: list[model.Tax]) -> Iterator[tuple[bool, ...]]:
    """Yield which taxes are included: as flagged, all, none, and, if they are few, any mixture."""
    yield tuple(tax.inclusive for tax in told)
    yield from ((True,) * len(told), (False,) * len(told))
    if len(told) <= MOST_MIXED:
        yield from product((True, False), repeat=len(told))


def _including(reading: Reading, inclusive: tuple[bool, ...]) -> Reading:
    taxed = zip(reading.taxes, inclusive, strict=True)
    changed = [tax.model_copy(update={"inclusive": within}) for tax, within in taxed]
    return reading._replace(taxes=changed)
