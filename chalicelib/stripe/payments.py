"""Stripe's payment intents, charges and refunds.

https://docs.stripe.com/api/payment_intents (and /api/charges, /api/refunds)
"""

from typing import Any

from chalicelib import model
from chalicelib.errors import Ignored
from chalicelib.stripe.reading import Reading, Record, identifier

#: Beyond any time in milliseconds: that a refund failed is the last word on it.
LAST_WORD = 10**14


def payment_of(reading: Reading, found: Record) -> model.Transaction:
    """Return what was received: tip, tax and surcharge are in it."""
    total, charge = _received(reading, found)
    tip, tax, fee = _parts(reading, found)
    method, allowed = _method(charge), found.get("payment_method_types")
    kind: Any = method.get("type") or (allowed[0] if allowed and len(allowed) == 1 else None)
    details, customer = method.get(kind) or {}, _customer(found, charge)
    receipt, reader = identifier(charge.get("receipt_number")), identifier(details.get("reader"))
    return reading.transaction(
        sum(map(bool, (method, customer, receipt, reader))), kind="sale", customer=customer,
        receipt_number=receipt, register_id=reader, store_id=identifier(details.get("location")),
        taxes=(model.Tax(amount=tax, inclusive=False),) if tax else (), tip=tip,
        service_charge=fee, subtotal=total - tip - tax - fee, total=total,
        tenders=(reading.tender(total, kind, details),),
    )  # fmt: skip


def _received(reading: Reading, found: Record) -> tuple[int, Record]:
    """Return what was received, and the charge that tells how, if it is there."""
    if reading.noun == "charge":
        captured = "amount" if found.get("amount_captured") is None else "amount_captured"
        return reading.amount(found.get(captured)), found
    # An intent's charge is expanded, or sent by an old version.
    held = (found.get("latest_charge"), *((found.get("charges") or {}).get("data") or ()))
    charge = next((one for one in held if isinstance(one, dict)), {})
    return reading.amount(found.get("amount_received")), charge


def _parts(reading: Reading, found: Record) -> list[int]:
    """Return tip, tax and surcharge."""
    parts = found.get("amount_details") or {}
    named = (("tip", "amount"), ("tax", "total_tax_amount"), ("surcharge", "amount"))
    return [reading.amount((parts.get(part) or {}).get(name) or 0) for part, name in named]


def _customer(found: Record, charge: Record) -> model.Customer | None:
    billing = charge.get("billing_details") or {}
    email = found.get("receipt_email") or charge.get("receipt_email") or billing.get("email")
    buyer = {"id": identifier(found.get("customer")), "email": email, "phone": billing.get("phone")}
    return model.Customer(**buyer) if any(buyer.values()) else None


def _method(charge: Record) -> Record:
    """Return how a charge was paid: until 2018 its source told of it, and at first its card."""
    told: Record = charge.get("payment_method_details") or {}
    source: Any = charge.get("source") or charge.get("card")
    match source:
        case {"object": "source"} if not told:
            told = source
        case {"object": "card"} if not told:
            told = {"type": "card", "card": {"brand": source.get("type")} | source}
    return told


def refund_of(reading: Reading, found: Record) -> model.Transaction:
    """Return a refund, or the void of one that failed after all."""
    if found.get("status") != "succeeded":
        before = (reading.event.get("data") or {}).get("previous_attributes") or {}
        if before.get("status") in ("pending", "requires_action"):
            raise Ignored("failed refund")  # it never was a transaction
        voided = f"refund:{found.get('id')}"
        return reading.transaction(LAST_WORD, kind="void", original=voided, total=0)
    if found.get("reason") in ("expired_uncaptured_charge", "partial_capture"):
        raise Ignored("released authorisation")
    if not found.get("balance_transaction"):
        reading.named["no_balance_transaction"] = None
    paid = [(noun, identifier(found.get(noun))) for noun in ("payment_intent", "charge")]
    total, goes_to = -reading.amount(found.get("amount")), found.get("destination_details") or {}
    return reading.transaction(
        kind="return", original=next((f"{noun}:{id_}" for noun, id_ in paid if id_), None),
        receipt_number=identifier(found.get("receipt_number")), subtotal=total, total=total,
        tenders=(reading.tender(total, goes_to.get("type"), {}),),
    )  # fmt: skip
