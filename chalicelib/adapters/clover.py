"""Clover: orders with their payments, refunds and credits, as the API answers them.

https://docs.clover.com/dev/reference/ordergetorder (expand=lineItems,payments,refunds,credits,
discounts,serviceCharge,customers)

Clover's webhook rings a doorbell: it says which objects changed and nothing of them, so it is
refused, with what to push instead.  An order counts once it is paid, and keeps its total when
something is refunded: each refund is a transaction of its own, read from nothing but itself, so
that it looks the same inside its order and alone.  A payment leaves its tip out, a refund doesn't.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chalicelib import model, money, payload
from chalicelib.clover.goods import Goods
from chalicelib.clover.payments import settled, state, surcharge, tender
from chalicelib.clover.reading import (
    Reading,
    Record,
    amount,
    customer,
    elements,
    expanded,
    identity,
    latest,
)
from chalicelib.errors import Code, Ignored, Rejected

_PUSH = "push the order as the API answers it, with its payments expanded"
#: What a doorbell rings for: the letter before the id -> whether that is a sale.
_BELLS = {"O": True, "P": True} | dict.fromkeys(("A", "C", "CA", "E", "I", "IC", "IG", "IM", "M",
                                                 "SH"), False)  # fmt: skip


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders, payments, refunds and credits: one, an array, or a page of the API's."""

    def one(single: tuple[str, Any, Record]) -> Iterator[model.Transaction]:
        noun, found, order = single
        if noun == "bell":
            _ring(found)
        elif noun == "order":
            yield _order(merchant, found)
        elif noun == "payment":
            yield _payment(merchant, found)
        else:
            if noun == "refund" and order:
                settled(order)  # what came back of an order that isn't counted doesn't count
            elif order.get("testMode") is True:
                raise Ignored("test order")
            yield _back(merchant, noun, found, order)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def _singles(record: Any) -> Iterator[Any]:
    """Take pages and orders apart into (noun, object, its order), so that none spoils another."""
    if not isinstance(record, dict):
        yield "order", record, {}
    elif "merchants" in record:
        bells = [one for rung in record["merchants"].values() for one in rung]
        yield from (("bell", one, {}) for one in bells or [None])
    elif isinstance(record.get("elements"), list) and record["elements"]:
        for one in record["elements"]:
            yield from _singles(one)
    else:
        noun = _noun(record)
        yield noun, record, {}
        if noun == "order":
            for name in ("refund", "credit"):
                inside = record.get(f"{name}s")
                listed = inside.get("elements") if isinstance(inside, dict) else inside
                for one in listed if isinstance(listed, list) else ():
                    yield name, one, record


def _noun(record: Record) -> str:
    """Return "order", "payment", "refund" or "credit": nothing says so but the fields."""
    keys = record.keys()
    if keys & {"lineItems", "paymentState", "payType", "total"}:
        return "order"
    if "result" in keys:
        return "payment"
    if "payment" in keys and "amount" in keys:
        return "refund"
    return "credit" if "amount" in keys and keys & {"cardTransaction", "orderRef"} else "unknown"


def _ring(bell: Any) -> None:
    if not isinstance(bell, dict) or not isinstance(bell.get("objectId"), str):
        raise Rejected(Code.BAD_SHAPE, "an event of Clover's was expected, with an objectId")
    letter = bell["objectId"].partition(":")[0]
    if not payload.known(_BELLS, letter, "kind of object", Code.UNKNOWN_EVENT):
        raise Ignored("not an event of a sale")
    raise Rejected(Code.THIN_NOTIFICATION, _PUSH)


def _order(merchant: model.Merchant, order: Any) -> model.Transaction:
    if not isinstance(order, dict):
        raise Rejected(Code.BAD_SHAPE, "an order was expected as an object")
    found = identity("order", order)
    if order.get("paymentState") in {"PAID", "REFUNDED"} and not expanded(order, "payments"):
        if elements(order, "credits"):
            raise Ignored("counted by its credits")
        raise Rejected(Code.THIN_NOTIFICATION, _PUSH)
    deleted = order.get("deletedTimestamp")
    if elements(order, "credits") and not elements(order, "payments"):
        raise Ignored("counted by its credits")
    payments = settled(order)
    reading = Reading(merchant, order)
    revision = latest(order, *elements(order, "payments"))
    if deleted or not payments:
        return reading.void(found, revision)
    return _sale(reading, order, payments, id=found, revision=revision)


def _sale(
    reading: Reading, order: Record, payments: list[Record], **head: Any
) -> model.Transaction:
    taxes = [paid["taxAmount"] for paid in payments if paid.get("taxAmount") is not None]
    goods = Goods(reading, order, sum(map(money.whole, taxes)) if taxes else None)
    charge = _charge(order, payments, goods.subtotal)
    paid = sum(amount(one, "amount") for one in payments)
    due = amount(order, "total") if order.get("total") is not None else paid
    if due < 0:
        raise Rejected(Code.BAD_MONEY, "the total of an order is negative")
    goods.fit(due - goods.added - charge)
    tips, extra = sum(amount(one, "tipAmount") for one in payments), surcharge(payments)
    # Nothing says whether a payment has its surcharge in it.
    apart = extra if paid == due else 0
    tenders = [
        tender(reading, one, amount(one, "amount") + amount(one, "tipAmount")
               + (surcharge([one]) if apart else 0)) for one in payments
    ]  # fmt: skip
    when = max((one["createdTime"] for one in payments if one.get("createdTime")), default=None)
    return reading.transaction(
        when, kind="sale", lines=goods.lines, discounts=tuple(goods.discounts), taxes=goods.taxes,
        tip=tips, service_charge=charge + extra, total=due + tips + extra,
        subtotal=goods.subtotal if goods.lines else None, tenders=tuple(tenders),
        customer=customer(order), **head,
    )  # fmt: skip


def _charge(order: Record, payments: list[Record], subtotal: int) -> int:
    """Return the service charge: as payments tell it, or the order's part of the goods."""
    told = [one["serviceCharge"] for one in payments if one.get("serviceCharge")]
    if any("amount" in one for one in told):
        return sum(amount(one, "amount") for one in told)
    found = order.get("serviceCharge") or {}
    if found.get("percentageDecimal"):  # 125000 is 12.5 %
        return money.rounded(subtotal * money.decimal(found["percentageDecimal"]).scaleb(-6))
    return money.rounded(subtotal * Decimal(amount(found, "percentage")).scaleb(-2))


def _payment(merchant: model.Merchant, paid: Record) -> model.Transaction:
    """Return a payment that belongs to no order."""
    if paid.get("order"):
        raise Ignored("counted by its order")
    found, status = identity("payment", paid), state(paid)
    card = paid.get("cardTransaction") or {}
    reading = Reading(merchant, paid, str(card.get("currency") or "").upper())
    revision = latest(paid)
    if status == "void":
        return reading.void(found, revision)
    if status != "money":
        raise Ignored(f"{status} payment")
    total = amount(paid, "amount") + amount(paid, "tipAmount")
    made = tender(reading, paid, total)
    reading.named["payment_only"] = None
    return reading.transaction(
        id=found, revision=revision, kind="sale", total=total, tip=amount(paid, "tipAmount"),
        subtotal=amount(paid, "amount"), tenders=(made,), taxes=_inside(paid, 1),
    )  # fmt: skip


def _back(merchant: model.Merchant, noun: str, back: Any, order: Record) -> model.Transaction:
    """Return a refund, or a credit: one that no payment came before."""
    if not isinstance(back, dict):
        raise Rejected(Code.BAD_SHAPE, f"a {noun} was expected as an object")
    if noun == "unknown":
        if "verificationCode" in back:
            raise Ignored("not an event of a sale")
        raise Rejected(Code.UNKNOWN_EVENT, "neither an order nor a payment, refund or credit")
    found, source = identity(noun, back), order or back.get("orderRef") or {}
    reading = Reading(merchant, back, order.get("currency"))
    revision = latest(back)
    if back.get("voided") is True or back.get("voidReason"):
        return reading.void(found, revision)
    if back.get("amount") is None:
        raise Rejected(Code.BAD_MONEY, f"the {noun} has no amount")
    total, tip = -abs(amount(back, "amount")), -abs(amount(back, "tipAmount"))
    told = back.get("tender") or back.get("cardTransaction")
    return reading.transaction(
        id=found, revision=revision, kind="return", total=total, tip=tip, subtotal=total - tip,
        original=identity("order", source) if noun == "refund" and source.get("id") else None,
        taxes=_inside(back, -1), tenders=(tender(reading, back, total),) if told else (),
    )  # fmt: skip


def _inside(record: Record, sign: int) -> tuple[model.Tax, ...]:
    """Return the tax that an amount has in it."""
    tax = sign * abs(amount(record, "taxAmount"))
    return (model.Tax(amount=tax, inclusive=True),) if tax else ()
