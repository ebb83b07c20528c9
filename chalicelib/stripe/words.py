"""Stripe's own words, and what they mean."""

import re
from typing import get_args

from chalicelib import model

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
