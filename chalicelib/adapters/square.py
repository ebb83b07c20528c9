"""Square: orders, payments and refunds, as webhooks carry them and as the API answers.

https://developer.squareup.com/reference/square/objects/Order (and /Payment, /PaymentRefund)
A payment and its order describe the same money.  `adapt` takes everything, so a merchant who
pushes both must choose `adapt_orders` or `adapt_payments` instead, or every sale counts twice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib import model, money, payload, signatures, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: Status -> why there is no transaction (yet); empty where it is final.
STATUSES = {
    "order": {"COMPLETED": "", "OPEN": "open", "DRAFT": "draft", "CANCELED": "cancelled"},
    "payment": {"COMPLETED": "", "APPROVED": "uncaptured", "PENDING": "pending",
                "CANCELED": "cancelled", "FAILED": "failed"},
    "refund": {"COMPLETED": "", "PENDING": "pending", "REJECTED": "rejected", "FAILED": "failed"},
}  # fmt: skip
TOPICS = {f"{noun}.{verb}": noun for noun in STATUSES for verb in ("created", "updated")}
TOPICS["order.fulfillment.updated"] = "order"
#: Other known topics by their first word.  What terminals and invoices take is a payment, too.
NO_SALES = re.compile(
    r"(bank_account|booking|card|cash_drawer|catalog|customer|device|dispute|gift_card|inventory|"
    r"invoice|job|labor|location|loyalty|merchant|oauth|online_checkout|payout|subscription|"
    r"team_member|terminal|transfer_order|vendor|webhooks)\.|order\.custom_attribute"
)
TAXES = {"ADDITIVE": "additive", "INCLUSIVE": "inclusive"}
LINES = {"ITEM": "item", "CUSTOM_AMOUNT": "item", "GIFT_CARD": "gift_card"}
#: Of tenders, payments and refunds; from CHECK on of payments that Square only takes note of.
TENDERS = {
    "CARD": "card", "CASH": "cash", "THIRD_PARTY_CARD": "card", "SQUARE_GIFT_CARD": "gift_card",
    "BANK_ACCOUNT": "bank", "WALLET": "wallet", "SQUARE_ACCOUNT": "account", "OTHER": "other",
    "BUY_NOW_PAY_LATER": "other", "EXTERNAL": "other", "CHECK": "check", "BANK_TRANSFER": "bank",
    "OTHER_GIFT_CARD": "gift_card", "EMONEY": "wallet", "SQUARE_CASH": "wallet", "CRYPTO": "other",
    "SOCIAL": "wallet", "STORED_BALANCE": "store_credit", "FOOD_VOUCHER": "voucher",
}  # fmt: skip
#: What is charged beside lines, taxes and tip.
CHARGES = ("service_charge_money", "card_surcharge_money")
BRANDS = {
    "VISA": "visa", "MASTERCARD": "mastercard", "AMERICAN_EXPRESS": "amex", "DISCOVER": "discover",
    "DISCOVER_DINERS": "diners", "JCB": "jcb", "CHINA_UNIONPAY": "unionpay", "INTERAC": "interac",
    **dict.fromkeys(("EBT", "EFTPOS", "FELICA", "QUICPAY", "ID", "TRANSPORTATION_IC", "CARNET",
                     "OTHER_BRAND", "SQUARE_CAPITAL_CARD"), "other"),
}  # fmt: skip


def adapt(text: str, merchant: model.Merchant, by: str = "") -> Iterator[model.Outcome]:
    """Read orders, payments and refunds, each as a transaction of its own."""

    def one(record: Any) -> Iterator[model.Transaction]:
        noun, found = _recognised(record)
        elsewhere = noun == "order" if by == "payment" else (found or {}).get("order_id")
        if by and elsewhere:
            raise Ignored(f"counted by its {by}")
        if not found:
            raise Rejected(Code.THIN_NOTIFICATION, f"push the whole {noun}, as the API answers it")
        if "deadline_duration" in found:
            raise Ignored("a request to a terminal")  # what comes of it is pushed by itself
        status = found.get("state" if noun == "order" else "status")
        if why := payload.known(STATUSES[noun], status, f"{noun} status", Code.UNKNOWN_STATUS):
            raise Ignored(f"{why} {noun}")
        reading = _Reading(noun, found, merchant)
        yield _order(reading, found) if noun == "order" else _payment(reading, found)

    return payload.each(payload.apart(payload.json_records(text), _singles), one)


def verify(
    headers: signatures.Headers, body: bytes, url: str, secrets: Sequence[str], _: int
) -> bool:
    """Check the signature over the URL, as it is registered with Square, and the body.

    https://developer.squareup.com/docs/webhooks/step3validate
    """
    given = headers.get("x-square-hmacsha256-signature", "")
    return signatures.by_base64([given], url.encode() + body, secrets)


def adapt_orders(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read orders; of payments and refunds only those that name no order."""
    return adapt(text, merchant, by="order")


def adapt_payments(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read payments and refunds, and no order."""
    return adapt(text, merchant, by="payment")


def _singles(record: Any) -> list[Any]:
    """Take a page of a list endpoint apart, so that one bad object spoils no other."""
    page = record if isinstance(record, dict) and "location_id" not in record else {}
    listed = {noun: page.get(f"{noun}s") for noun in STATUSES}
    inside = [
        {noun: one} for noun, found in listed.items() if isinstance(found, list) for one in found
    ]
    return inside or [record]


def _recognised(record: Any) -> tuple[str, Record | None]:
    """Return "order", "payment" or "refund", and the object itself if it is there."""
    if not isinstance(record, dict) or record.get("errors"):
        raise Rejected(Code.BAD_SHAPE, "an object was expected, and no errors of the API")
    if "event_id" in record or "data" in record:
        if NO_SALES.match(str(record.get("type"))):
            raise Ignored("not an event of a sale")
        noun = payload.known(TOPICS, record.get("type"), "event type", Code.UNKNOWN_EVENT)
        return noun, ((record.get("data") or {}).get("object") or {}).get(noun)
    if wrapped := next((noun for noun in STATUSES if noun in record), ""):
        return wrapped, record[wrapped]
    if "amount_money" in record:
        refund = record.keys() & {"payment_id", "unlinked", "destination_type"}
        return "refund" if refund else "payment", record
    if record.keys() & {"line_items", "returns"} or {"state", "location_id"} <= record.keys():
        return "order", record
    raise Rejected(Code.UNKNOWN_EVENT, "neither an order nor a payment nor a refund of Square's")


class _Reading:
    """What all parts of an object share: its currency, and the words in it that nobody knew."""

    def __init__(self, noun: str, record: Record, merchant: model.Merchant) -> None:
        # The top of an order that only takes something back may have no total at all.
        held = (record, record.get("return_amounts") or {}, record.get("net_amounts") or {})
        totals = [found for one in held if (found := one.get("total_money"))]
        total = totals[0] if totals else record.get("amount_money") or {}
        self.exponent = money.exponent(total.get("currency"))
        self.currency, self.unknown = str(total["currency"]), dict[str, None]()
        self.noun, self.record, self.merchant = noun, record, merchant

    def amount(self, record: Record, name: str) -> int:
        """Return an amount in minor units.  One that is left out is nothing."""
        if not (found := record.get(name)):
            return 0
        if found.get("currency") != self.currency:
            raise Rejected(Code.MIXED_CURRENCY, "not all amounts are of the same currency")
        return money.whole(found.get("amount"))

    def word(self, table: Mapping[str, str], found: str, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(found, "other")

    def transaction(self, when: Any, **fields: Any) -> model.Transaction:
        record, zone = self.record, self.merchant.timezone
        if not isinstance(record.get("id"), str) or not record["id"]:
            raise Rejected(Code.MISSING_ID, f"the {self.noun} has no id")
        if fields["kind"] == "sale" and fields["total"] < 0:
            raise Rejected(Code.BAD_MONEY, "the total of a sale is negative")
        # A refund has a version in webhooks alone, so that only its time orders its revisions.
        version, updated = self.noun == "order" and record.get("version"), record.get("updated_at")
        return model.Transaction(
            merchant=self.merchant.id, vendor="square", id=f"{self.noun}:{record['id']}",
            revision=version or (times.epoch_ms(times.instant(updated, zone)) if updated else 0),
            currency=self.currency, exponent=self.exponent, discrepancies=tuple(self.unknown),
            store_id=record.get("location_id"), occurred_at=times.instant(when, zone), **fields,
        )  # fmt: skip


def _order(reading: _Reading, order: Record) -> model.Transaction:
    returns, tenders = order.get("returns") or [], order.get("tenders") or []
    kind = "sale" if not returns else "exchange" if order.get("line_items") else "return"
    total, tip, service_charge = _figures(reading, order, kind)
    if not total and tenders and all(one.get("type") == "NO_SALE" for one in tenders):
        raise Ignored("the drawer was opened without a sale")
    sides = [(1, order, ""), *((-1, one, "return_") for one in returns)]
    taxes = [(sign, tax, money.decimal(tax.get("percentage") or "0").scaleb(-2))
             for sign, side, key in sides for tax in side.get(f"{key}taxes") or ()]  # fmt: skip
    items = [(sign, side.get(f"{key}taxes") or (), line) for sign, side, key in sides
             for line in side.get(f"{key}line_items") or ()]  # fmt: skip
    lines = tuple(_line(reading, number, *item) for number, item in enumerate(items, 1))
    rounding = [(sign, side.get("rounding_adjustment") or {}) for sign, side, _ in sides]
    live = [one for one in tenders if not _void(one)]
    source, *more = {one.get("source_order_id") for one in returns} or {None}
    buyer = next((one["customer_id"] for one in (order, *tenders) if one.get("customer_id")), None)
    return reading.transaction(
        # Not updated_at: a later refund moves that, and the sale must stay where it was.
        order.get("closed_at") or order.get("created_at"),
        kind=kind, original=f"order:{source}" if source and not more else None,
        customer=model.Customer(id=buyer) if buyer else None,
        channel=(order.get("source") or {}).get("name"),
        lines=lines, subtotal=sum(line.total for line in lines) if lines else None,
        taxes=tuple(model.Tax(
            name=tax.get("name"), rate=money.quantity(rate) if rate else None,
            amount=sign * reading.amount(tax, "applied_money"),
            inclusive=reading.word(TAXES, str(tax.get("type")), "tax_type") == "inclusive",
        ) for sign, tax, rate in taxes),
        rounding=sum(sign * reading.amount(found, "amount_money") for sign, found in rounding),
        tip=tip, service_charge=service_charge, total=total,
        # Unlike a payment's amount_money, a tender's has the tip in it.
        tenders=tuple(_tender(reading, one.get("type"), reading.amount(one, "amount_money"), one)
                      for one in live if kind != "return"),
    )  # fmt: skip


def _figures(reading: _Reading, order: Record, kind: str) -> list[int]:
    """Return total, tip and service charge: in a return the top says 0, in an exchange the sale."""
    net, back = order.get("net_amounts") or {}, order.get("return_amounts") or {}
    sold = order if order.get("total_money") else net
    found = {"sale": sold, "exchange": net, "return": back or net}[kind]
    if not found.get("total_money"):
        raise Rejected(Code.BAD_MONEY, "neither return_amounts nor net_amounts has a total")
    top = "total_" if found is order else ""
    charge = sum(reading.amount(found, f"{top}{name}") for name in CHARGES)
    tip = reading.amount(found, f"{top}tip_money")
    amounts = [reading.amount(found, "total_money"), tip, charge]
    return [-abs(amount) for amount in amounts] if kind == "return" else amounts


def _line(reading: _Reading, number: int, sign: int, taxes: Any, line: Record) -> model.Line:
    """Return a line.  Square's total of it holds every tax, and its share of charges."""
    amount = reading.amount
    charged = sum(amount(line, f"total_{name}") for name in CHARGES)
    apart = charged + sum(amount(one, "applied_money") for one in _added(taxes, line))
    return model.Line(
        number=number, item_id=line.get("catalog_object_id"), description=line.get("name"),
        kind=reading.word(LINES, line.get("item_type") or "ITEM", "item_type"),
        quantity=money.quantity(sign * abs(money.decimal(line.get("quantity")))),
        unit_price=amount(line, "base_price_money") or None,
        discount=sign * amount(line, "total_discount_money"),
        tax=sign * amount(line, "total_tax_money"), original_line=line.get("source_line_item_uid"),
        total=sign * (amount(line, "total_money") - apart),
    )  # fmt: skip


def _added(taxes: Any, line: Record) -> list[Record]:
    """Return the taxes on top of a line's price, which is all that aren't known to be inside."""
    if applied := line.get("applied_taxes"):
        inclusive = {one.get("uid") for one in taxes if one.get("type") == "INCLUSIVE"}
        return [one for one in applied if one.get("tax_uid") not in inclusive]
    # Before Square's version 2020-02-26 a line could hold the taxes themselves.
    own = line.get("taxes") or line.get("return_taxes") or ()
    return [one for one in own if one.get("type") != "INCLUSIVE"]


def _void(tender: Record) -> bool:
    """Tell whether a tender paid nothing in the end."""
    details = [tender.get(name) or {} for name in tender if name.endswith("_details")]
    return any(one.get("status") in {"VOIDED", "FAILED"} for one in details)


def _tender(reading: _Reading, kind: str | None, amount: int, found: Record) -> model.Tender:
    """Return a tender of the type `kind`, told more about by the `..._details` in `found`."""
    cash, outside = found.get("cash_details") or {}, found.get("external_details") or {}
    wallet = found.get("wallet_details") or found.get("buy_now_pay_later_details") or {}
    card = (found.get("card_details") or {}).get("card") or {}
    brand, digits = card.get("card_brand"), str(card.get("last_4"))
    gift = brand == "SQUARE_GIFT_CARD"  # which payments call a CARD
    kind = (outside.get("type") if kind == "EXTERNAL" else brand if gift else None) or kind
    return model.Tender(
        type=reading.word(TENDERS, kind or ("CARD" if card else "OTHER"), "tender_type"),
        name=outside.get("source") or wallet.get("brand"), amount=amount,
        change=reading.amount(cash, "change_back_money") if amount > 0 else 0,
        card_brand=reading.word(BRANDS, brand, "card_brand") if brand and not gift else None,
        card_last_four=digits if re.fullmatch("[0-9]{4}", digits) else None,
    )  # fmt: skip


def _payment(reading: _Reading, found: Record) -> model.Transaction:
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
        tenders=(_tender(reading, method, total, details),),
        customer=model.Customer(**buyer) if any(buyer.values()) else None,
        channel=(found.get("application_details") or {}).get("square_product"),
    )  # fmt: skip
