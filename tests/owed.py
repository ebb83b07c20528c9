"""What each member must have, straight from what the tills remember.  Written for itself.

It knows nothing of events, stories or ledgers, and imports none of the code that it judges.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

from tests.month import Bill, email_hash

CAFE = {"coffee": Fraction(3), "cake": Fraction(3, 2), "deal": Fraction(3, 4)}
SALES_TAX = 80


@dataclass
class Worth:
    """One bill in a member's history, in units of the currency and in points before the tier."""

    bill: Bill
    spend: Fraction
    points: Fraction


def owed(bills: Iterable[Bill]) -> dict[tuple[str, str], int]:
    """Return the balance of each (shop, member) who has bought or given back anything."""
    history = defaultdict[tuple[str, str], list[Worth]](list)
    for bill in bills:
        if (who := _who(bill)) and not bill.voided:
            history[bill.shop, who].append(_worth(bill))
    return {
        (shop, who): sum(_points(shop, one, worths) for one in worths)
        for (shop, who), worths in history.items()
    }


def _who(bill: Bill) -> str:
    if not bill.member:
        return "" if bill.loose else bill.claimed_by
    return f"email:{email_hash(bill.member)}" if bill.by_email else f"loyalty:{bill.member}"


def _worth(bill: Bill) -> Worth:
    gross = sum(cents for *_, cents in bill.lines)
    per_unit = 100 if bill.shop == "cafe" else 1
    bought = spend = points = Fraction(0)
    for place, (category, sku, cents) in enumerate(bill.lines):
        rate = _rate(bill.shop, category, sku)
        paid = Fraction(cents) * (gross - bill.discount) / gross / per_unit
        if rate is None:
            continue
        bought += paid
        if place not in bill.back:
            stays = paid * (1 - Fraction(bill.refunded, bill.total + SALES_TAX))
            spend += stays
            points += stays * rate
    if bill.loose:
        return Worth(bill, -spend, -points)
    if bill.shop == "cafe":
        points = points * _happy(bill) if bought >= 4 else Fraction(0)
    return Worth(bill, spend, points)


def _rate(shop: str, category: str, sku: str) -> Fraction | None:
    if category == "gift" or (shop == "cafe" and category == "tobacco"):
        return None
    if shop == "konbini":
        return Fraction(1, 100)
    return Fraction(15, 2) if sku == "SPECIAL" else CAFE[category]


def _happy(bill: Bill) -> int:
    there = bill.moment.astimezone(ZoneInfo("America/New_York"))
    return 2 if there.isoweekday() <= 5 and there.hour in {15, 16} else 1


def _points(shop: str, one: Worth, history: list[Worth]) -> int:
    if shop == "konbini":
        size = floor(abs(one.points) + Fraction(1, 2))
    else:
        since = one.bill.moment - timedelta(days=10)
        before = sum(
            (other.spend for other in history if since <= other.bill.moment < one.bill.moment),
            Fraction(0),
        )
        tier = 2 if before >= 150 else Fraction(5, 4) if before >= 60 else 1
        size = floor(abs(one.points) * tier)
    return size if one.points >= 0 else -size
