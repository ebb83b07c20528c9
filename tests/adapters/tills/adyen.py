"""Notifications of Adyen: no basket."""

import json

from tests.adapters.baskets import WHEN, Basket

KNOWS = frozenset({"return", "paid back"})
ALWAYS = ("payment_only",)


def write(basket: Basket) -> str:
    item = {
        "eventCode": "REFUND" if basket.returned else "AUTHORISATION",
        "success": "true",
        "pspReference": f"{basket.number:016}",
        "originalReference": "1" if basket.returned else "",
        "amount": {"currency": basket.currency, "value": basket.total},
        "eventDate": WHEN,
        "paymentMethod": "visa",
    }
    return json.dumps({"live": "true", "notificationItems": [{"NotificationRequestItem": item}]})
