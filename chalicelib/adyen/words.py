"""Adyen's own words: events, currencies and payment methods, and what they mean."""

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
