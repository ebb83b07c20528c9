"""Clover: expanded orders, and payments, refunds and credits (manual refunds) that come alone.

https://docs.clover.com/dev/reference/ordergetorder and https://docs.clover.com/dev/docs/webhooks

Webhooks hold ids only.  Push the order instead, with lineItems (and their taxRates, discounts and
modifications), payments, refunds, credits, voids, discounts, serviceCharge and customers expanded.
An order counts once it is paid, as "order:<id>", and keeps that total whatever comes back later:
each refund and credit is a return of its own, "refund:<id>" or "credit:<id>".
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.clover.bodies import refused, singles
from chalicelib.clover.parts import Parts, stated
from chalicelib.clover.payments import fate, on_top, settled, tender
from chalicelib.clover.reading import (
    Order,
    Reading,
    Record,
    amount,
    created,
    flag,
    inner,
    needed,
    summed,
    tolerant,
)
from chalicelib.errors import Code, Ignored, Rejected


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders, and each refund and credit in them as a transaction of its own."""

    def one(single: Any) -> Iterator[model.Transaction]:
        noun, record, order = single if isinstance(single, tuple) else ("", single, Order({}))
        if not isinstance(record, dict):
            raise Rejected(Code.BAD_SHAPE, "an object was expected")
        if noun in ("", "notice"):
            raise refused(noun, record)
        if flag(order, "testMode"):
            raise Ignored("test order")
        if noun == "payment" and record.get("order"):
            raise Ignored("counted by its order")
        # Only what is final is read further: an open order needs no currency.
        live = order.once(settled) if noun in ("order", "refund") and order else []
        reading = Reading(merchant, noun, record, order)
        if live is None:  # the order is undone, and with it what came back of it
            yield reading.void()
        else:
            yield _order(reading, live) if noun == "order" else _alone(reading)

    return payload.each(payload.apart(payload.json_records(text), singles), one)


def verify(
    headers: signatures.Headers, _body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the code that every call bears.  It signs nothing: whoever knows it may say anything.

    https://docs.clover.com/dev/docs/webhooks
    """
    return signatures.same([headers.get("x-clover-auth", "")], secrets)


def handshake(body: bytes) -> str:
    """Return the code that is to be typed into Clover's dashboard, if it is the call with that."""
    found = signatures.fields(body)
    code = str(found.get("verificationCode", ""))
    return code if len(found) == 1 and re.fullmatch("[A-Za-z0-9-]{4,64}", code) else ""


def _order(reading: Reading, live: list[Record]) -> model.Transaction:
    order, parts = reading.order, reading.order.once(Parts)
    total = _first_total(reading, live)
    if total < 0:
        raise Rejected(Code.BAD_MONEY, "the total of an order is negative")
    charges = [one.get("serviceCharge") or {} for one in live]
    charge = summed(charges, "amount") or parts.charge
    taxes = _taxes(parts, live, total - parts.subtotal - charge)
    tip, surcharge = summed(live, "tipAmount"), sum(map(on_top, live))
    cashback = summed(live, "amount") - total == summed(live, "cashbackAmount")
    return reading.transaction(
        max(map(created, live), default=0) or created(order),
        kind="sale", lines=tuple(parts.lines), discounts=tuple(parts.discounts),
        subtotal=parts.subtotal if parts.lines else total - charge - _added(taxes),
        taxes=tuple(taxes), tip=tip, service_charge=charge + surcharge,
        total=total + tip + surcharge,
        tenders=tuple(tender(reading, one, _settles(one, cashback=cashback)) for one in live),
    )  # fmt: skip


def _first_total(reading: Reading, live: list[Record]) -> int:
    """Return the total as it was paid, without tips and surcharges; name what is missing."""
    order, total, paid = reading.record, needed(reading.record, "total"), summed(live, "amount")
    holders = (order, *tolerant(order, "payments"))
    refunds = {str(one.get("id")): one for some in holders for one in inner(some, "refunds")}
    if not live and total:
        reading.unknown["payments_missing"] = None
    if not refunds and str(order.get("paymentState")).endswith("REFUNDED"):
        reading.unknown["refunds_missing"] = None
    if paid > total:  # perhaps the total has lost what was refunded or exchanged since
        back = [one for one in refunds.values() if fate(one, "refund") == "paid"]
        if paid - sum(_size(one, "amount") - _size(one, "tipAmount") for one in back) == total:
            return paid
    return total


def _settles(paid: Record, *, cashback: bool) -> int:
    given = amount(paid, "amount") + amount(paid, "tipAmount") + on_top(paid)
    return given - amount(paid, "cashbackAmount") if cashback else given


def _taxes(parts: Parts, live: list[Record], rest: int) -> list[model.Tax]:
    """Return taxes as worked out, or else as the payments tell: whichever explains the total.

    What other apps record as payments often says nothing of tax, or that it is 0.
    """
    told, worked = stated(live, "taxRates", vat=parts.vat), parts.taxes()
    wanted = (_all(told) or _all(worked)) if parts.vat else rest
    return next((some for some in (worked, told) if _all(some) == wanted), told or worked)


def _all(taxes: Iterable[model.Tax]) -> int:
    return sum(one.amount for one in taxes)


def _added(taxes: Iterable[model.Tax]) -> int:
    return sum(one.amount for one in taxes if not one.inclusive)


def _alone(reading: Reading) -> model.Transaction:
    """Return a refund, a credit, or a payment without an order.

    Clover writes them all as positive amounts.  A refund's has the tip in it, a payment's hasn't.
    """
    noun, record, order = reading.noun, reading.record, reading.order
    via = _payment_of(record, order)
    if _undone(noun, record, order, via):
        return reading.void()
    if noun == "payment":
        reading.unknown["payment_only"] = None
    sign = 1 if noun == "payment" else -1
    tip, charge, surcharge = _size(record, "tipAmount"), _charge(record), on_top(record)
    bare = abs(needed(record, "amount")) - (0 if noun == "payment" else tip)
    if bare < 0 or (noun == "payment" and amount(record, "amount") < 0):
        raise Rejected(Code.BAD_MONEY, f"the amount of a {noun} is negative, or less than its tip")
    taxes = _taken(record, noun, sign, vat=flag(order, "isVat"))
    subtotal, total = sign * (bare - charge) - _added(taxes), sign * (bare + tip + surcharge)
    lines = order.once(Parts).returned(record) if noun == "refund" else []
    return reading.transaction(
        created(record), kind="sale" if noun == "payment" else "return",
        original=_original(reading),
        lines=tuple(lines if sum(one.total for one in lines) == subtotal else ()),
        subtotal=subtotal, taxes=taxes, tip=sign * tip,
        service_charge=sign * (charge + surcharge), total=total,
        tenders=(tender(reading, record, total, via),),
    )  # fmt: skip


def _undone(noun: str, record: Record, order: Order, via: Record | None) -> bool:
    """Say whether it was voided, or the payment that it went back to; raise if it isn't final."""
    found = fate(record, noun)
    if found not in ("paid", "voided"):
        raise Ignored(f"{found} {noun}")
    payment = fate(via, "payment", order) if via else ""
    return "voided" in (found, payment)


def _size(record: Record, name: str) -> int:
    """Return an amount without its sign, which follows from what it is an amount of."""
    return abs(amount(record, name))


def _charge(record: Record) -> int:
    return _size(record.get("serviceCharge") or record.get("serviceChargeAmount") or {}, "amount")


def _taken(record: Record, noun: str, sign: int, *, vat: bool) -> tuple[model.Tax, ...]:
    rates = "taxableAmountRates" if noun == "refund" else "taxRates"
    return tuple(
        one.model_copy(update={"amount": sign * abs(one.amount)})
        for one in stated([record], rates, vat=vat)
    )


def _payment_of(refund: Record, order: Order) -> Record | None:
    wanted = (refund.get("payment") or {}).get("id")
    return order.once(_paid).get(wanted) if wanted and isinstance(wanted, Hashable) else None


def _paid(order: Order) -> dict[Hashable, Record]:
    """Return the payments by their ids, the first of each."""
    paid = (*inner(order, "payments"), *inner(order, "voids"))
    return {one.get("id"): one for one in reversed(paid) if isinstance(one.get("id"), Hashable)}


def _original(reading: Reading) -> str | None:
    """Return the sale that a refund belongs to.  A credit belongs to none."""
    if reading.noun != "refund":
        return None
    record = reading.record
    order = reading.order.get("id") or (record.get("orderRef") or {}).get("id")
    payment = (record.get("payment") or {}).get("id")
    return f"order:{order}" if order else f"payment:{payment}" if payment else None
