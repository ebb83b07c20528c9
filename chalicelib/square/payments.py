"""Square's payments and refunds.

https://developer.squareup.com/reference/square/objects/Payment (and /PaymentRefund)
"""

from chalicelib import model
from chalicelib.square.reading import Reading, Record, tender


def payment_of(reading: Reading, found: Record) -> model.Transaction:
    """Return a payment, or a refund.  Square writes refunds in positive amounts, too."""
    refund = reading.noun == "refund"
    bare, tip = reading.amount(found, "amount_money"), reading.amount(found, "tip_money")
    total = reading.amount(found, "total_money") if found.get("total_money") else bare + tip
    # A surcharge for paying by card is inside both, and buys nothing.
    card = found.get("card_details") or {}
    surcharged = card.get("applied_card_surcharge_details") or {}
    charge = reading.amount(surcharged, "card_surcharge_money")
    bare, total = (-abs(bare), -abs(bare)) if refund else (bare - charge, total)
    source = found.get("payment_id") if refund and not found.get("unlinked") else None
    method = found.get("destination_type" if refund else "source_type")
    details = found.get("destination_details") or {} if refund else found
    device = found.get("device_details") or card.get("device_details") or {}
    buyer = {"id": found.get("customer_id"), "email": found.get("buyer_email_address")}
    return reading.transaction(
        found.get("created_at"),
        kind="return" if refund else "sale", original=f"payment:{source}" if source else None,
        register_id=device.get("device_id"),
        receipt_number=found.get("receipt_number"), tip=tip, service_charge=charge,
        subtotal=bare, total=total,
        tenders=(tender(reading, method, total, details),),
        customer=model.Customer(**buyer) if any(buyer.values()) else None,
        channel=(found.get("application_details") or {}).get("square_product"),
    )  # fmt: skip
