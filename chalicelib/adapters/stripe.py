"""Stripe: payment intents, charges and refunds, as events carry them and as the API answers.

https://docs.stripe.com/api/events/types (and /api/payment_intents, /api/charges, /api/refunds)

Stripe knows payments and no basket, so nothing here has lines, and all of it says "payment_only".
A charge with a payment intent is counted by that.  Each refund object counts once, whichever
event brings it; what a charge says of its refunds is no transaction.  A refund that succeeds and
fails later becomes a void.  Disputes are the bank's affair: nothing came back over the counter.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import model, money, payload, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Status -> why there is no transaction (yet); empty where it is final.
STATUSES = {
    "payment_intent": {"succeeded": "", "canceled": "cancelled", "processing": "pending",
                       "requires_capture": "uncaptured", "requires_action": "open",
                       "requires_confirmation": "open", "requires_payment_method": "open"},
    "charge": {"succeeded": "", "pending": "pending", "failed": "failed"},
    "refund": {"succeeded": "", "pending": "pending", "requires_action": "pending",
               "failed": "", "canceled": ""},
}  # fmt: skip
#: Events of other things.  What invoices, orders at the checkout and readers take is a payment.
NO_SALES = re.compile(
    r"(account|application_fee|balance\w*|billing\w*|capability|cash_balance|checkout|climate|"
    r"coupon|credit_note|customer\w*|charge\.dispute|dispute|entitlements|file|financial_\w+|"
    r"identity|invoice\w*|issuing_\w+|mandate|payment_link|payment_method|payout|person|plan|"
    r"price|product|promotion_code|quote|radar|reporting|review|setup_intent|sigma|source|"
    r"subscription_schedule|tax|tax_rate|terminal|test_helpers|topup|transfer|treasury|v2)\."
)
#: Where Stripe's decimals aren't those of ISO 4217: https://docs.stripe.com/currencies
DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
#: From this version of the API on every refund has events of its own.
REFUND_EVENTS = "2024-10-28"
#: What goes back to the card because it was never captured.
RELEASED = ("expired_uncaptured_charge", "partial_capture")
#: Later than any time in milliseconds: a refund that failed was there before, whenever it is read.
LATER = 10**14
DIGITS = re.compile("[0-9]{4}")
#: Our type -> the payment methods and destinations of refunds that are one.
METHODS = {
    "card": "card card_present interac_present",
    "bank": "acss_debit au_becs_debit bacs_debit bancontact blik boleto eps fpx giropay ideal p24 "
            "pay_by_bank paynow pix promptpay sepa_debit sofort us_bank_account us_bank_transfer "
            "eu_bank_transfer gb_bank_transfer jp_bank_transfer",
    "wallet": "alipay amazon_pay cashapp grabpay link mobilepay paypal revolut_pay swish twint "
              "wechat_pay",
    "store_credit": "customer_balance customer_cash_balance",
    "other": "affirm afterpay_clearpay crypto klarna zip",
}  # fmt: skip
TENDERS = {method: type_ for type_, methods in METHODS.items() for method in methods.split()}
BRANDS = {
    "visa": "visa", "mastercard": "mastercard", "amex": "amex", "discover": "discover",
    "diners": "diners", "diners_club": "diners", "jcb": "jcb", "unionpay": "unionpay",
    "interac": "interac", **dict.fromkeys(("cartes_bancaires", "eftpos_au", "unknown"), "other"),
}  # fmt: skip


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read events, bare objects, and pages of either."""

    def one(single: tuple[Record, Any]) -> Iterator[model.Transaction]:
        event, found = single
        noun = _recognised(event, found)
        if noun == "charge":
            _check_charge(event, found)
        status = found.get("status")
        if why := payload.known(STATUSES[noun], status, f"{noun} status", Code.UNKNOWN_STATUS):
            raise Ignored(f"{why} {noun.replace('_', ' ')}")
        reading = _Reading(noun, event, found, merchant)
        yield _refund(reading, found) if noun == "refund" else _payment(reading, found)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def _singles(record: Any) -> Iterator[Any]:
    """Yield (event, object): pages are taken apart, and charges that list their refunds."""
    found = record if isinstance(record, dict) else {}
    inner = found.get("data")
    if found.get("object") == "list" and isinstance(inner, list) and inner:
        for each in inner:
            yield from _singles(each)
    elif isinstance(inner, dict) and "type" in found:
        if found["type"] == "charge.refunded" and (refunds := _refunds(inner.get("object"))):
            yield from ((found, refund) for refund in refunds)
        else:
            yield found, inner.get("object")
    else:
        yield {}, record


def _refunds(charge: Any) -> list[Any]:
    """Return the refunds that a captured charge lists, as it did until 2022."""
    page = charge.get("refunds") if isinstance(charge, dict) and charge.get("captured") else None
    listed = page.get("data") if isinstance(page, dict) else None
    return listed if isinstance(listed, list) else []


def _recognised(event: Record, found: Any) -> str:
    """Return "payment_intent", "charge" or "refund"."""
    if not isinstance(found, dict):
        raise Rejected(Code.BAD_SHAPE, "an object of Stripe's was expected, or an event with one")
    if event.get("livemode") is False or found.get("livemode") is False:
        raise Ignored("test mode")
    noun = str(found.get("object"))
    thin = noun == "v2.core.event"
    topic = str((found if thin else event).get("type") or f"{noun}.").removeprefix("v1.")
    if noun == "list":
        raise Ignored("an empty page")
    if NO_SALES.match(topic):
        raise Ignored("not an event of a sale")
    if thin:
        raise Rejected(Code.THIN_NOTIFICATION, "push snapshot events, which hold the object itself")
    if noun not in STATUSES or topic.partition(".")[0] not in STATUSES:
        raise Rejected(Code.UNKNOWN_EVENT, "neither a payment intent nor a charge nor a refund")
    return noun


def _check_charge(event: Record, charge: Record) -> None:
    """Leave out charges that are counted elsewhere, or not yet."""
    if event.get("type") == "charge.refunded":
        if charge.get("captured") is False:
            raise Ignored("released authorisation")
        if str(event.get("api_version") or "") < REFUND_EVENTS:
            raise Rejected(Code.THIN_NOTIFICATION, "the refunds aren't listed: push the refunds")
        raise Ignored("counted by its refunds")
    if charge.get("payment_intent"):
        raise Ignored("counted by its payment intent")
    if charge.get("captured") is False and charge.get("status") == "succeeded":
        raise Ignored("uncaptured charge")


class _Reading:
    """What payments and refunds share: how amounts are counted, and words that nobody knew."""

    def __init__(self, noun: str, event: Record, found: Record, merchant: model.Merchant) -> None:
        currency = found.get("currency")
        self.currency = str(currency or "").upper()
        self.exponent = money.exponent(self.currency)
        self.noun, self.event, self.found, self.merchant = noun, event, found, merchant
        self.named = {"payment_only": None}

    def amount(self, value: Any) -> int:
        """Return an amount in minor units of ISO 4217, exactly."""
        return money.rescaled(value, self.currency, DECIMALS)

    def word(self, table: Mapping[str, Any], found: Any, what: str) -> Any:
        """Look up a word that moves no money; one that nobody knows is named."""
        if found not in table:
            self.named[f"unknown_{what}"] = None
        return table.get(found, "other")

    def tender(self, amount: int, kind: Any, method: Record) -> model.Tender:
        """Return what was paid with, told more about by the details of a payment method."""
        type_ = self.word(TENDERS, kind, "tender_type")
        card = (method.get(kind) or {}) if type_ == "card" else {}
        brand, digits = card.get("brand"), str(card.get("last4"))
        return model.Tender(
            type=type_, amount=amount,
            card_brand=self.word(BRANDS, brand, "card_brand") if brand else None,
            card_last_four=digits if DIGITS.fullmatch(digits) else None,
        )  # fmt: skip

    def transaction(self, when: Any, rank: int = 0, **fields: Any) -> model.Transaction:
        found = self.found
        if not isinstance(found.get("id"), str) or not found["id"]:
            raise Rejected(Code.MISSING_ID, f"the {self.noun} has no id")
        told = times.epoch_ms(_time(self.event.get("created") or found.get("created")))
        return model.Transaction(
            merchant=self.merchant.id, vendor="stripe", id=f"{self.noun}:{found['id']}",
            revision=told + rank, occurred_at=_time(when), currency=self.currency,
            exponent=self.exponent, discrepancies=tuple(self.named), **fields,
        )  # fmt: skip


def _payment(reading: _Reading, found: Record) -> model.Transaction:
    """Return what was received, tip included."""
    intent = reading.noun == "payment_intent"
    name = "amount_received" if intent else "amount_captured"
    total = reading.amount(found.get(name) if intent or name in found else found.get("amount"))
    tip = ((found.get("amount_details") or {}).get("tip") or {}).get("amount")
    charge = _charge(found) if intent else found
    method = charge.get("payment_method_details") or {}
    allowed = found.get("payment_method_types") or [None]
    kind = method.get("type") or (allowed[0] if len(allowed) == 1 else None)
    billing = charge.get("billing_details") or {}
    buyer = {
        "id": _id(found.get("customer")),
        "email": found.get("receipt_email") or charge.get("receipt_email") or billing.get("email"),
        "phone": billing.get("phone"),
    }
    tipped = reading.amount(tip or 0)
    tender = reading.tender(total, kind, method)
    when = charge.get("created") or reading.event.get("created") or found.get("created")
    return reading.transaction(
        when, kind="sale", total=total, tip=tipped, subtotal=total - tipped, tenders=(tender,),
        receipt_number=charge.get("receipt_number"),
        customer=model.Customer(**buyer) if any(buyer.values()) else None,
    )  # fmt: skip


def _charge(intent: Record) -> Record:
    """Return the charge of a payment intent, if it was expanded or sent by an old version."""
    listed = (intent.get("charges") or {}).get("data") or []
    return next(
        (one for one in (intent.get("latest_charge"), *listed) if isinstance(one, dict)), {}
    )


def _refund(reading: _Reading, found: Record) -> model.Transaction:
    """Return a refund, or the void of one that failed after all."""
    original, status = f"refund:{found.get('id')}", found.get("status")
    if status != "succeeded":
        before = (reading.event.get("data") or {}).get("previous_attributes") or {}
        if before.get("status") in ("pending", "requires_action"):
            raise Ignored("failed refund")
        when = reading.event.get("created") or found.get("created")
        return reading.transaction(when, LATER, kind="void", original=original, total=0)
    if found.get("reason") in RELEASED:
        raise Ignored("released authorisation")
    if not found.get("balance_transaction"):
        reading.named["no_balance_transaction"] = None
    paid = [(noun, _id(found.get(noun))) for noun in ("payment_intent", "charge")]
    total = -reading.amount(found.get("amount"))
    destination = found.get("destination_details") or {}
    return reading.transaction(
        found.get("created"), kind="return", total=total, subtotal=total,
        original=next((f"{noun}:{id_}" for noun, id_ in paid if id_), None),
        tenders=(reading.tender(total, destination.get("type"), {}),),
    )  # fmt: skip


def _id(found: Any) -> Any:
    """Return an id, which may have been expanded into its object."""
    return found.get("id") if isinstance(found, dict) else found


def _time(seconds: Any) -> str:
    return times.from_epoch_ms(seconds * 1000 if isinstance(seconds, int) else None)
