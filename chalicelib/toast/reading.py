"""What all parts of a check share: currency, amounts, dates, and words in it that nobody knew."""

from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from functools import cached_property
from typing import Any

from chalicelib import model, money, times
from chalicelib.errors import Code, Rejected

Record = dict[str, Any]
#: A date of 1970 is Toast's null, in whichever zone it is written.
EPOCH = ("1970-01-01", "1969-12-31")


def identity(prefix: str, record: Record) -> str:
    """Return an id of ours, such as check:6f2d...  Toast's own samples hold guids that are none."""
    if not isinstance(record.get("guid"), str) or not record["guid"]:
        raise Rejected(Code.MISSING_ID, "a check or a payment has no guid")
    return f"{prefix}:{record['guid']}"


def exact(record: Record, name: str) -> Decimal:
    """Return an amount in the currency's major unit.  One that is left out is nothing."""
    return money.decimal(record.get(name) or 0, Code.BAD_MONEY)


class Reading:
    """A check, and what of its order is the check's as well."""

    def __init__(
        self, merchant: model.Merchant, store: str | None, order: Record, check: Record
    ) -> None:
        self.exponent = money.exponent(merchant.currency)  # no order names its currency
        self.merchant, self.store, self.order, self.check = merchant, store, order, check
        self.id, self.unknown = identity("check", check), dict[str, None]()
        self.carried = Decimal(0)

    def afresh(self) -> "Reading":
        """Return a reading of the same check, with nothing carried over or reported yet."""
        other = copy(self)
        other.carried, other.unknown = Decimal(0), {}
        return other

    def each(self, name: str) -> list[Record]:
        return self.check.get(name) or []

    def minor(self, major: Decimal) -> int:
        return money.minor(major, self.merchant.currency)

    def amount(self, record: Record, *names: str) -> int:
        return sum(self.minor(exact(record, name)) for name in names)

    def needed(self, record: Record, name: str) -> int:
        """Return an amount that must be there."""
        if record.get(name) in (None, ""):
            raise Rejected(Code.BAD_MONEY, f"{name} is missing")
        return self.amount(record, name)

    def share(self, major: Decimal) -> int:
        """Round, and carry what was cut off over to the next: taxes can have eight decimals."""
        self.carried += major
        found = self.minor(self.carried)
        self.carried -= Decimal(found).scaleb(-self.exponent)
        return found

    def word(self, table: Mapping[str, Any], found: Any, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(found, "other")

    def time(self, *dates: Any) -> str | None:
        """Return the first of the dates that is one."""
        real = (date for date in dates if date and not str(date).startswith(EPOCH))
        found = next(real, None)
        return times.instant(found, self.merchant.timezone) if found else None

    @cached_property
    def revision(self) -> int:
        """Return the latest change: the order's own date can be older than its check's."""
        changed = [self.order, self.check, *self.each("selections")]
        dates = [one.get("modifiedDate") for one in changed]
        for paid in self.each("payments"):  # they have no modifiedDate
            undone, refund = paid.get("voidInfo") or {}, paid.get("refund") or {}
            dates += [paid.get("paidDate"), undone.get("voidDate"), refund.get("refundDate")]
        return max((times.epoch_ms(at) for date in dates if (at := self.time(date))), default=0)

    def customer(self) -> model.Customer | None:
        guest, loyalty = (
            self.check.get("customer") or {},
            self.check.get("appliedLoyaltyInfo") or {},
        )
        found = {
            "id": guest.get("guid"), "loyalty_id": loyalty.get("loyaltyIdentifier"),
            "email": guest.get("email"), "phone": guest.get("phone"),
        }  # fmt: skip
        found = {name: value for name, value in found.items() if value}
        return model.Customer(**found) if found else None

    def transaction(self, *dates: Any, day: Any = None, **fields: Any) -> model.Transaction:
        """Return a transaction of the first of the dates, or else of when the check was paid."""
        check, order = self.check, self.order
        for one in (check, order):
            dates += (one.get("paidDate"), one.get("closedDate"), one.get("openedDate"))
        if not (when := self.time(*dates)):
            raise Rejected(Code.BAD_TIME, "neither the check nor its order has a date")
        day = day or order.get("businessDate")
        return model.Transaction(
            merchant=self.merchant.id, vendor="toast", revision=self.revision,
            store_id=self.store, register_id=(check.get("createdDevice") or {}).get("id") or None,
            receipt_number=check.get("displayNumber") or None,
            business_date=times.day(day) if day else None, occurred_at=when,
            currency=str(self.merchant.currency), exponent=self.exponent,
            customer=self.customer(), channel=order.get("source") or None,
            discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip
