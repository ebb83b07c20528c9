"""Zettle's own words, and what they mean."""

LINES = {"PRODUCT": "item", "CUSTOM_AMOUNT": "item", "GIFTCARD": "gift_card"}
#: An invoice is a sale on account: no second purchase comes when it is paid, but refunds do.
TENDERS = {
    "IZETTLE_CARD": "card", "IZETTLE_CARD_ONLINE": "card", "IZETTLE_TAP_ON_PHONE": "card",
    "IZETTLE_PAYMENT_LINK": "card", "PAYPAL_KEYIN": "card", "IZETTLE_CASH": "cash",
    "IZETTLE_INVOICE": "account", "PAYPAL_INVOICE": "account", "SWISH": "wallet",
    "VIPPS": "wallet", "MOBILE_PAY": "wallet", "PAYPAL": "wallet", "VENMO": "wallet",
    "STORE_CREDIT": "store_credit", "GIFTCARD": "gift_card", "KLARNA": "other", "CUSTOM": "other",
}  # fmt: skip
#: Without the spaces, hyphens and underscores that some spellings have.
BRANDS = {
    "VISA": "visa", "VISAELECTRON": "visa", "VPAY": "visa", "MASTERCARD": "mastercard",
    "MAESTRO": "maestro", "AMEX": "amex", "AMERICANEXPRESS": "amex", "DISCOVER": "discover",
    "DINERS": "diners", "JCB": "jcb", "UNIONPAY": "unionpay", "INTERAC": "interac",
}  # fmt: skip
TAXATION = {"INCLUSIVE": "inclusive", "EXCLUSIVE": "exclusive"}
