"""What payments and refunds of Stripe's share: how amounts, times and tenders are read."""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected
from chalicelib.stripe.words import BRANDS, DECIMALS, TENDERS

Record = dict[str, Any]


class Reading:
    """What payments and refunds share: how amounts are counted, and words that nobody knew."""

    def __init__(self, noun: str, event: Record, found: Record, merchant: model.Merchant) -> None:
        self.currency = str(found.get("currency") or "").upper()
        self.exponent = money.exponent(self.currency)
        self.noun, self.event, self.found, self.merchant = noun, event, found, merchant
        self.named = {"payment_only": None}

    def amount(self, value: Any) -> int:
        """Return an amount in minor units of ISO 4217, exactly."""
        return money.rescaled(value, self.currency, DECIMALS)

    def word(self, table: Mapping[str, Any], found: Any, what: str) -> Any:
        """Look up a word that moves no money; one that nobody knows is named."""
        if found not in table:
            self.named[f"unknown_{what}" if found else f"no_{what}"] = None
        return table.get(found, "other")

    def tender(self, amount: int, kind: Any, details: Record) -> model.Tender:
        type_, digits = self.word(TENDERS, kind, "tender_type"), str(details.get("last4"))
        if type_ != "card":  # the last four of a bank account are no card's
            return model.Tender(type=type_, name=kind, amount=amount)
        brand = str(details.get("brand") or "").lower().replace(" ", "_")
        last_four = re.fullmatch("[0-9]{4}", digits)
        return model.Tender(
            type=type_, amount=amount, card_last_four=digits if last_four else None,
            card_brand=self.word(BRANDS, brand, "card_brand") if brand else None,
        )  # fmt: skip

    def transaction(self, rank: int = 0, **fields: Any) -> model.Transaction:
        id_, created = self.found.get("id"), self.found.get("created")
        if not isinstance(id_, str) or not id_:
            raise Rejected(Code.MISSING_ID, f"the {self.noun} has no id")
        told = times.epoch_ms(_time(self.event.get("created") or created))
        return model.Transaction(
            merchant=self.merchant.id, vendor="stripe", id=f"{self.noun}:{id_}",
            revision=told + rank, occurred_at=_time(created), currency=self.currency,
            exponent=self.exponent, discrepancies=tuple(self.named), **fields,
        )  # fmt: skip


def identifier(found: Any) -> Any:
    """Return an id, if there is one: it may have been expanded into its object."""
    return (found.get("id") if isinstance(found, dict) else found) or None


def _time(seconds: Any) -> str:
    return times.from_epoch_ms(seconds * 1000 if isinstance(seconds, int) else None)
