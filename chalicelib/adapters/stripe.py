"""Stripe: payment intents, charges and refunds, as events carry them and as the API answers.

https://docs.stripe.com/api/events/types (and /api/payment_intents, /api/charges, /api/refunds)
Stripe knows payments and no basket: nothing here has lines, and all of it says "payment_only".
A charge with a payment intent is counted by that; each refund counts by its own id, whoever tells
of it.  One that succeeded and fails later becomes a void.  Disputes are the bank's affair.

Stripe numbers no versions.  The revision is the event's time, or the object's own where no event
brings it: whole seconds, so that the milliseconds can rank what is told within one, more as newer.
The content is the object's alone, and so the same by event, bare, or told again.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.stripe.payments import payment_of, refund_of
from chalicelib.stripe.reading import Reading, Record
from chalicelib.stripe.words import OTHERS, STATUSES


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read events, bare objects, and pages of either."""

    def one(single: tuple[Record, Any]) -> Iterator[model.Transaction]:
        event, found = single
        noun = _recognised(event, found)
        found = found | {"status": _status(noun, found)}
        if noun == "charge":
            _check_charge(event, found)
        if why := payload.known(
            STATUSES[noun], found["status"], f"{noun} status", Code.UNKNOWN_STATUS
        ):
            raise Ignored(f"{why} {noun.replace('_', ' ')}")
        reading = Reading(noun, event, found, merchant)
        yield refund_of(reading, found) if noun == "refund" else payment_of(reading, found)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def verify(
    headers: signatures.Headers, body: bytes, _: str, secrets: Sequence[str], now: int
) -> bool:
    """Check the signature over time and body; each try is signed anew.

    https://docs.stripe.com/webhooks/signature
    """
    time, given = signatures.timed(headers.get("stripe-signature", ""), now)
    return signatures.by_hex(given, f"{time}.".encode() + body, secrets)


def _singles(record: Any) -> Iterator[Any]:
    """Yield (event, object): pages are taken apart, and refunds taken out of their charges."""
    event, found = {}, record
    match record:
        case {"object": "list" | "search_result", "data": [_, *_] as inner}:
            for one in inner:
                yield from _singles(one)
            return
        case {"object": "event", "data": {"object": inner}}:
            event, found = record, inner
    yield event, found
    match found:
        case {"captured": True, "refunds": {"data": [*refunds]}}:
            yield from ((event, refund) for refund in refunds)


def _recognised(event: Record, found: Record) -> str:
    """Return "payment_intent", "charge" or "refund"."""
    if event.get("livemode") is False or found.get("livemode") is False:
        raise Ignored("test mode")
    thin = found.get("object") == "v2.core.event"
    noun = str(found.get("type" if thin else "object")).removeprefix("v1.")
    if noun in ("list", "search_result") and found.get("data") == []:
        raise Ignored("an empty page")
    if OTHERS.fullmatch(noun):
        raise Ignored("not a payment")
    if thin:
        raise Rejected(Code.THIN_NOTIFICATION, "push snapshot events, which hold the object itself")
    if noun not in STATUSES:
        raise Rejected(Code.UNKNOWN_EVENT, "neither a payment intent nor a charge nor a refund")
    return noun


def _status(noun: str, found: Record) -> Any:
    """Return the status, which the first versions had none of: what was paid or booked, was."""
    status, paid = found.get("status"), found.get("paid")
    if status is not None:
        return status
    if noun == "charge" and isinstance(paid, bool):
        return "succeeded" if paid else "failed"
    return "succeeded" if noun == "refund" and found.get("balance_transaction") else None


def _check_charge(event: Record, charge: Record) -> None:
    """Leave out a charge that is counted elsewhere, or not yet."""
    if charge.get("captured") is False and charge.get("status") == "succeeded":
        raise Ignored("uncaptured charge")
    # Since this version every refund has events of its own; until then there may be no others.
    old = str(event.get("api_version") or "") < "2024-10-28"
    told = event.get("type") != "charge.refunded" or (charge.get("refunds") or {}).get("data")
    if old and not told:
        raise Rejected(Code.THIN_NOTIFICATION, "the refunds aren't listed: push the refunds")
    if charge.get("payment_intent"):
        raise Ignored("counted by its payment intent")
