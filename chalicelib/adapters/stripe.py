"""Stripe: payment intents, charges and refunds, as events carry them and as the API answers.

https://docs.stripe.com/api/events/types (and /api/payment_intents, /api/charges, /api/refunds)
Stripe knows payments and no basket: nothing here has lines, and all of it says "payment_only".
A charge with a payment intent is counted by that; each refund counts by its own id, whoever tells
of it.  One that succeeded and fails later becomes a void.  Disputes are the bank's affair.

Stripe numbers no versions.  The revision is the event's time, or the object's own where no event
brings it: whole seconds, so that the milliseconds can rank what is told within one, more as newer.
The content is the object's alone, and so the same by event, bare, or told again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from chalicelib import model, money, payload, signatures, times
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
#: Other things.  What invoices, sessions at the checkout and readers take is a payment, too.
OTHERS = re.compile(
    r"(account|application_fee|balance|billing|capability|card|charge\.dispute|checkout|coupon|"
    r"credit_note|customer|dispute|entitlements|file|financial|identity|invoice|invoiceitem|"
    r"issuing|mandate|payment_link|payment_method|payout|person|plan|price|product|quote|radar|"
    r"promotion_code|reporting|review|setup_attempt|setup_intent|sigma|source|subscription|tax|"
    r"terminal|test_helpers|token|topup|transfer|treasury|v2)([._].*)?"
)
#: Where Stripe's decimals aren't those of ISO 4217: https://docs.stripe.com/currencies
DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
#: Beyond any time in milliseconds: that a refund failed is the last word on it.
LAST_WORD = 10**14
#: Our type -> the payment methods, and destinations of refunds, that are one.
METHODS = {
    "card": "card card_present interac_present",
    "bank": "acss_debit au_becs_debit bacs_debit bancontact blik eps eu_bank_transfer fpx ideal "
            "multibanco p24 pay_by_bank paynow pix promptpay sepa_debit sofort us_bank_account",
    "wallet": "alipay amazon_pay cashapp grabpay link mobilepay paypal revolut_pay samsung_pay "
              "swish twint wechat_pay",
    "store_credit": "customer_balance customer_cash_balance",
    "other": "affirm afterpay_clearpay boleto crypto klarna konbini oxxo zip",
}  # fmt: skip
TENDERS = {method: type_ for type_, methods in METHODS.items() for method in methods.split()}
BRANDS = {brand: brand for brand in get_args(model.CardBrand)} | {
    "american_express": "amex", "diners_club": "diners",
    "cartes_bancaires": "other", "eftpos_au": "other", "unknown": "other",
}  # fmt: skip


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
        reading = _Reading(noun, event, found, merchant)
        yield _refund(reading, found) if noun == "refund" else _payment(reading, found)

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


class _Reading:
    """What payments and refunds share: how amounts are counted, and words that nobody knew."""

    def __init__(self, noun: str, event: Record, found: Record, merchant: model.Merchant) -> None:
        self.currency = str(found.get("currency") or "").upper()
        self.exponent = money.exponent(self.currency)
        self.noun, self.event, self.found, self.merchant = noun, event, found, merchant
        self.named = {"payment_only": None}

    def amount(self, value: Any) -> int:
        """Return an amount in minor units of ISO 4217, exactly."""
        return money.rescaled(value, self.currency, DECIMALS)

    def word(self, table: Mapping[str, Any], found: Any, what: str) -> Any:
        """Look up a word that moves no money; one that nobody knows is named."""
        if found not in table:
            self.named[f"unknown_{what}" if found else f"no_{what}"] = None
        return table.get(found, "other")

    def tender(self, amount: int, kind: Any, details: Record) -> model.Tender:
        type_, digits = self.word(TENDERS, kind, "tender_type"), str(details.get("last4"))
        if type_ != "card":  # the last four of a bank account are no card's
            return model.Tender(type=type_, name=kind, amount=amount)
        brand = str(details.get("brand") or "").lower().replace(" ", "_")
        last_four = re.fullmatch("[0-9]{4}", digits)
        return model.Tender(
            type=type_, amount=amount, card_last_four=digits if last_four else None,
            card_brand=self.word(BRANDS, brand, "card_brand") if brand else None,
        )  # fmt: skip

    def transaction(self, rank: int = 0, **fields: Any) -> model.Transaction:
        id_, created = self.found.get("id"), self.found.get("created")
        if not isinstance(id_, str) or not id_:
            raise Rejected(Code.MISSING_ID, f"the {self.noun} has no id")
        told = times.epoch_ms(_time(self.event.get("created") or created))
        return model.Transaction(
            merchant=self.merchant.id, vendor="stripe", id=f"{self.noun}:{id_}",
            revision=told + rank, occurred_at=_time(created), currency=self.currency,
            exponent=self.exponent, discrepancies=tuple(self.named), **fields,
        )  # fmt: skip


def _payment(reading: _Reading, found: Record) -> model.Transaction:
    """Return what was received: tip, tax and surcharge are in it."""
    charge = found
    total = found.get("amount" if found.get("amount_captured") is None else "amount_captured")
    if reading.noun == "payment_intent":  # its charge is expanded, or sent by an old version
        held = (found.get("latest_charge"), *((found.get("charges") or {}).get("data") or ()))
        charge = next((one for one in held if isinstance(one, dict)), {})
        total = found.get("amount_received")
    parts = found.get("amount_details") or {}
    tip = (parts.get("tip") or {}).get("amount") or 0
    tax = (parts.get("tax") or {}).get("total_tax_amount") or 0
    fee = (parts.get("surcharge") or {}).get("amount") or 0
    total, tip, tax, fee = (reading.amount(one) for one in (total, tip, tax, fee))
    method, allowed = _method(charge), found.get("payment_method_types")
    kind: Any = method.get("type") or (allowed[0] if allowed and len(allowed) == 1 else None)
    details, billing = method.get(kind) or {}, charge.get("billing_details") or {}
    email = found.get("receipt_email") or charge.get("receipt_email") or billing.get("email")
    buyer = {"id": _id(found.get("customer")), "email": email, "phone": billing.get("phone")}
    customer = model.Customer(**buyer) if any(buyer.values()) else None
    receipt, reader = _id(charge.get("receipt_number")), _id(details.get("reader"))
    return reading.transaction(
        sum(map(bool, (method, customer, receipt, reader))), kind="sale", customer=customer,
        receipt_number=receipt, register_id=reader, store_id=_id(details.get("location")),
        taxes=(model.Tax(amount=tax, inclusive=False),) if tax else (), tip=tip,
        service_charge=fee, subtotal=total - tip - tax - fee, total=total,
        tenders=(reading.tender(total, kind, details),),
    )  # fmt: skip


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


def _refund(reading: _Reading, found: Record) -> model.Transaction:
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
    paid = [(noun, _id(found.get(noun))) for noun in ("payment_intent", "charge")]
    total, goes_to = -reading.amount(found.get("amount")), found.get("destination_details") or {}
    return reading.transaction(
        kind="return", original=next((f"{noun}:{id_}" for noun, id_ in paid if id_), None),
        receipt_number=_id(found.get("receipt_number")), subtotal=total, total=total,
        tenders=(reading.tender(total, goes_to.get("type"), {}),),
    )  # fmt: skip


def _id(found: Any) -> Any:
    """Return an id, if there is one: it may have been expanded into its object."""
    return (found.get("id") if isinstance(found, dict) else found) or None


def _time(seconds: Any) -> str:
    return times.from_epoch_ms(seconds * 1000 if isinstance(seconds, int) else None)
