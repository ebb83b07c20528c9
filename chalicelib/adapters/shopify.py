"""Shopify and Shopify POS: orders and refunds, as webhooks carry them and as the API answers.

https://shopify.dev/docs/api/admin-rest/latest/resources/order (and /refund, /transaction)

An order's total never falls: what was paid back is in its refunds, each a transaction of its own.
A refund comes twice, inside its order and by itself, and must look the same both times: it is read
from nothing but itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures, times
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.shopify import bodies, lines
from chalicelib.shopify.payments import booked, only_tender, paid, tenders
from chalicelib.shopify.reading import Reading, Record, text
from chalicelib.shopify.returned import returned

#: Where an order took no money, its cancellation leaves nothing of it.
NOTHING_CAPTURED = frozenset({"pending", "authorized", "expired"})


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders, and refunds, whether they come inside their order or by themselves."""

    def one(record: Any) -> Iterator[model.Transaction]:
        read = _order if bodies.noun(record) == "order" else _refund
        yield read(Reading(record, merchant))

    return payload.each(payload.apart(payload.json_records(text), bodies.singles), one)


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature over the body.

    https://shopify.dev/docs/apps/build/webhooks/subscribe/https#verify-a-webhook
    """
    given = headers.get("x-shopify-hmac-sha256", "")
    return signatures.by_base64([given], body, secrets)


def _order(reading: Reading) -> model.Transaction:
    order, status = reading.record, reading.record.get("financial_status")
    if order.get("test") is True:
        raise Ignored("test order")
    why = payload.known(bodies.STATUSES, status, "financial status", Code.UNKNOWN_STATUS)
    head = {
        "id": reading.id("id", "order"),
        "revision": times.epoch_ms(reading.time("updated_at")) if order.get("updated_at") else 0,
        "store_id": text(order.get("location_id")), "register_id": text(order.get("device_id")),
        "receipt_number": text(order.get("name")), "channel": text(order.get("source_name")),
        "customer": _customer(order),
    }  # fmt: skip
    if why == "voided" or (order.get("cancelled_at") and status in NOTHING_CAPTURED):
        return reading.transaction([], kind="void", original=head["id"], total=0, **head)
    if why:
        raise Ignored(f"{why} order")
    return _sale(reading, head)


def _customer(order: Record) -> model.Customer | None:
    found = order.get("customer") or {}
    told = {
        "id": text(found.get("id")),
        "email": text(found.get("email") or order.get("email") or order.get("contact_email")),
        "phone": text(found.get("phone") or order.get("phone")),
    }
    return model.Customer(**told) if any(told.values()) else None


def _sale(reading: Reading, head: Record) -> model.Transaction:
    order, amount = reading.record, reading.amount
    items = order.get("line_items") or []
    tips = [lines.sold(reading, one) for one in items if lines.is_tip(order, one)]
    goods = [lines.sold(reading, one) for one in items if not lines.is_tip(order, one)]
    extra = [*lines.shipped(reading, order), *lines.fees(reading, order)]
    discounts = lines.unallocated(reading, order, goods)
    subtotal = lines.total(goods) - sum(one.amount for one in discounts)
    stated = amount(order, "subtotal_price") if order.get("subtotal_price") else subtotal
    if stated != subtotal + lines.total(tips):  # it may or may not contain the tip's line
        subtotal = stated
    subtotal += lines.total(extra)
    tip = amount(order, "total_tip_received") or lines.total(tips)
    taxes = lines.taxes(reading, order, subtotal + tip)
    due = subtotal + tip + sum(tax.amount for tax in taxes if not tax.inclusive)
    rounding = amount(order, "total_cash_rounding_payment_adjustment")
    if any(lines.removed(one) for one in order.get("refunds") or ()):
        reading.unknown["lines_removed_without_refund"] = None
    total = _total(reading, due, rounding)
    return reading.transaction(
        goods + extra, kind="sale", discounts=tuple(discounts), taxes=taxes, tip=tip,
        rounding=rounding, subtotal=subtotal, total=total, **head,
        tenders=tenders(reading, reading.went("in"), 1, total) or only_tender(reading, total),
    )  # fmt: skip


def _total(reading: Reading, due: int, rounding: int) -> int:
    """Return the total in cash: total_price is what was due before cash was rounded."""
    total = reading.needed(reading.record, "total_price")
    if total < 0:
        raise Rejected(Code.BAD_MONEY, "total_price is negative")
    return total if total == due + rounding else total + rounding


def _refund(reading: Reading) -> model.Transaction:
    found = reading.record.get("transactions") or []
    if any(one.get("test") is True for one in found):
        raise Ignored("test refund")
    back = reading.went("out")
    if not any(paid(reading, one) for one in back):
        raise Ignored("no money was paid back")
    goods, taxes = returned(reading)
    total, inclusive = _paid_back(reading, back, goods, sum(taxes.values()))
    till, rounding = back[0], sum(reading.amount(one, "amount_rounding") for one in back)
    return reading.transaction(
        goods, kind="return", id=reading.id("id", "refund"),
        original=reading.id("order_id", "order"), store_id=text(till.get("location_id")),
        register_id=text(till.get("device_id")), rounding=-rounding,
        subtotal=lines.total(goods) if goods else None, total=total,
        taxes=tuple(
            model.Tax(name=name, rate=rate, amount=amount, inclusive=inclusive)
            for (name, rate), amount in taxes.items()
        ),
        tenders=tenders(reading, back, -1, total),
    )  # fmt: skip


def _paid_back(
    reading: Reading, back: list[Record], goods: list[Record], tax: int
) -> tuple[int, bool]:
    """Return the total, and whether the lines contain their taxes, which a refund doesn't say.

    They do where the lines come closer to what was paid without the taxes than with them.
    """
    bare, added, abroad = lines.total(goods), tax, reading.abroad(back)
    if abroad:
        there, taxes = returned(abroad)
        bare, added = lines.total(there), sum(taxes.values())
    due = -sum(booked(abroad or reading, one) for one in back)
    inclusive = abs(bare - due) < abs(bare + added - due)
    if not abroad:
        return -sum(paid(reading, one) for one in back), inclusive
    if not goods:
        reason = "the refund was paid in another currency, and has no amounts in the shop's"
        raise Rejected(Code.MIXED_CURRENCY, reason)
    return lines.total(goods) + (0 if inclusive else tax), inclusive
