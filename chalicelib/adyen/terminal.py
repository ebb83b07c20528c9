"""The answers of Adyen's terminals, in the words of nexo's Sale to POI protocol.

https://docs.adyen.com/point-of-sale/design-your-integration/terminal-api
"""

import base64
import contextlib
from urllib.parse import parse_qsl

from chalicelib import model, payload
from chalicelib.adyen.seen import Record, Seen, customer
from chalicelib.errors import Code, Ignored, Rejected

#: Result -> whether anything was paid.
_RESULTS = {"Success": True, "Partial": True, "Failure": False}


def answered(merchant: model.Merchant, response: Record) -> model.Transaction:
    """Return what a terminal answers of a payment, in major units."""
    answer = _paid(_told(response))
    paid, extra = answer.get("PaymentResult") or {}, _beside(answer)
    poi = (answer.get("POIData") or {}).get("POITransactionID") or {}
    amounts = paid.get("AmountsResp") or {}
    seen = Seen(merchant, poi.get("TimeStamp"), amounts.get("Currency"))
    kind = "Refund" if extra.get("transactionType") == "REFUND" else "Normal"
    types = {"Normal": 1, "Refund": -1}
    sign = payload.known(types, paid.get("PaymentType") or kind, "PaymentType")
    total = sign * (seen.major(amounts, "AuthorizedAmount") - seen.major(amounts, "CashBackAmount"))
    card = (paid.get("PaymentInstrumentData") or {}).get("CardData") or {}
    masked = card.get("MaskedPan") or card.get("MaskedPAN")
    sold = ((answer.get("SaleData") or {}).get("SaleTransactionID") or {}).get("TransactionID")
    reference = seen.reference(str(poi.get("TransactionID") or ""), extra.get("pspReference"))
    tip = seen.major(amounts, "TipAmount") or seen.minor(extra.get("posAmountGratuityValue") or 0)
    return seen.transaction(
        seen.id("refund" if sign < 0 else "payment", reference), total, sign * tip,
        kind="return" if sign < 0 else "sale",
        tenders=(seen.tender(card.get("PaymentBrand"), masked, total),),
        register_id=(response.get("MessageHeader") or {}).get("POIID") or None,
        receipt_number=sold or None, store_id=extra.get("store") or None, customer=customer(extra),
    )  # fmt: skip


def _paid(told: Record) -> Record:
    """Return the answer to a payment that succeeded; raise Ignored if there is none."""
    if "PaymentResponse" not in told:
        if "ReversalResponse" in told:
            raise Rejected(Code.UNSUPPORTED, "push the notification of the cancellation or refund")
        if "NexoBlob" in told:
            raise Rejected(Code.UNSUPPORTED, "the terminal's answer is encrypted: decrypt it first")
        raise Ignored("not an event of a sale")
    answer: Record = told["PaymentResponse"]
    result = (answer.get("Response") or {}).get("Result")
    if not payload.known(_RESULTS, result, "Result", Code.UNKNOWN_STATUS):
        raise Ignored("it did not succeed")
    return answer


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
