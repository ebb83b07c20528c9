"""Square's own words, and what they mean."""

import re

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
BRANDS = {
    "VISA": "visa", "MASTERCARD": "mastercard", "AMERICAN_EXPRESS": "amex", "DISCOVER": "discover",
    "DISCOVER_DINERS": "diners", "JCB": "jcb", "CHINA_UNIONPAY": "unionpay", "INTERAC": "interac",
    **dict.fromkeys(("EBT", "EFTPOS", "FELICA", "QUICPAY", "ID", "TRANSPORTATION_IC", "CARNET",
                     "OTHER_BRAND", "SQUARE_CAPITAL_CARD"), "other"),
}  # fmt: skip
