"""What all parts of a sale of Lightspeed's share: its currency, amounts, times and payments."""

from decimal import Decimal
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected
from chalicelib.lightspeed.bodies import NOTHING, Record

#: The one type that no total has in it.
APART = "ECOM_CUSTOM_CHARGE"


class Reading:
    """What all parts of a sale share: currency, exact amounts, and what rounding carries over."""

    def __init__(self, sale: Record, merchant: model.Merchant) -> None:
        self.sale, self.merchant = sale, merchant
        payments = sale.get("register_sale_payments") or sale.get("payments") or ()
        self.payments = [one for one in payments if one.get("deleted_at") in NOTHING]
        named = {one["currency"] for one in self.payments if one.get("currency")}
        if len(named) > 1:
            raise Rejected(Code.MIXED_CURRENCY, "not all payments are of the same currency")
        told = next(iter(named), merchant.currency)
        self.exponent, self.currency = money.exponent(told), str(told)
        self.lines = sale.get("register_sale_products") or sale.get("line_items") or ()
        self.carried, self.unknown, self.sign = Decimal(0), dict[str, None](), 1
        adjusted = [(_adjustment(one), one) for one in sale.get("adjustments") or ()]
        self.adjustments = [(kind, one) for kind, one in adjusted if kind != APART]
        back = sale.get("return_for") not in NOTHING or sale.get("is_return") is True
        if back and not any(exact(line, "quantity") < 0 for line in self.lines):
            self.sign = -1  # a return that is written in positive amounts is a return all the same

    def exact(self, record: Record, name: str) -> Decimal:
        return self.sign * exact(record, name)

    def minor(self, major: Decimal) -> int:
        return money.minor(major, self.currency)

    def share(self, major: Decimal) -> int:
        """Round, and carry what was cut off over to the next: unit prices have five decimals."""
        self.carried += major
        found = self.minor(self.carried)
        self.carried -= Decimal(found).scaleb(-self.exponent)
        return found

    def header(self, name: str) -> Decimal:
        return self.exact(self.holder(name), name)

    def holder(self, name: str) -> Record:
        """Return what tells a total: in webhooks that is `totals`, in answers the sale itself."""
        totals: Any = self.sale.get("totals")
        inside = self.sale.get(name) in NOTHING and isinstance(totals, dict)
        found: Record = totals if inside else self.sale
        return found

    def time(self, name: str) -> str:
        return times.instant(self.sale.get(name), "UTC")

    def void(self) -> model.Transaction:
        return self.transaction(2, kind="void", original=self.id, total=0)

    @property
    def id(self) -> str:
        found = self.sale.get("id")
        if not isinstance(found, str) or not found:
            raise Rejected(Code.MISSING_ID, "the sale has no id")
        return found.lower()

    def transaction(self, rank: int, **fields: Any) -> model.Transaction:
        """Return a transaction; `rank` orders what happened within one second."""
        sale = self.sale
        updated = times.epoch_ms(self.time("updated_at")) if sale.get("updated_at") else 0
        number = sale.get("receipt_number") or sale.get("invoice_number")
        return model.Transaction(
            merchant=self.merchant.id, vendor="lightspeed", id=self.id, revision=updated + rank,
            occurred_at=self.time("sale_date" if sale.get("sale_date") else "created_at"),
            currency=self.currency, exponent=self.exponent, store_id=sale.get("outlet_id") or None,
            register_id=sale.get("register_id") or None,
            receipt_number=str(number) if number else None, channel=sale.get("source") or None,
            customer=_customer(sale), discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip


def exact(record: Record, name: str) -> Decimal:
    """Return an amount or a quantity, as text or as a number.  One that is left out is nothing."""
    return money.decimal(record.get(name) or 0, Code.BAD_MONEY)


def _adjustment(found: Record) -> str:
    return str(found.get("adjustment_type") or found.get("type") or "").upper()


def _customer(sale: Record) -> model.Customer | None:
    """Return the customer, unless it is the one that stands for everybody who walks in."""
    told = sale.get("customer")
    found: Record = told if isinstance(told, dict) else {}
    if found.get("customer_code") == "WALKIN":
        return None
    known = {
        "id": sale.get("customer_id") or found.get("id"), "email": found.get("email"),
        "phone": found.get("phone") or found.get("mobile"),
    }  # fmt: skip
    known = {name: value for name, value in known.items() if value not in NOTHING}
    return model.Customer(**known) if known else None
