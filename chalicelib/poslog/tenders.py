"""How a POSLog transaction was paid."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from chalicelib import model
from chalicelib.poslog.elements import Till, flagged, text, word
from chalicelib.poslog.lines import Entry

TYPES = {
    "Cash": "cash", "CreditDebit": "card", "Credit": "card", "Debit": "card", "CreditCard": "card",
    "DebitCard": "card", "Check": "check", "Cheque": "check", "TravelersCheck": "check",
    "GiftCard": "gift_card", "GiftCertificate": "gift_card", "StoredValue": "gift_card",
    "StoreCredit": "store_credit", "CreditMemo": "store_credit", "Voucher": "voucher",
    "Coupon": "voucher", "ManufacturerCoupon": "voucher", "LoyaltyPoints": "loyalty",
    "Loyalty": "loyalty", "HouseAccount": "account", "CustomerAccount": "account",
    "AccountsReceivable": "account", "PurchaseOrder": "account", "BankTransfer": "bank",
    "DirectDebit": "bank", "MobilePayment": "wallet", "Wallet": "wallet", "Paypal": "wallet",
    "CoPay": "other", "Rounding": "other", "PennyRounding": "other",
    "Other": "other",
}  # fmt: skip
BRANDS: dict[str, model.CardBrand] = {
    "visa": "visa", "mastercard": "mastercard", "american express": "amex", "amex": "amex",
    "discover": "discover", "diners club": "diners", "jcb": "jcb", "unionpay": "unionpay",
    "maestro": "maestro", "interac": "interac",
}  # fmt: skip
NAMES = ("TenderDescription", "@TenderDescription", "TenderName", "Other/TenderName",
         "PaymentTypeDescription", "ReasonCode@Description")  # fmt: skip

_LAST_FOUR = re.compile("[0-9]{4}$")


@dataclass
class Paid:
    """A tender, before it is known whether its amounts are to be turned round."""

    body: Element
    type: model.TenderType
    amount: int
    change: int = 0
    cashback: int = 0

    def turn(self) -> None:
        self.amount, self.change, self.cashback = -self.amount, -self.change, -self.cashback


def payments(till: Till, found: list[Entry]) -> list[Paid]:
    """Return the tenders, with the change, in whichever way it is told, taken off the cash."""
    told = [_paid(till, e.body) for e in found if e.body.tag in ("Tender", "TenderChange")]
    kept = [one for one in told if one.amount >= 0 or one.type != "cash"]
    for change in (one for one in told if one.amount < 0 and one.type == "cash"):
        enough = (one for one in kept if one.type == "cash" and one.amount >= -change.amount)
        if cash := next(enough, None):
            cash.amount += change.amount
            cash.change -= change.amount
        else:  # a refund, or cash back from a card
            kept.append(change)
    return [one for one in kept if one.amount or one.change]


def _paid(till: Till, body: Element) -> Paid:
    amount = till.amount(body, "Amount") or 0
    # What is written as negative is the change itself, and its TenderChange repeats it.
    change = abs(till.amount(body, "TenderChange/Amount") or 0) if amount >= 0 else 0
    if body.tag == "TenderChange":  # a line item of its own, often with another one in it
        return Paid(body, "cash", -(change or abs(amount)))
    kind = word(body, "@TenderType")
    if kind not in TYPES and body.find("CreditDebit") is not None:
        kind = "CreditDebit"  # the retailer's own word, for what holds a card's data
    found = till.known(TYPES, kind, "tender_type")
    cashback = abs(till.amount(body, "Cashback") or 0)
    paid = Paid(body, found, abs(amount) - change, change if amount else 0, cashback)
    if amount < 0 or body.get("TypeCode") == "Refund" or flagged(body, "ChangeFlag"):
        paid.turn()
    return paid


def settled(paid: list[Paid], total: int, rewards: list[model.Discount]) -> list[model.Tender]:
    """Return the tenders, signed as the total is, for tills write refunds as positive, too.

    Rewards that reduce no line are a tender, if that is what is missing.
    """
    if sum(one.amount for one in paid) * total < 0:
        for one in paid:
            one.turn()
    plain = [one.amount for one in paid]
    without_cashback = [one.amount - one.cashback for one in paid]
    rounded = [-one.amount if word(one.body, "@TenderType") == "Rounding" else one.amount
               for one in paid]  # fmt: skip
    choices = (plain, without_cashback, rounded)
    amounts = next((choice for choice in choices if sum(choice) == total), plain)
    found = [_tender(one, amount) for one, amount in zip(paid, amounts, strict=True)]
    redeemed = [model.Tender(type="loyalty", name=one.name, amount=one.amount) for one in rewards]
    adds_up = sum(one.amount for one in (*found, *redeemed)) == total
    return [*found, *redeemed] if adds_up else found


def _tender(one: Paid, amount: int) -> model.Tender:
    name = text(one.body, *NAMES)
    card = text(one.body, "CreditDebit/AccountNumber", "CreditDebit/PrimaryAccountNumber")
    digits = _LAST_FOUR.search(card or "")
    return model.Tender(
        type=one.type, name=name, amount=amount, change=one.change,
        card_brand=BRANDS.get((text(one.body, "CreditDebit/CardBrand") or name or "").lower()),
        card_last_four=digits[0] if digits else None,
    )  # fmt: skip
