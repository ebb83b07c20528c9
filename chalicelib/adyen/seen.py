"""What Adyen's notifications and its terminals' answers share: how a payment is written down."""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib import model, money, times
from chalicelib.adyen.words import CARDS, DECIMALS, METHODS
from chalicelib.errors import Code, Rejected

Record = dict[str, Any]
_LAST_FOUR = re.compile("[0-9]{4}$")


class Seen:
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

    def tender(self, method: Any, masked: Any, amount: int) -> model.Tender:
        """Return what was paid by a payment method, such as visa or mc_applepay."""
        word = str(method or "").partition("_")[0]
        if word not in METHODS:
            self.named["unknown_tender_type"] = None
        type_: Any = METHODS.get(word, "other")
        brand: Any = CARDS.get(word)
        digits = _LAST_FOUR.search(str(masked or "")) if type_ in {"card", "other"} else None
        return model.Tender(
            type=type_, amount=amount, card_brand=brand,
            card_last_four=digits[0] if digits else None,
        )  # fmt: skip

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


def customer(extra: Record) -> model.Customer | None:
    """Return the shopper that additional data names, if it names one."""
    told = (extra.get(f"{of}shopperReference") for of in ("", "tokenization.", "recurring."))
    found = {"id": next(filter(None, told), None), "email": extra.get("shopperEmail")}
    return model.Customer(**found) if any(found.values()) else None


def _number(value: Any) -> Any:
    """Return an amount, which old notifications write as text."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else value
