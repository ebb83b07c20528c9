"""Adyen: notifications of payments, and the terminal's own answers.

https://docs.adyen.com/development-resources/webhooks/webhook-types (and /point-of-sale)

Adyen knows payments and no basket, so nothing here has lines, and all of it says "payment_only".
An authorisation counts; its capture adds nothing.  What undoes it is a later revision of the same
transaction, so that the order in which the two arrive doesn't matter.  A refund is one of its own.
A terminal's answer and the notification of it are one payment, under one id.
"""

import base64
import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from chalicelib import model, money, payload, signatures, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Event code -> what it does to a payment or refund, or why there is nothing to count.
EVENTS = {
    "AUTHORISATION": "sale", "AUTHORISATION_ADJUSTMENT": "adjusted",
    **dict.fromkeys(("CANCELLATION", "TECHNICAL_CANCEL", "CAPTURE_FAILED", "EXPIRE"), "void"),
    "REFUND": "return", "REFUND_WITH_DATA": "return", "CANCEL_OR_REFUND": "either",
    **dict.fromkeys(("REFUND_FAILED", "REFUNDED_REVERSED"), "void of a refund"),
}  # fmt: skip
NO_SALES = {
    "CAPTURE": "counted by its authorisation", "PENDING": "pending payment",
    "POSTPONED_REFUND": "pending refund", "OFFER_CLOSED": "payment not completed",
    "DONATION": "donation", "HANDLED_EXTERNALLY": "handled elsewhere",
    **dict.fromkeys(
        ("ADVICE_OF_DEBIT", "CHARGEBACK", "CHARGEBACK_REVERSED", "DISPUTE_DEFENSE_PERIOD_ENDED",
         "INFORMATION_SUPPLIED", "ISSUER_COMMENTS", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
         "NOTIFICATION_OF_CHARGEBACK", "NOTIFICATION_OF_FRAUD", "PREARBITRATION_ACCEPTED",
         "PREARBITRATION_DECLINED", "PREARBITRATION_ISSUER_WITHDRAWN", "PREARBITRATION_LOST",
         "PREARBITRATION_OPEN", "PREARBITRATION_WON", "REQUEST_FOR_INFORMATION",
         "SCHEME_ARBITRATION", "SCHEME_ARBITRATION_LOST", "SCHEME_ARBITRATION_WON",
         "SECOND_CHARGEBACK"), "dispute"),
    **dict.fromkeys(
        ("AUTHENTICATION", "AUTORESCUE", "CANCEL_AUTORESCUE", "DISABLE_RECURRING",
         "MANUAL_REVIEW_ACCEPT", "MANUAL_REVIEW_REJECT", "ORDER_CLOSED", "ORDER_OPENED",
         "PAIDOUT_REVERSED", "PAYOUT_DECLINE", "PAYOUT_EXPIRE", "PAYOUT_THIRDPARTY",
         "PROCESS_RETRY", "RECURRING_CONTRACT", "REPORT_AVAILABLE"), "not an event of a sale"),
}  # fmt: skip
#: Where Adyen's decimals aren't those of ISO 4217.
#: https://docs.adyen.com/development-resources/currency-codes
DECIMALS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
#: Payment method, without its wallet's name after "_" -> type of tender, and brand.
CARDS = {
    "visa": "visa", "mc": "mastercard", "amex": "amex", "discover": "discover", "jcb": "jcb",
    "diners": "diners", "cup": "unionpay", "maestro": "maestro", "interac": "interac",
    **dict.fromkeys(("bcmc", "cartebancaire", "dankort", "elo", "eftpos", "girocard", "electron",
                     "visadankort", "vpay", "accel", "nyce", "pulse", "star"), "other"),
}  # fmt: skip
METHODS = {
    **dict.fromkeys(CARDS, "card"),
    **dict.fromkeys(("alipay", "bizum", "mobilepay", "paypal", "paypay", "swish", "twint", "vipps",
                     "wechatpay"), "wallet"),
    **dict.fromkeys(("ach", "blik", "directEbanking", "eps", "ideal", "paybybank", "pix",
                     "sepadirectdebit", "trustly"), "bank"),
    **dict.fromkeys(("giftcard", "givex", "intersolve", "svs", "valuelink"), "gift_card"),
    **dict.fromkeys(("affirm", "afterpay", "clearpay", "klarna"), "other"),
}  # fmt: skip
LAST_FOUR = re.compile("([0-9]{4})$")
SUCCESS = {"true": True, "false": False, True: True, False: False}


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read notifications, item by item, and terminals' answers."""

    def one(single: tuple[Any, Any]) -> Iterator[model.Transaction]:
        live, item = single
        if not isinstance(item, dict):
            raise Rejected(Code.BAD_SHAPE, "an item of a notification was expected as an object")
        if _flag(live, "live") is False:
            raise Ignored("test mode")
        if response := item.get("SaleToPOIResponse"):
            yield _answered(merchant, response)
        elif "SaleToPOIRequest" in item:
            raise Ignored("not an event of a sale")  # the terminal tells of itself
        else:
            yield _notified(merchant, item)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def verify(
    _headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check the signature inside each of the items, which covers eight of their fields only.

    https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
    """
    keys = [bytes.fromhex(secret) for secret in secrets]
    items = [one["NotificationRequestItem"] for one in signatures.fields(body)["notificationItems"]]
    signed = [
        signatures.by_base64([one["additionalData"]["hmacSignature"]], _signed(one), keys)
        for one in items
    ]
    return bool(signed) and all(signed)


def _signed(item: Record) -> bytes:
    amount = item["amount"]
    names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
    parts = [*(item.get(name) for name in names), amount["value"], amount["currency"],
             item["eventCode"], item["success"]]  # fmt: skip
    return ":".join("" if part is None else str(part) for part in parts).encode()


def _singles(record: Any) -> Iterator[Any]:
    """Yield (live, item) for each item of a notification."""
    if not isinstance(record, dict):
        raise Rejected(Code.BAD_SHAPE, "a notification was expected as an object")
    items = record.get("notificationItems")
    for item in items if isinstance(items, list) and items else [record]:
        inside = item.get("NotificationRequestItem", item) if isinstance(item, dict) else item
        yield record.get("live"), inside


def _flag(found: Any, name: str) -> bool | None:
    """Return a flag, which Adyen writes as text; None where there is none."""
    if found in (None, ""):
        return None
    if found not in SUCCESS or not isinstance(found, str | bool):
        raise Rejected(Code.BAD_SHAPE, f"{name} must be true or false")
    return SUCCESS[found]


def _notified(merchant: model.Merchant, item: Record) -> model.Transaction:
    """Return what a notification tells of a payment or of a refund."""
    code = item.get("eventCode")
    if code in NO_SALES:
        raise Ignored(NO_SALES[str(code)])
    effect = payload.known(EVENTS, code, "eventCode", Code.UNKNOWN_EVENT)
    if (success := _flag(item.get("success"), "success")) is None:
        raise Rejected(Code.UNKNOWN_STATUS, "success is missing")
    if not success:
        raise Ignored("it did not succeed")
    if effect == "either":
        effect = _undone(item)
    extra, amount = item.get("additionalData") or {}, item.get("amount") or {}
    own, original = item.get("pspReference"), item.get("originalReference")
    seen = _Seen(merchant, item.get("eventDate"), amount.get("currency"))
    if code == "EXPIRE":  # it may name the payment as its own
        original = original or own
    if effect.startswith("void"):
        undone = ("refund", own) if effect.endswith("refund") else ("payment", original)
        return seen.void(seen.id(*undone))
    total = seen.minor(amount.get("value"))
    if effect == "sale" and not total:
        raise Ignored("nothing was paid")  # a card was checked, or stored
    back = effect == "return"
    method, brand = seen.method(item.get("paymentMethod"))
    digits = LAST_FOUR.search(str(extra.get("cardSummary") or ""))
    total = -total if back else total
    reference = original if effect == "adjusted" else own
    return seen.transaction(
        seen.id("refund" if back else "payment", reference), total,
        kind="return" if back else "sale",
        original=f"payment:{original}" if back and original else None,
        tenders=(model.Tender(
            type=method, amount=total, card_brand=brand,
            card_last_four=digits[1] if digits and method == "card" else None,
        ),),
        store_id=extra.get("store") or None, register_id=extra.get("terminalId") or None,
        receipt_number=item.get("merchantReference") or None,
        customer=_customer(extra),
    )  # fmt: skip


def _undone(item: Record) -> str:
    """Return what became of a payment that was to be cancelled, or refunded if it was too late."""
    action = (item.get("additionalData") or {}).get("modification.action")
    return payload.known({"cancel": "void", "refund": "return"}, action, "modification.action")


def _number(value: Any) -> Any:
    """Return an amount, which old notifications write as text."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else value


def _customer(extra: Record) -> model.Customer | None:
    told = (extra.get(f"{of}shopperReference") for of in ("", "tokenization.", "recurring."))
    found = {"id": next(filter(None, told), None), "email": extra.get("shopperEmail")}
    return model.Customer(**found) if any(found.values()) else None


def _told(response: Record) -> Record:
    """Return a terminal's answer: the earlier one, where a till that missed it has asked again."""
    status = response.get("TransactionStatusResponse") or {}
    again = status.get("RepeatedMessageResponse") or {}
    return again.get("RepeatedResponseMessageBody") or response


def _beside(answer: Record) -> Record:
    """Return what a terminal tells beside: as a=1&b=2, or in JSON in Base64 if it was asked so.

    https://docs.adyen.com/point-of-sale/add-data
    """
    told = str((answer.get("Response") or {}).get("AdditionalResponse") or "")
    with contextlib.suppress(ValueError, Rejected):
        found = payload.json_value(base64.b64decode(told, validate=True).decode())
        return (found.get("additionalData") or {}) | found if isinstance(found, dict) else {}
    return dict(parse_qsl(told))


def _answered(merchant: model.Merchant, response: Record) -> model.Transaction:
    """Return what a terminal answers of a payment, in major units."""
    told = _told(response)
    if "PaymentResponse" not in told:
        if "ReversalResponse" in told:
            raise Rejected(Code.UNSUPPORTED, "push the notification of the cancellation or refund")
        if "NexoBlob" in response:
            raise Rejected(Code.UNSUPPORTED, "the terminal's answer is encrypted: decrypt it first")
        raise Ignored("not an event of a sale")
    answer = told["PaymentResponse"]
    result, results = (answer.get("Response") or {}).get("Result"), {"Success": 1, "Partial": 1}
    if not payload.known(results | {"Failure": 0}, result, "Result", Code.UNKNOWN_STATUS):
        raise Ignored("it did not succeed")
    paid, extra = answer.get("PaymentResult") or {}, _beside(answer)
    amounts, card = paid.get("AmountsResp") or {}, paid.get("PaymentInstrumentData") or {}
    poi = (answer.get("POIData") or {}).get("POITransactionID") or {}
    seen = _Seen(merchant, poi.get("TimeStamp"), amounts.get("Currency"))
    kind = "Refund" if extra.get("transactionType") == "REFUND" else "Normal"
    types = {"Normal": 1, "Refund": -1}
    sign = payload.known(types, paid.get("PaymentType") or kind, "PaymentType")
    total = sign * (seen.major(amounts, "AuthorizedAmount") - seen.major(amounts, "CashBackAmount"))
    card = card.get("CardData") or {}
    method, brand = seen.method(card.get("PaymentBrand"))
    digits = LAST_FOUR.search(str(card.get("MaskedPan") or card.get("MaskedPAN") or ""))
    sold = ((answer.get("SaleData") or {}).get("SaleTransactionID") or {}).get("TransactionID")
    reference = seen.reference(str(poi.get("TransactionID") or ""), extra.get("pspReference"))
    tip = seen.major(amounts, "TipAmount") or seen.minor(extra.get("posAmountGratuityValue") or 0)
    return seen.transaction(
        seen.id("refund" if sign < 0 else "payment", reference), total, sign * tip,
        kind="return" if sign < 0 else "sale",
        tenders=(model.Tender(type=method, amount=total, card_brand=brand,
                              card_last_four=digits[1] if digits else None),),
        register_id=(response.get("MessageHeader") or {}).get("POIID") or None,
        receipt_number=sold or None, store_id=extra.get("store") or None, customer=_customer(extra),
    )  # fmt: skip


class _Seen:
    """A payment or a refund as Adyen saw it: when, in which currency, by unknown means perhaps."""

    def __init__(self, merchant: model.Merchant, when: Any, currency: Any) -> None:
        self.merchant, self.currency = merchant, currency
        self.exponent = money.exponent(currency)
        self.when = times.instant(when, merchant.timezone)
        self.named = {"payment_only": None}

    def major(self, amounts: Mapping[str, Any], name: str) -> int:
        """Return an amount in major units; one that is left out is nothing."""
        found = money.minor(amounts.get(name) or 0, self.currency)
        if found < 0:
            raise Rejected(Code.BAD_MONEY, f"{name} is negative")
        return found

    def minor(self, value: Any) -> int:
        """Return an amount in Adyen's minor units."""
        return money.rescaled(_number(value), self.currency, DECIMALS)

    def method(self, found: Any) -> tuple[Any, Any]:
        """Return type and brand of a payment method, such as visa or mc_applepay."""
        word = str(found or "").partition("_")[0]
        if word not in METHODS:
            self.named["unknown_tender_type"] = None
        return METHODS.get(word, "other"), CARDS.get(word)

    def reference(self, told: str, beside: Any) -> Any:
        """Return a payment's reference, told with its tender's: 4rtT001612345678000.NC6HT9CRT65.

        Offline there is the tender's alone, and its notification will come under another.
        """
        tender, _, reference = told.rpartition(".")
        if tender or beside:
            return reference if tender else beside
        self.named["no_psp_reference"] = None
        return reference

    def id(self, noun: str, reference: Any) -> str:
        if not isinstance(reference, str) or not reference:
            raise Rejected(Code.MISSING_ID, f"the {noun} has no reference of Adyen's")
        return f"{noun}:{reference}"

    def void(self, found: str) -> model.Transaction:
        """Return what leaves nothing of a payment or a refund: a later revision of it.

        Times are whole seconds: what is undone in the second it was made is undone all the same.
        """
        void = self.transaction(found, 0, kind="void", original=found)
        return void.model_copy(update={"revision": void.revision + 1})

    def transaction(self, found: str, total: int, tip: int = 0, **fields: Any) -> model.Transaction:
        return model.Transaction(
            merchant=self.merchant.id, vendor="adyen", id=found, revision=times.epoch_ms(self.when),
            occurred_at=self.when, currency=self.currency, exponent=self.exponent, total=total,
            tip=tip, subtotal=total - tip if fields["kind"] != "void" else None,
            discrepancies=tuple(self.named), **fields,
        )  # fmt: skip
