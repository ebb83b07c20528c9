"""How Clover writes: collections, flags, amounts, times; and what all parts of a record share."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, TypeVar

from chalicelib import model, money, times
from chalicelib.errors import Code, Ignored, Rejected

Record = dict[str, Any]
T = TypeVar("T")


class Order(dict[str, Any]):
    """An order, and what was worked out of it, as each of its refunds asks for that again."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._known: dict[Callable[[Order], Any], tuple[Any, Exception | None]] = {}

    def once(self, work: Callable[["Order"], T]) -> T:
        """Return what `work` makes of the order, or raise what it raises, but let it work once."""
        if work not in self._known:
            try:
                self._known[work] = work(self), None
            except Exception as fault:  # noqa: BLE001 - raised below, each time
                self._known[work] = None, fault
        found: T
        found, reason = self._known[work]
        if reason is None:
            return found
        # An outcome has a position of its own each time.
        again = copy(reason) if isinstance(reason, Rejected | Ignored) else reason
        raise again.with_traceback(None)


def raw(found: Any) -> list[Any]:
    """Return what a collection holds: {"elements": [...]}, a list, or nothing unless expanded."""
    found = found.get("elements") if isinstance(found, dict) else found
    return found if isinstance(found, list) else [found] if found else []


def inner(record: Record, name: str) -> list[Record]:
    """Return a collection of a record: objects, or else it is refused."""
    found = raw(record.get(name))
    if not all(isinstance(one, dict) for one in found):
        raise Rejected(Code.BAD_SHAPE, f"{name} must be a list of objects")
    return found


def tolerant(record: Record, name: str) -> list[Record]:
    """Return the objects of a collection whose faults are another's to tell."""
    return [one for one in raw(record.get(name)) if isinstance(one, dict)]


def flag(record: Record, name: str) -> bool:
    """Return a flag.  One that is left out is false."""
    found = record.get(name)
    if found not in (None, "") and not isinstance(found, bool):
        raise Rejected(Code.BAD_SHAPE, f"{name} must be true or false")
    return bool(found)


def amount(record: Record, name: str) -> int:
    """Return an amount.  One that is left out is nothing."""
    found = record.get(name)
    return 0 if found is None or found == "" else money.whole(found)


def needed(record: Record, name: str) -> int:
    """Return an amount that must be there."""
    if record.get(name) in (None, ""):
        raise Rejected(Code.BAD_MONEY, f"{name} is missing")
    return amount(record, name)


def summed(records: Iterable[Record], name: str) -> int:
    """Return the sum of an amount of several records."""
    return sum(amount(record, name) for record in records)


def latest(record: Record, *names: str) -> int:
    """Return the latest of some times, in milliseconds; 0 if there is none."""
    found = [record[name] for name in names if record.get(name)]
    return max((times.epoch_ms(times.from_epoch_ms(one)) for one in found), default=0)


def created(record: Record) -> int:
    """Return when a thing was recorded: by the server, as a till's clock may be wrong."""
    return latest(record, "createdTime") or latest(record, "clientCreatedTime")


class Reading:
    """A record, the order it is in (empty if it comes alone), and the words in it nobody knew."""

    def __init__(self, merchant: model.Merchant, noun: str, record: Record, order: Order) -> None:
        # Nothing but an order names its currency.  A card's may be that of the card's bank.
        self.currency = str(order.get("currency") or merchant.currency or "")
        self.exponent = money.exponent(self.currency)
        self.merchant, self.noun, self.record, self.order = merchant, noun, record, order
        self.unknown = dict[str, None]()
        if not isinstance(record.get("id"), str) or not record["id"]:
            raise Rejected(Code.MISSING_ID, f"the {noun} has no id")
        self.id = f"{noun}:{record['id']}"

    def word(self, table: Mapping[str, Any], found: Any, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is reported."""
        if found not in table:
            self.unknown[f"unknown_{what}"] = None
        return table.get(found, "other")

    def transaction(self, when: int, least: int = 0, **fields: Any) -> model.Transaction:
        """Return a transaction, whose revision is `least` if there is no later change."""
        order, device = self.order, self.record.get("device") or self.order.get("device") or {}
        return model.Transaction(
            merchant=self.merchant.id, vendor="clover", id=self.id,
            revision=max(self._revision(), least),
            register_id=device.get("id") or None, occurred_at=times.from_epoch_ms(when or None),
            currency=self.currency, exponent=self.exponent, customer=_customer(order),
            channel=(order.get("orderType") or {}).get("label") or None,
            discrepancies=tuple(self.unknown), **fields,
        )  # fmt: skip

    def void(self) -> model.Transaction:
        changed = self._revision()
        when = changed or created(self.record) or created(self.order)
        return self.transaction(when, least=1, kind="void", original=self.id, total=0)

    def _revision(self) -> int:
        """Return the latest change: an adjusted tip may move the time of its payment alone."""
        own = latest(self.record, "modifiedTime", "deletedTime")
        if not self.order:
            return own
        return max(own, self.order.once(_changed))


def _changed(order: Order) -> int:
    paid = [*tolerant(order, "payments"), *tolerant(order, "voids")]
    changes = [latest(one, "modifiedTime") for one in paid]
    return max((latest(order, "createdTime", "modifiedTime", "deletedTimestamp"), *changes))


def _customer(order: Record) -> model.Customer | None:
    for one in inner(order, "customers"):
        mails, phones = inner(one, "emailAddresses"), inner(one, "phoneNumbers")
        return model.Customer(
            id=one.get("id") or None,
            email=mails[0].get("emailAddress") or None if mails else None,
            phone=phones[0].get("phoneNumber") or None if phones else None,
        )
    return None
