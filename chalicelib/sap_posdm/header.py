"""Which transaction of SAP's it is, when it was, whom it was with, and which one it undoes."""

import re

from chalicelib import model, times
from chalicelib.errors import Code, Rejected
from chalicelib.sap_posdm.fields import Record, first, identifier, many

#: When it was; SAP fills up a time that it doesn't know with zeros.
_TIMES = ("ENDTIMESTAMP", "ENDDATETIMESTAMP", "BEGINTIMESTAMP", "BEGINDATETIMESTAMP")
_TIME = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")


def key(record: Record, prefix: str = "") -> tuple[str, str, str, str]:
    """Return store, workstation, number and business day, which together name a transaction."""
    named = f"{prefix}TRANSACTIONSEQUENCENUMBER"
    numbers = (f"{prefix}TRANSNUMBER", named, named[:30])  # as long as SAP's names may be
    parts = (first(record, f"{prefix}RETAILSTOREID"),
             first(record, f"{prefix}WORKSTATIONID"), first(record, *numbers))  # fmt: skip
    if any(part is None for part in parts):
        raise Rejected(Code.MISSING_ID, "store, workstation or transaction number is missing")
    store, till, number = map(identifier, parts)
    day = times.day(identifier(first(record, f"{prefix}BUSINESSDAYDATE") or ""))
    return store, till, number, day


def original(record: Record) -> str | None:
    """Return the transaction that a post-void undoes."""
    details = next(iter(many(record.get("POSTVOIDDETAILS"))), None)
    return model.joined(*key(details, "VOIDED")) if details else None


def occurred_at(record: Record, zone: str | None) -> str:
    """Return when it ended, or else began, as RFC 3339."""
    told = (identifier(first(record, name) or "") for name in _TIMES)
    found = next((one for one in told if one.strip("0")), "")
    if not (parts := _TIME.fullmatch(found)):
        raise Rejected(Code.BAD_TIME, "a time must be fourteen digits, yyyymmddHHMMSS")
    year, month, day, *clock = parts.groups()
    return times.instant(f"{year}-{month}-{day}T{':'.join(clock)}", zone)


def customer(record: Record) -> model.Customer | None:
    """Return the member, by the first card that is told."""
    cards = (first(one, "CUSTCARDNUMBER", "CUSTOMERCARDNUMBER")
             for one in many(record.get("LOYALTY")))  # fmt: skip
    card = next((one for one in cards if one is not None), None)
    return model.Customer(loyalty_id=identifier(card)) if card is not None else None
