"""Payment intents of Stripe, and refunds: no basket, and decimals of its own."""

import json
from typing import Any

from tests.adapters.baskets import Basket

KNOWS = frozenset({"tip", "return", "paid back"})
ALWAYS = ("payment_only",)
SOLD = 1_773_480_600


def write(basket: Basket) -> str:
    found: dict[str, Any] = {"created": SOLD, "livemode": True}
    found["currency"] = basket.currency.lower()
    if basket.returned:
        found |= {"object": "refund", "id": f"re_{basket.number}", "amount": basket.total}
        found |= {"status": "succeeded", "payment_intent": "pi_1", "balance_transaction": "txn_1"}
        found["destination_details"] = {"type": "card"}
    else:
        found |= {"object": "payment_intent", "id": f"pi_{basket.number}", "status": "succeeded"}
        found |= {"amount_received": basket.total, "payment_method_types": ["card"]}
        found["amount_details"] = {"tip": {"amount": basket.tip}}
    kind = "refund.created" if basket.returned else "payment_intent.succeeded"
    event = {"id": "evt_1", "object": "event", "type": kind, "created": SOLD, "livemode": True}
    return json.dumps(event | {"data": {"object": found}})
