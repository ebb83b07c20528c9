"""What paid for an order, and how a refund was paid back."""

import re

from chalicelib import model
from chalicelib.shopify.reading import Reading, Record

#: Gateways are free text: these are Shopify's own.  What names a card's brand is a card, too.
_GATEWAYS = {
    "cash": "cash", "cash on delivery (cod)": "cash", "gift_card": "gift_card", "manual": "other",
    "shopify_store_credit": "store_credit", "store_credit": "store_credit", "paypal": "wallet",
    "exchange-credit": "store_credit", "shop_cash": "wallet", "bank deposit": "bank",
    "money order": "check", "shop_pay_installments": "other", "card": "card", "bogus": "card",
    "shopify_payments": "card", "external_credit": "card", "external_debit": "card",
    "authorize_net": "card", "payflow": "card", "": "other",
}  # fmt: skip
_BRANDS = {
    "visa": "visa", "mastercard": "mastercard", "american express": "amex", "jcb": "jcb",
    "discover": "discover", "diners club": "diners", "unionpay": "unionpay", "bogus": "other",
    "maestro": "maestro", "interac": "interac",
}  # fmt: skip
_LAST_FOUR = re.compile("[0-9]{4}$")


def paid(reading: Reading, transaction: Record) -> int:
    """Return what changed hands, in whichever direction: cash is rounded only after `amount`."""
    return booked(reading, transaction) + reading.amount(transaction, "amount_rounding")


def booked(reading: Reading, transaction: Record) -> int:
    """Return what was to be paid; its kind alone tells the direction."""
    return abs(reading.needed(transaction, "amount"))


def tenders(
    reading: Reading, found: list[Record], sign: int, total: int
) -> tuple[model.Tender, ...]:
    """Return the payments for a sale (1), or those of a refund (-1), which are positive, too.

    Where there was but one payment, the total tells it in the shop's currency.
    """
    if reading.abroad(found):
        reading.unknown["paid_in_another_currency"] = None
        return tuple(_tender(reading, one, total) for one in found if len(found) == 1)
    change = 0
    if sign > 0:
        change = sum(booked(reading, one) for one in reading.went("change"))
    made = []
    for one in found:
        tender = _tender(reading, one, sign * paid(reading, one))
        if change and tender.type == "cash":
            handed = {"amount": tender.amount - change, "change": change}
            tender, change = tender.model_copy(update=handed), 0
        made.append(tender)
    return tuple(made)


def only_tender(reading: Reading, total: int) -> tuple[model.Tender, ...]:
    """Return what paid for an order that names its gateways without its payments, if it is one.

    Webhooks do.  Of several gateways none knows how much it took, or whether it took anything.
    """
    match reading.record:
        case {"payment_gateway_names": [str(name)]} if name and total:
            if not reading.record.get("transactions"):
                one = {"gateway": name, "payment_details": reading.record.get("payment_details")}
                return (_tender(reading, one, total),)
    return ()


def _tender(reading: Reading, one: Record, amount: int) -> model.Tender:
    details, gateway = one.get("payment_details") or {}, str(one.get("gateway") or "")
    brand, word = str(details.get("credit_card_company") or "").lower(), gateway.lower()
    is_card = brand or word in _BRANDS
    last_four = _LAST_FOUR.search(str(details.get("credit_card_number") or ""))
    return model.Tender(
        type="card" if is_card else reading.word(_GATEWAYS, word, "tender_type"),
        name=gateway or None, amount=amount,
        card_brand=reading.word(_BRANDS, brand, "card_brand") if brand else None,
        card_last_four=last_four[0] if last_four else None,
    )  # fmt: skip
