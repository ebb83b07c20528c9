"""Where and when a POSLog transaction was, whom it was with, and which others it names."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from chalicelib import model, times
from chalicelib.errors import Code, Rejected
from chalicelib.poslog.elements import text, word

#: Why a transaction names another one.
VOIDS = ("Void", "Voided", "PostVoid", "PostVoided")
RETURNS = ("", "Return", "Refund", "Exchange")
RESUMES = ("Resume", "Resumed", "Suspend", "Suspended")

_KEY = ("RetailStoreID or BusinessUnit", "WorkstationID", "SequenceNumber", "BusinessDayDate")
#: When it was, the best first.
_MOMENTS = ("EndDateTime", "BeginDateTime", "ReceiptDateTime", "POSLogDateTime")
_TO_THE_SECOND = len("2026-03-14T10:00:00")
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def key(record: Element, retail: Element) -> list[str]:
    """Return store, register, number and day.  Numbers come again, so all four make the key.

    The organisation isn't in it: links leave it out, and a till may begin to send it some day.
    """
    place = _place(record, retail)
    if missing := [name for name, part in zip(_KEY, place, strict=True) if not part]:
        raise Rejected(Code.MISSING_ID, f"missing: {', '.join(missing)}")
    return [part for part in place if part]


def _place(record: Element, retail: Element) -> tuple[str | None, ...]:
    units = [unit for unit in record.findall("BusinessUnit/UnitID") if text(unit, ".")]
    shops = [unit for unit in units if unit.get("TypeCode") == "RetailStore"] or units
    store = text(record, "RetailStoreID") or (text(shops[0], ".") if shops else None)
    day, moment = business_date(record), _moment(record, retail)
    if day is None and moment is not None:  # digital receipts tell no business day
        day = times.day(text(record, "ReceiptDateTime") or text(moment, "."))
    return (
        store or text(record, "BusinessUnit", "BusinessUnit/BusinessUnitNumber"),
        text(record, "WorkstationID"),
        text(record, "SequenceNumber"),
        day,
    )


def reasons(record: Element, retail: Element) -> set[str]:
    """Return why other transactions are named."""
    return {_reason(link) for link in _links(record, retail)}


def _links(record: Element, retail: Element) -> list[Element]:
    found = (record.findall("TransactionLink"), retail.findall("TransactionLink"),
             retail.findall("LineItem/*/TransactionLink"))  # fmt: skip
    return [link for links in found for link in links if text(link, "SequenceNumber")]


def _reason(link: Element) -> str:
    return word(link, "@ReasonCode", "ReasonCode")


def original(record: Element, retail: Element, own: list[str], kind: str) -> str | None:
    """Return the transaction that is undone or given back from, if it is a single one."""
    if kind == "sale":
        return None
    links = [link for link in _links(record, retail) if _reason(link) not in RESUMES]
    wanted = VOIDS if kind == "void" else RETURNS
    named = [link for link in links if _reason(link) in wanted] or links
    if kind == "void" and not named:
        raise Rejected(Code.MISSING_ID, "a void must name what it undoes in a TransactionLink")
    found = {
        model.joined(*(there or here for there, here in zip(_place(link, link), own, strict=True)))
        for link in named
    }
    return found.pop() if len(found) == 1 else None


def occurred_at(record: Element, retail: Element, zone: str | None) -> str:
    """Return when the transaction ended, as RFC 3339."""
    moment = _moment(record, retail)
    if moment is None:
        raise Rejected(Code.BAD_TIME, f"there is none of {', '.join(_MOMENTS)}")
    written, offset = text(moment, ".") or "", text(moment, "@Offset")
    if offset and not _ZONED.search(written):  # 07:00:00, beside a local time
        written += offset[:6] if offset.startswith(("+", "-")) else f"+{offset[:5]}"
    return times.instant(written, zone)


def _moment(*places: Element) -> Element | None:
    """Return the best time there is, the latest of its name; not when a message was exported."""
    for name in _MOMENTS:
        found = [moment for place in places for moment in place.findall(name)
                 if text(moment, ".") and moment.get("TypeCode") != "Message"]  # fmt: skip
        if found:
            best = max(found, key=lambda moment: text(moment, ".") or "")
            return _with_zone(best, *places)
    return None


def _with_zone(best: Element, *places: Element) -> Element:
    """Return the same time of day as it is written elsewhere with its zone, if it is."""
    clock = (text(best, ".") or "")[:_TO_THE_SECOND]
    if best.get("Offset") or len(clock) < _TO_THE_SECOND:
        return best
    others = (other for place in places for name in _MOMENTS for other in place.findall(name))
    same = (other for other in others if (text(other, ".") or "").startswith(clock))
    return next((other for other in same if _ZONED.search(text(other, ".") or "")), best)


def business_date(record: Element) -> str | None:
    """Return the trading day: a sale after midnight may belong to the day before."""
    day = text(record, "BusinessDayDate", "BusinessDayDate/Date")
    return times.day(day) if day else None


def currency(record: Element, retail: Element, merchant: model.Merchant) -> str | None:
    """Return the currency: of the header, else of the first amount that names one."""
    if told := text(record, "CurrencyCode") or text(retail, "CurrencyCode"):
        return told
    for amount in (*retail.findall("Total"), *retail.iter()):
        beside = text(amount, "@CurrencyCode", "@Currency")
        if beside and beside != "XXX":
            return beside
    return merchant.currency


def customer(retail: Element) -> model.Customer | None:
    """Return who bought, without name and address."""
    told: dict[str, Any] = {
        "id": text(retail, "Customer/CustomerID"), "loyalty_id": _loyalty_id(retail),
        "email": text(retail, "Customer/EMail/EMailAddress"),
        # NCR's LoyaltyID, beside a membership, is most often the phone number: treated as one.
        "phone": text(retail, "Customer/TelephoneNumber/LocalNumber",
                      "LineItem/LoyaltyMembership/LoyaltyID"),
    }  # fmt: skip
    return model.Customer(**told) if any(told.values()) else None


def _loyalty_id(retail: Element) -> str | None:
    """Return the member's own number."""
    if external := text(retail, "Customer/CustomerExternalId"):
        # R10's LoyaltyAccountID is a kind of points: the same for everybody.
        return text(retail, "LoyaltyAccount/CustomerID") or external
    membership = text(retail, "LineItem/LoyaltyMembership/MembershipID") or ""
    return text(
        retail, "LoyaltyAccount/LoyaltyProgram/LoyaltyAccountID",
        "LineItem/*/LoyaltyAccount/LoyaltyProgram/LoyaltyAccountID",
        "LoyaltyAccount/LoyaltyCard/PrimaryAccountNumber", "LoyaltyAccount/CustomerID",
        "Customer/LoyaltyCardID",
    ) or (membership if membership.strip("0") else None)  # fmt: skip
