"""What all parts of an order or a refund share: currency, amounts, ids, unknown words."""

from typing import Any

from chalicelib import model, money, payload, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
#: A payment transaction's kind -> which way the money goes; its status -> whether it went.
_WAYS = {
    "sale": "in", "capture": "in", "refund": "out", "change": "change", "void": "none",
    "authorization": "none", "emv_authorization": "none", "suggested_refund": "none",
}  # fmt: skip
_WENT = {
    "success": "yes", "failure": "no", "error": "no", "pending": "not yet",
    "awaiting_response": "not yet", "unknown": "not yet",
}  # fmt: skip
_LISTS = ("refund_line_items", "refund_shipping_lines", "order_adjustments")
_SETS = ("total_price_set", "subtotal_set", "subtotal_amount_set", "amount_set", "total_duties_set")


def text(value: Any) -> str | None:
    """Return text, or an integer's exact digits: ids are larger than a double can hold.

    Null and "" are nothing.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise Rejected(Code.BAD_SHAPE, "an id or a name is neither text nor an integer")
    return None if value is None else str(value).strip() or None


#: What Shopify writes, for one, into the subtotals of refunds: ISO 4217's code for no currency.
NO_CURRENCY = (None, "", "XXX")


class Reading:
    """An order or a refund, read in the shop's currency and not in the buyer's."""

    def __init__(self, record: Record, merchant: model.Merchant) -> None:
        self.record, self.merchant, self.side = record, merchant, "shop_money"
        order = record.get("currency") if "financial_status" in record else None
        self.currency: Any = order or self._first_currency()
        self.exponent, self.unknown = money.exponent(self.currency), dict[str, None]()

    def _first_currency(self) -> Any:
        """Return the currency that the first amount names: a refund has none of its own."""
        parts = [self.record, *(part for name in _LISTS for part in self.record.get(name) or ())]
        sets = [(part.get(name) or {}).get(self.side) or {} for part in parts for name in _SETS]
        named = [found.get("currency_code") for found in sets]
        named += [one.get("currency") for one in self.record.get("transactions") or ()]
        # The order's comes last, as a refund that is sent by itself doesn't know it.
        known = [one for one in (*named, self.merchant.currency) if one not in NO_CURRENCY]
        return known[0] if known else self.record.get("currency")

    def abroad(self, paid: list[Record]) -> "Reading | None":
        """Return the same in the buyer's currency, if that is what the payments are in."""
        found = {one.get("currency") for one in paid if not one.get("amount_set")}
        other = next(iter(found - {*NO_CURRENCY, self.currency}), None)
        if other is None:
            return None
        reading = Reading(self.record, self.merchant)
        reading.side, reading.currency, reading.exponent = (
            "presentment_money", other, money.exponent(other),
        )  # fmt: skip
        return reading

    def amount(self, record: Record, name: str) -> int:
        """Return an amount in minor units.  One that is left out is nothing."""
        value = self._told(record, name)
        return 0 if value is None or value == "" else money.minor(value, self.currency)

    def needed(self, record: Record, name: str) -> int:
        """Return an amount that must be there."""
        if self._told(record, name) in (None, ""):
            raise Rejected(Code.BAD_MONEY, f"{name} is missing")
        return self.amount(record, name)

    def _told(self, record: Record, name: str) -> Any:
        told = (record.get(f"{name}_set") or {}).get(self.side) or {}
        if told.get("currency_code") not in (*NO_CURRENCY, self.currency):
            raise Rejected(Code.MIXED_CURRENCY, "amounts in shop money have several currencies")
        return record.get(name) if told.get("amount") is None else told["amount"]

    def word(self, table: dict[str, str], found: str, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(found, "other")

    def id(self, name: str, noun: str) -> str:
        """Return an id of ours, such as order:1001 for 1001 or gid://shopify/Order/1001."""
        found = text(self.record.get(name))
        if found is None:
            raise Rejected(Code.MISSING_ID, f"{name} is missing")
        return f"{noun}:{found.rpartition('/')[2]}"

    def time(self, *names: str) -> str:
        found = next((self.record[name] for name in names if self.record.get(name)), None)
        return times.instant(found, self.merchant.timezone)

    def went(self, way: str) -> list[Record]:
        """Return the transactions whose money went this way."""
        told = [
            (
                payload.known(_WAYS, one.get("kind"), "kind of transaction"),
                payload.known(_WENT, one.get("status"), "transaction status", Code.UNKNOWN_STATUS),
                one,
            )
            for one in self.record.get("transactions") or ()
        ]
        if way == "out" and any(found == way and went == "not yet" for found, went, _ in told):
            # It counts once all of it went, for then its content changes no more.
            raise Ignored("pending refund")
        return [one for found, went, one in told if found == way and went == "yes"]

    def transaction(self, lines: list[Record], **fields: Any) -> model.Transaction:
        return model.Transaction(
            merchant=self.merchant.id, vendor="shopify", currency=self.currency,
            exponent=self.exponent, occurred_at=self.time("processed_at", "created_at"),
            lines=tuple(model.Line(number=number, **line) for number, line in enumerate(lines, 1)),
            discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip
