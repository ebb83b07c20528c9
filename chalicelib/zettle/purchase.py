"""A purchase of Zettle's, or a refund, which is one as well.

https://developer.zettle.com/docs/api/purchase/api-reference-md
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected
from chalicelib.zettle.fields import (
    IDS,
    NOTHING,
    ORIGINALS,
    Record,
    change_of,
    code_of,
    payments_of,
    quantity_of,
    rates_of,
    reduction_of,
    revision_of,
    uuid_of,
)
from chalicelib.zettle.words import BRANDS, LINES, TAXATION, TENDERS


class Purchase:
    """What all parts of a purchase share: its kind, and the words in it that nobody knew."""

    def __init__(self, found: Record, merchant: model.Merchant) -> None:
        self.found, self.merchant, self.named = found, merchant, dict[str, None]()
        self.id, self.original = uuid_of(found, IDS), uuid_of(found, ORIGINALS)
        if not self.id:
            raise Rejected(Code.MISSING_ID, f"the purchase has none of {', '.join(IDS)}")
        self.currency = found.get("currency") or merchant.currency
        self.rows, self.payments = found.get("products") or [], payments_of(found)
        self.charge = found.get("serviceCharge") or {}
        self.kind = self._kind(money.whole(found.get("amount")), found.get("refund"))

    def _kind(self, amount: int, refund: Any) -> Any:
        """Events needn't say `refund`: there the original's id tells, or the sign."""
        if refund is not None and not isinstance(refund, bool):
            raise Rejected(Code.UNKNOWN_VALUE, "refund is neither true nor false")
        if refund is not None and amount and refund != (amount < 0):
            self.named["refund_mark_and_sign_disagree"] = None
        return "return" if refund or self.original or amount < 0 else "sale"

    def signed(self, amount: Any) -> int:
        """Return an amount, negative in a return.  One that is left out is nothing."""
        found = 0 if amount in NOTHING else money.whole(amount)
        return -abs(found) if self.kind == "return" else found

    def word(self, table: Mapping[str, str], found: Any, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if not isinstance(found, str) or found not in table:
            self.named[f"unknown_{what}"] = None
            return "other"
        return table[found]

    def transaction(self) -> model.Transaction:
        found = self.found
        lines = tuple(self._line(number, row) for number, row in enumerate(self.rows, 1))
        rows = sum(line.total for line in lines)
        discounts = self._discounts(rows)
        subtotal = rows - sum(one.amount for one in discounts)
        tenders = tuple(map(self._tender, self.payments))
        tip = sum(self.signed(one.get("gratuityAmount")) for one in self.payments)
        total = self.signed(found["amount"])
        if sum(tender.amount for tender in tenders) == total + tip:
            total += tip  # the amounts of payments hold the tip; that of the purchase needn't
        when = found.get("timestamp") or found.get("created")  # a late report is created later
        return model.Transaction(
            merchant=self.merchant.id, vendor="zettle", id=str(self.id),
            revision=revision_of(found), kind=self.kind, original=self.original,
            channel=found.get("source") or None,
            store_id=code_of((found.get("site") or {}).get("uuid")),
            receipt_number=code_of(found.get("purchaseNumber")),
            occurred_at=times.from_epoch_ms(when) if isinstance(when, int)
            else times.instant(when, self.merchant.timezone),
            currency=str(self.currency), exponent=money.exponent(self.currency),
            lines=lines, discounts=discounts, tip=tip, total=total,
            taxes=self._taxes([line.total for line in lines], subtotal),
            service_charge=self.signed(self.charge.get("amount")),
            subtotal=subtotal if lines else None, tenders=tenders, discrepancies=tuple(self.named),
        )  # fmt: skip

    def _line(self, number: int, row: Record) -> model.Line:
        """Return a row.  Prices are never negative: what comes back has a negative quantity."""
        quantity, price = quantity_of(row), money.whole(row.get("unitPrice"))
        quantity = -abs(quantity) if self.kind == "return" else quantity
        gross, taken = money.rounded(quantity * price), row.get("discountValue")
        if taken in NOTHING:
            taken = reduction_of(row.get("discount") or {}, gross)
        discount = abs(money.whole(taken)) * (-1 if quantity < 0 else 1)
        name = " ".join(word for word in (row.get("name"), row.get("variantName")) if word)
        return model.Line(
            number=number, kind=self.word(LINES, row.get("type") or "PRODUCT", "product_type"),
            item_id=code_of(row.get("variantUuid") or row.get("productUuid")),
            sku=code_of(row.get("sku")), gtin=code_of(row.get("barcode")),
            description=name or None, unit_price=price,
            quantity=money.quantity(quantity), discount=discount, total=gross - discount,
        )  # fmt: skip

    def _discounts(self, rest: int) -> tuple[model.Discount, ...]:
        """Return the discounts on the whole: each on what rows and the ones before it leave."""
        discounts = []
        for one in self.found.get("discounts") or ():
            amount = self.signed(reduction_of(one, rest))
            discounts.append(model.Discount(name=one.get("name") or None, amount=amount))
            rest -= amount
        return tuple(discounts)

    def _taxes(self, totals: list[int], subtotal: int) -> tuple[model.Tax, ...]:
        """Return the tax of each rate, worked out row by row as Zettle does.

        If they aren't together what Zettle says, then its one figure is all that is returned.
        """
        found, by_rate = self.found, dict[str, int]()
        whole = self.signed(found.get("vatAmount") or found.get("taxAmount"))
        mode = self.word(TAXATION, found.get("taxationMode") or "INCLUSIVE", "taxation_mode")
        inclusive, name = mode != "exclusive", found.get("taxationType") or "VAT"
        share = Decimal(subtotal) / (sum(totals) or 1)
        nets = [share * total for total in totals]
        nets.append(Decimal(self.signed(self.charge.get("amount"))))
        for net, row in zip(nets, (*self.rows, self.charge), strict=True):
            rates = rates_of(row)
            base = net / (1 + sum(rates)) if inclusive else net
            for rate in rates:
                told = money.quantity(rate)
                by_rate[told] = by_rate.get(told, 0) + money.rounded(base * rate)
        if sum(by_rate.values()) != whole:
            by_rate = {next(iter(by_rate)) if len(by_rate) == 1 else "": whole}
        return tuple(model.Tax(name=name, rate=rate or None, amount=amount, inclusive=inclusive)
                     for rate, amount in by_rate.items() if amount)  # fmt: skip

    def _tender(self, found: Record) -> model.Tender:
        """Return a payment.  Its amount is what was handed over less the change, tip included."""
        if found.get("currency") not in (*NOTHING, self.currency):
            raise Rejected(Code.MIXED_CURRENCY, "a payment is in another currency than the sale")
        details = found.get("attributes") or {}
        amount = self.signed(money.whole(found.get("amount")))
        brand = re.sub("[ _-]", "", details.get("cardType") or "").upper()
        digits = re.search("[0-9]{4}$", details.get("maskedPan") or "")
        return model.Tender(
            type=self.word(TENDERS, found.get("type"), "tender_type"),
            name=found.get("type") or None, amount=amount,
            change=change_of(details, amount) if amount > 0 else 0,
            card_brand=self.word(BRANDS, brand, "card_brand") if brand else None,
            card_last_four=digits[0] if digits else None,
        )  # fmt: skip
