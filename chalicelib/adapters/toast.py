"""Toast: orders, as the orders webhook carries them and as the orders API answers.

https://doc.toasttab.com/openapi/orders/tag/Data-definitions/schema/Order

One transaction is one check, not one order: a check is what a guest pays, with payments, a number
and a loyalty account of its own, and it can move to another order.  Its id is "check:<guid>".
A refund is a block on the payment it takes back, and leaves the totals of the check alone: it is
a return of its own, "refund:<guid of the payment>", as a payment has one such block at most.
Checks that are voided, deleted or merged away become voids, and so do refunds on them.  A check
that is opened again stays what it was until it is closed again.

Only the webhook names the restaurant.  Whoever fetches orders to fill a gap wraps them as the
webhook does, or else one revision of a check comes with two contents.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.errors import Code, Rejected
from chalicelib.toast import bodies
from chalicelib.toast.parts import Parts, sold, taken_back
from chalicelib.toast.payments import counts, refunded, tender
from chalicelib.toast.reading import Reading, Record, identity


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders (one, an array, or the webhook's), check by check."""

    def one(single: tuple[Any, Any]) -> Iterator[model.Transaction]:
        record, check = single
        order, store = bodies.order_of(record)
        void = bodies.is_void(order, check)
        reading = Reading(merchant, store, order, check)
        yield _void(reading, reading.id) if void else _sale(reading)
        for paid in filter(refunded, reading.each("payments")):
            reading = reading.afresh()
            found = identity("refund", paid)
            undone = void or not counts(paid)
            yield _void(reading, found) if undone else _refund(reading, found, paid)

    return payload.each(payload.apart(payload.json_records(text), bodies.singles), one)


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature over the body and, once more, its field `timestamp`.

    That is the event's time, which stays when Toast tries again: it has no window.
    https://doc.toasttab.com/doc/devguide/apiWebhookMessageSigning.html
    """
    time = str(signatures.fields(body).get("timestamp", ""))
    return signatures.by_base64([headers.get("toast-signature", "")], body + time.encode(), secrets)


def _sale(reading: Reading) -> model.Transaction:
    """Return a check as it was paid, whatever of it came back later."""
    total, parts = reading.needed(reading.check, "totalAmount"), Parts(reading, sold, 1)
    if total < 0:
        raise Rejected(Code.BAD_MONEY, "the total of a check is negative")
    paid = [one for one in reading.each("payments") if counts(one)]
    bare = sum(reading.amount(one, "amount") for one in paid)
    tips = sum(reading.amount(one, "tipAmount") for one in paid)
    total -= tips if _holds_tips(total, tips, bare, parts) else 0
    # The documents leave a gratuity out of totalAmount.  Wherever it is, it counts once: in the
    # total, on top of it if just that was paid, or else among the tips.
    gratuity = parts.charged["gratuity"]
    if total == parts.total and total + gratuity == bare:
        total += gratuity
    tip = tips + (gratuity if total == parts.total + gratuity else 0)
    tenders = [tender(reading, one, reading.amount(one, "amount", "tipAmount")) for one in paid]
    return reading.transaction(
        id=reading.id, kind="sale", tip=tip, total=total + tips, tenders=tuple(tenders),
        **parts.fields(),
    )  # fmt: skip


def _holds_tips(total: int, tips: int, bare: int, parts: Parts) -> bool:
    """Say whether the total of a check has the tips in it.

    It hasn't in the documents, but it has in what restaurants send.  What was paid without tips
    tells, or else what was sold does; if neither does, the documents are right.
    """
    if bare in (total, total - tips):
        return bare != total
    sold = (parts.total, parts.total + parts.charged["gratuity"])
    return total not in sold and total - tips in sold


def _refund(reading: Reading, found: str, paid: Record) -> model.Transaction:
    """Return what came back of a payment, with its lines if they explain all of it."""
    refund = paid.get("refund") or {}
    bare = -abs(reading.needed(refund, "refundAmount"))
    tip = -abs(reading.amount(refund, "tipRefundAmount"))
    parts = Parts(reading, taken_back(refund), -1)
    gratuity = parts.charged["gratuity"]
    explained = bool(parts.lines) and parts.total + gratuity == bare
    return reading.transaction(
        refund.get("refundDate"), day=refund.get("refundBusinessDate"),
        id=found, kind="return", original=reading.id, total=bare + tip,
        tip=tip + gratuity if explained else tip, tenders=(tender(reading, paid, bare + tip),),
        **(parts.fields() if explained else {}),
    )  # fmt: skip


def _void(reading: Reading, found: str) -> model.Transaction:
    check, order = reading.check, reading.order
    dates = [one.get(name) for name in ("voidDate", "deletedDate") for one in (check, order)]
    return reading.transaction(*dates, id=found, kind="void", original=found, total=0)
