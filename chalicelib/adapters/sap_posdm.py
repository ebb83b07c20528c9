"""SAP POS Data Management and Customer Activity Repository: nested, as flat tables, as IDocs.

https://help.sap.com/docs/CARAB (POS inbound interface; /POSDW/BAPI_POSTR_CREATE)

`tables` makes nested records of tables and IDocs, in JSON or XML; they are read here.

Types of transactions, lines and tenders are codes that each retailer sets up for itself, so a
merchant says what its own mean: `sap_posdm.adapter(Codes(...))`; a code that nobody declared is
refused.  What isn't a list of one may come without the list; times are local; the currency stands
in an extension; and no field holds the total, which is what the tenders come to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from chalicelib import model, money, payload, signatures
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.sap_posdm import header, tables
from chalicelib.sap_posdm.codes import Codes
from chalicelib.sap_posdm.fields import (
    Record,
    first,
    flagged,
    identifier,
    line_number,
    many,
    signed,
)
from chalicelib.sap_posdm.voids import voided, voids

#: What a line came to.
_SOLD = ("SALESAMOUNT", "NORMALSALESAMT", "NORMALSALESAMOUNT")


@dataclass(frozen=True)
class Adapter:
    """Reads transactions by a retailer's codes."""

    codes: Codes

    def __call__(self, text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
        records = tables.documents(text)
        return payload.each(
            payload.apart(records, _singles),
            lambda record: [_Reading(record, merchant, self.codes).read()],
        )


def adapter(codes: Codes) -> Adapter:
    """Return what adapts the transactions of a retailer with these codes."""
    return Adapter(codes)


#: Nobody signs this format in a way of their own.
verify = signatures.verify


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read transactions of the codes that SAP delivers: sales, of goods."""
    return Adapter(Codes())(text, merchant)


def _singles(record: Any) -> list[Any]:
    """Take envelopes and tables apart into transactions."""
    return list(tables.transactions(record)) or [record]


class _Reading:
    """A transaction, its currency, and words in it that nobody knew."""

    def __init__(self, record: Any, merchant: model.Merchant, codes: Codes) -> None:
        if not isinstance(record, dict) or not record.keys() & {"RETAILSTOREID", "TRANSTYPECODE"}:
            raise Rejected(Code.UNKNOWN_EVENT, "that is no transaction of SAP POSDM's")
        self.record, self.merchant, self.codes = record, merchant, codes
        self.unknown = dict[str, None]()

    def read(self) -> model.Transaction:
        """Return the transaction; raise Ignored if nothing was sold."""
        marked = (self.record, *many(self.record.get("ADDITIONALS")))
        if any(flagged(one, "TRAININGFLAG") for one in marked):
            raise Ignored("training transaction")
        self.kind = self._meaning(self.codes.transactions, self.record, "TRANSTYPECODE",
                                  "TRANSACTIONTYPECODE")  # fmt: skip
        if self.kind in {"training", "control"}:
            raise Ignored(f"{self.kind} transaction")
        extensions = {one.get("FIELDNAME"): one.get("FIELDVALUE")
                      for one in many(self.record.get("EXTENSIONS"))}  # fmt: skip
        named = first(self.record, "TRANSCURRENCY", "TRANSACTIONCURRENCY_ISO",
                       "TRANSACTIONCURRENCY")  # fmt: skip
        told = extensions.get("BASECURR") or named or self.merchant.currency
        self.exponent, self.currency = money.exponent(told), str(told)
        self.sign = 1 if self.kind == "sale" else -1
        return self._transaction()

    def amount(self, record: Record, *names: str) -> int:
        """Return an amount as it is written; one that is left out is nothing."""
        return money.minor(signed(first(record, *names)) or 0, self.currency)

    def _meaning(self, table: Mapping[str, str], record: Record, *names: str) -> str:
        code = first(record, *names)
        found = table.get(identifier(code)) if code is not None else None
        if found is None:
            raise Rejected(Code.UNKNOWN_VALUE, f"{names[0]}: declare what it means in Codes")
        return found

    def _transaction(self) -> model.Transaction:
        rows = self._rows()
        tenders = tuple(map(self._tender, many(self.record.get("TENDER"))))
        if not rows and not tenders:
            if self.kind == "void" and many(self.record.get("POSTVOIDDETAILS")):
                return self._bare_void()
            raise Rejected(Code.BAD_SHAPE, "a transaction without lines and without tenders")
        taxes = self._taxes([row for _, row in rows])
        off = [self.amount(one, "REDUCTIONAMOUNT") for one in many(self.record.get("DISCOUNT"))]
        off = [-one for one in off] if sum(off) < 0 else off
        total = sum(one.amount for one in tenders) if tenders else None
        after, apart, included = self._ways(rows, sum(off), sum(taxes.values()), total)
        lines = tuple(self._line(number, kind, row, after=after)
                      for number, (kind, row) in enumerate(rows, 1))  # fmt: skip
        discounts = tuple(model.Discount(amount=self.sign * one) for one in off if one and apart)
        subtotal = sum(line.total for line in lines) - sum(one.amount for one in discounts)
        made = tuple(model.Tax(name=name, amount=self.sign * tax, inclusive=included)
                     for name, tax in taxes.items() if tax)  # fmt: skip
        due = subtotal + (0 if included else sum(tax.amount for tax in made))
        return self._told(
            kind=self._told_kind(lines), lines=lines, discounts=discounts, taxes=made,
            subtotal=subtotal if lines else None, tenders=tenders,
            total=due if total is None else total,
        )  # fmt: skip

    def _rows(self) -> list[tuple[str, Record]]:
        """Return the lines that count, with their kinds: no points, nothing void."""
        every = many(self.record.get("RETAILLINEITEM"))
        kinds = list(map(self._line_kind, every))
        gone = voided(every)
        return [(kind, row) for kind, row in zip(kinds, every, strict=True)
                if kind and not (gone and line_number(row) in gone)]  # fmt: skip

    def _bare_void(self) -> model.Transaction:
        """Return a post-void that tells no amounts: a later revision of what it undoes, of 0."""
        void = self._told(kind="void", total=0)
        return void.model_copy(update={"id": void.original, "revision": 1})

    def _told_kind(self, lines: tuple[model.Line, ...]) -> str:
        back = {line.quantity.startswith("-") for line in lines}
        return "exchange" if self.kind != "void" and len(back) > 1 else self.kind

    def _line_kind(self, row: Record) -> str:
        """Return a line's kind, or nothing for points and for lines that void or were voided."""
        kind = self._meaning(self.codes.lines, row, "RETAILTYPECODE")
        points = first(row, *_SOLD) is None
        return "" if kind == "loyalty" or voids(row) or points else kind

    def _ways(
        self, rows: list[tuple[str, Record]], off: int, tax: int, total: int | None
    ) -> tuple[bool, bool, bool]:
        """Say how the amounts are meant, as what was paid tells.

        Lines are after their discounts; discounts of the whole stand apart; taxes are included.
        """
        signs = [-1 if self._is_back(kind, row) else 1 for kind, row in rows]
        goods = sum(sign * abs(self.amount(row, *_SOLD))
                    for sign, (_, row) in zip(signs, rows, strict=True))  # fmt: skip
        reductions = sum(sign * self._reduction(row)
                         for sign, (_, row) in zip(signs, rows, strict=True))  # fmt: skip
        for after, apart, included in product((True, False), (False, True), (True, False)):
            due = goods - (0 if after else reductions) - (off if apart else 0)
            if total is None or self.sign * (due + (0 if included else tax)) == total:
                return after, apart, included
        return True, False, True

    def _is_back(self, kind: str, row: Record) -> bool:
        """Say whether a line of a sale came back: its code says so, or its amount."""
        negative = self.amount(row, *_SOLD) < 0
        return self.kind == "sale" and (kind == "return" or negative)

    def _reduction(self, row: Record) -> int:
        return sum(abs(self.amount(one, "REDUCTIONAMOUNT")) for one in many(row.get("DISCOUNT")))

    def _line(self, number: int, kind: str, row: Record, *, after: bool) -> model.Line:
        sign = -self.sign if self._is_back(kind, row) else self.sign
        total = abs(self.amount(row, *_SOLD))
        reduction, item = self._reduction(row), first(row, "ITEMID")
        quantity = abs(money.decimal(signed(first(row, "RETAILQUANTITY")) or 1))
        known = None if item is None else identifier(item)
        is_gtin = str(row.get("ITEMIDQUALIFIER")) == "1"
        told: Any = "item" if kind == "return" else kind
        return model.Line(
            number=number, kind=told, gtin=known if is_gtin else None,
            item_id=None if is_gtin else known, quantity=money.quantity(sign * quantity),
            discount=sign * reduction, total=sign * (total if after else total - reduction),
        )  # fmt: skip

    def _tender(self, one: Record) -> model.Tender:
        """Return a tender.  Change is one in the other direction."""
        code = first(one, "TENDERTYPECODE")
        found: Any = self.codes.tenders.get(identifier(code)) if code is not None else None
        if found is None:
            self.unknown["unknown_tender_type"] = None
        told = first(one, "TENDERCURRENCY_ISO", "TENDERCURRENCY")
        if told is not None and str(told).strip() not in ("", self.currency):
            raise Rejected(Code.MIXED_CURRENCY, "a tender is of another currency than the sale")
        amount = self.amount(one, "TENDERAMOUNT")
        back = self.sign < 0 and self._pays_back
        return model.Tender(type=found or "other", amount=-amount if back else amount)

    @cached_property
    def _pays_back(self) -> bool:
        """Whether a return's tenders are written in positive amounts."""
        tenders = many(self.record.get("TENDER"))
        return sum(self.amount(one, "TENDERAMOUNT") for one in tenders) > 0

    def _taxes(self, rows: list[Record]) -> dict[str | None, int]:
        found: dict[str | None, int] = {}
        for record in (*rows, self.record):
            for one in many(first(record, "TAX", "LINEITEMTAX", "TRANSACTIONTAX")):
                name = first(one, "TAXTYPECODE")
                key = None if name is None else identifier(name)
                found[key] = found.get(key, 0) + abs(self.amount(one, "TAXAMOUNT"))
        return found

    def _told(self, **fields: Any) -> model.Transaction:
        record = self.record
        store, till, number, day = header.key(record)
        return model.Transaction(
            merchant=self.merchant.id, vendor="sap_posdm", store_id=store, register_id=till,
            id=model.joined(store, till, number, day), receipt_number=number, business_date=day,
            original=header.original(record), currency=self.currency, exponent=self.exponent,
            occurred_at=header.occurred_at(record, self.merchant.timezone),
            customer=header.customer(record), discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip
