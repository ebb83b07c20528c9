"""How Zettle writes ids, quantities, rates, reductions and payments."""

import base64
import re
import uuid
from decimal import Decimal
from typing import Any

from chalicelib import money
from chalicelib.errors import Code, Rejected

Record = dict[str, Any]
#: The API's name, the event's, and the API's old one, whose value is in base64.
IDS = ("purchaseUUID1", "purchaseUuid", "purchaseUUID")
ORIGINALS = ("refundsPurchaseUUID1", "refundsPurchaseUuid", "refundsPurchaseUUID")
REFUNDS = ("refundedByPurchaseUUIDs1", "refundedByPurchaseUuids", "refundedByPurchaseUUIDs")
#: Lists that events and the API once had beside that of payments, and what is in them.
OLD_PAYMENTS = {"cardPayments": "IZETTLE_CARD", "cashPayments": "IZETTLE_CASH"}
NOTHING = (None, "")
UUID = re.compile(r"[0-9A-Za-z]{8}(-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}")
BASE64 = re.compile(r"[0-9A-Za-z_-]{22}(==)?")


def uuid_of(found: Record, names: tuple[str, ...]) -> str | None:
    """Return the first of these ids that is there, in the one form that all of them share."""
    value = next((found[name] for name in names if found.get(name)), None)
    if isinstance(value, str) and UUID.fullmatch(value):
        return value.lower()
    if isinstance(value, str) and BASE64.fullmatch(value):
        return str(uuid.UUID(bytes=base64.urlsafe_b64decode(value[:22] + "==")))
    if value is None:
        return None
    raise Rejected(Code.MISSING_ID, f"one of {', '.join(names)} is no UUID")


def revision_of(found: Record) -> int:
    """Return how often it was refunded: nothing else of a purchase ever changes."""
    refunds: Any = next((found[name] for name in REFUNDS if found.get(name)), [])
    if not isinstance(refunds, list):
        raise Rejected(Code.BAD_SHAPE, "the ids of refunds are a list")
    return max(len(refunds), int(found.get("refunded") is True))


def payments_of(found: Record) -> list[Record]:
    """Return all payments.  The old lists have the details of a payment in the payment itself."""
    old = [
        {"type": kind, "attributes": one, **one}
        for name, kind in OLD_PAYMENTS.items()
        for one in found.get(name) or ()
    ]
    return [*(found.get("payments") or ()), *old]


def change_of(details: Record, amount: int) -> int:
    """Return the change of a payment: not all that tell what was handed over tell it."""
    if details.get("changeAmount") not in NOTHING:
        return money.whole(details["changeAmount"])
    handed = details.get("handedAmount")
    return 0 if handed in NOTHING else max(money.whole(handed) - amount, 0)


def quantity_of(found: Record) -> Decimal:
    """Return how many there are: one where nothing says so."""
    quantity = found.get("quantity")
    return Decimal(1) if quantity in NOTHING else money.decimal(quantity)


def rates_of(row: Record) -> list[Decimal]:
    """Return the rates of tax on a row as fractions: several where states and cities tax."""
    found = [one.get("percentage") for one in row.get("taxRates") or ()]
    rates = [money.decimal(rate or 0) for rate in found or [row.get("vatPercentage")]]
    return [rate.scaleb(-2) for rate in rates if rate > 0]


def reduction_of(discount: Record, base: int) -> int:
    """Return what a discount takes off `base`: as told, else by its amount or percentage."""
    if discount.get("value") not in NOTHING:
        return money.whole(discount["value"])
    if discount.get("amount") not in NOTHING:
        return money.rounded(money.whole(discount["amount"]) * quantity_of(discount))
    return money.rounded(base * money.decimal(discount.get("percentage") or 0).scaleb(-2))


def code_of(found: Any) -> str | None:
    """Return an id that moves no money, or none: a barcode typed wrong spoils no sale."""
    code = str(found).strip() if isinstance(found, str | int) else ""
    return code if 0 < len(code) <= 256 and code.isprintable() else None  # noqa: PLR2004
