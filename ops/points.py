"""Members' points, worked out a second time: from what the made-up tills remember, to check by.

It shares no code with chalicelib.rewards.  Of the mechanics it goes by points, rounding, minimum,
happy hours and tiers, as the made-up goods have neither category nor SKU.
"""

import hmac
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

from chalicelib.mechanics import Mechanics
from ops.day import Bought, Day
from ops.tills import TILLS

#: (merchant, what the till asked of the customer) -> points.
Points = dict[tuple[str, str], int]


def owed(days: list[Day], rewards: Mapping[str, Mechanics]) -> Points:
    """Return what each member must have in the end."""
    found: Points = {}
    for day in days:
        if mechanics := rewards.get(day.merchant):
            history = defaultdict[str, list[Bought]](list)
            for one in day.bought:
                history[one.sale.member].append(one)
            for member, bought in history.items():
                earned = (_points(day.merchant, one, bought, mechanics) for one in bought)
                found[day.merchant, member] = sum(earned)
    return found


def account(merchant: str, member: str, hash_key: str) -> str:
    """Return the name that the ledger gives a member: its tills ask for addresses or numbers."""
    if "@" not in member:
        return f"loyalty:{member}"
    key = hmac.digest(hash_key.encode(), merchant.encode(), "sha256")
    return f"email:hmac-sha256:{hmac.digest(key, member.encode(), 'sha256').hex()}"


def _points(merchant: str, one: Bought, bought: list[Bought], mechanics: Mechanics) -> int:
    sale = one.sale
    if "item" not in mechanics.earns or sale.cents < 100 * Fraction(mechanics.minimum):
        return 0
    since = sale.moment - timedelta(days=mechanics.tier_days)
    before = sum(_kept(other) for other in bought if since <= other.sale.moment < sale.moment)
    reached = [tier for tier in mechanics.tiers if 100 * Fraction(tier.spend) <= before]
    tier = max(reached, key=lambda found: Fraction(found.spend)).multiplier if reached else 1
    happy = _happy(TILLS[merchant].there(sale.moment, mechanics.timezone), mechanics)
    worth = Fraction(_kept(one), 100) * Fraction(mechanics.points) * Fraction(tier) * happy
    if mechanics.rounding == "half_up":
        return floor(worth + Fraction(1, 2))
    return ceil(worth) if mechanics.rounding == "up" else floor(worth)


def _happy(there: datetime, mechanics: Mechanics) -> Fraction:
    return max(
        (
            Fraction(hour.multiplier)
            for hour in mechanics.happy_hours
            if there.weekday() in hour.days and hour.start <= f"{there:%H:%M}" < hour.end
        ),
        default=Fraction(1),
    )


def _kept(one: Bought) -> int:
    return one.sale.cents - one.refunded
