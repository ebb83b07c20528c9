"""What all parts of an object of Square's share: its currency, amounts, and tenders."""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected
from chalicelib.square.words import BRANDS, TENDERS

Record = dict[str, Any]


class Reading:
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


def tender(reading: Reading, kind: str | None, amount: int, found: Record) -> model.Tender:
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
