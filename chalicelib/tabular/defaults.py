"""The mapping of an export that is made for us, or mended by hand: it speaks our own words."""

from chalicelib.mapping import Lines, Mapping, Tenders

TENDERS = {
    "cash": "cash", "card": "card", "credit card": "card", "debit card": "card",
    "gift card": "gift_card", "gift_card": "gift_card", "store credit": "store_credit",
    "store_credit": "store_credit", "voucher": "voucher", "loyalty": "loyalty",
    "account": "account", "wallet": "wallet", "bank": "bank", "check": "check", "other": "other",
}  # fmt: skip
LINE_KINDS = {
    "item": "item", "gift card": "gift_card", "gift_card": "gift_card", "shipping": "shipping",
    "fee": "fee", "donation": "donation", "deposit": "deposit", "other": "other",
}  # fmt: skip


def default(lines: Lines, tenders: Tenders) -> Mapping:
    """Return the default mapping, of which a file needs `id`, `date` and its amounts."""
    return Mapping(
        id="id",
        date="date",
        zone="timezone",
        business_date="business_date",
        revision="revision",
        kind="kind",
        kinds={one: one for one in ("sale", "return", "exchange", "void")} | {"refund": "return"},
        status="status",
        statuses={
            "completed": "final",
            "voided": "voided",
            **{one: one for one in ("open", "draft", "pending", "cancelled", "failed", "training")},
        },
        original="original",
        store="store",
        register="register",
        receipt="receipt",
        channel="channel",
        customer="customer",
        loyalty="loyalty_id",
        email="email",
        phone="phone",
        currency="currency",
        total="total",
        subtotal="subtotal",
        discount="discount",
        tax="tax",
        tax_included="tax_included",
        tip="tip",
        service_charge="service_charge",
        rounding="rounding",
        lines=lines,
        tenders=tenders,
        required=("id", "date"),
    )
