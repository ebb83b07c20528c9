"""The canonical transaction, in the words of ARTS POSLog and GS1.

Amounts are whole numbers of the currency's minor unit (`exponent` decimals), and signed: what the
customer paid is positive, what came back is negative.  So a plain sum of `total` over the newest
revision of every id is net sales.

    subtotal = sum(line.total) - sum(discount.amount)
    total    = subtotal + sum(tax.amount, where not inclusive) + tip + service_charge + rounding
    total    = sum(tender.amount)

Where that doesn't hold the sale still counts; what didn't add up is named in `discrepancies`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.errors import Ignored, Rejected
from chalicelib.money import LIMIT

#: Anything but control characters and those that turn the direction of writing.
SEEN = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufffe\uffff]"
#: An identifier or barcode: kept to the letter (leading zeros, 64-bit numbers), never masked.
Id = Annotated[str, StringConstraints(max_length=256, pattern=f"^{SEEN}+$")]
#: What people type into: the sanitiser masks card numbers in it, and tidies it.
Text = str
Minor = Annotated[int, Field(ge=-LIMIT, le=LIMIT)]
Quantity = Annotated[str, StringConstraints(pattern=r"^-?\d{1,13}(\.\d{1,6})?$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
#: RFC 3339, as `times` writes it.
Moment = Annotated[str, StringConstraints(
    pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{6})?[+-][0-9]{2}:[0-9]{2}$"
)]  # fmt: skip
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

Kind = Literal["sale", "return", "exchange", "void"]
LineKind = Literal["item", "gift_card", "shipping", "fee", "donation", "deposit", "other"]
TenderType = Literal[
    "cash", "card", "gift_card", "store_credit", "voucher", "loyalty",
    "account", "wallet", "bank", "check", "other",
]  # fmt: skip
CardBrand = Literal[
    "visa", "mastercard", "amex", "discover", "diners", "jcb", "unionpay", "maestro",
    "interac", "other",
]  # fmt: skip


class Part(BaseModel):
    """What all parts share: immutable, nothing unknown, no input echoed into errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Line(Part):
    """One line: `total` is after its discounts, with inclusive tax and without exclusive tax."""

    number: int
    kind: LineKind = "item"
    item_id: Id | None = None
    sku: Id | None = None
    gtin: Id | None = None
    description: Text | None = None
    category: Text | None = None
    quantity: Quantity = "1"
    unit_price: Minor | None = None
    discount: Minor = 0
    tax: Minor | None = None
    total: Minor
    original_line: Id | None = None


class Discount(Part):
    """A discount on the whole transaction that no line's total contains yet."""

    name: Text | None = None
    amount: Minor


class Tax(Part):
    """A tax of the transaction; `rate` is a decimal fraction, 0.2 for 20 %."""

    name: Text | None = None
    rate: Quantity | None = None
    amount: Minor
    inclusive: bool


class Tender(Part):
    """What a tender settled of the total: handed over less `change`; tip included."""

    type: TenderType
    name: Text | None = None
    amount: Minor
    change: Minor = 0
    card_brand: CardBrand | None = None
    card_last_four: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] | None = None


class Customer(Part):
    """Who bought: e-mail and phone leave only as the merchant's policy allows, hashed or not."""

    id: Id | None = None
    loyalty_id: Id | None = None
    email: Text | None = None
    phone: Text | None = None


class Transaction(Part):
    """One sale, return, exchange or void, whichever till it comes from."""

    merchant: Id
    vendor: Id
    id: Id
    revision: Annotated[int, Field(ge=0, le=LIMIT)] = 0
    kind: Kind
    original: Id | None = None
    store_id: Id | None = None
    register_id: Id | None = None
    receipt_number: Id | None = None
    business_date: Day | None = None
    occurred_at: Moment
    currency: Currency
    exponent: Annotated[int, Field(ge=0, le=4)]
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    tip: Minor = 0
    service_charge: Minor = 0
    rounding: Minor = 0
    subtotal: Minor | None = None
    total: Minor
    tenders: tuple[Tender, ...] = ()
    customer: Customer | None = None
    channel: Text | None = None
    discrepancies: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The partition key of its claim.  It begins with the merchant, which IAM can check."""
        return claim_key(self.merchant, self.vendor, self.id)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content that matters, in hex.

        Defaults are left out, so that a field added to the model changes no fingerprint.
        """
        content = self.model_dump_json(exclude_defaults=True, exclude=_NOT_CONTENT)
        return hashlib.sha256(content.encode()).hexdigest()


_NOT_CONTENT = {"revision", "discrepancies"}

#: What an adapter yields for each record of a message.
Outcome = Transaction | Ignored | Rejected


@dataclass(frozen=True)
class Merchant:
    """Whose till it is: all that an adapter, the sanitiser and the publisher ask about it."""

    id: str
    adapt: "Callable[[str, Merchant], Iterator[Outcome]]"
    #: IANA zone of the stores, for tills that send local time without an offset.
    timezone: str | None = None
    #: ISO 4217 code, for tills that send amounts without a currency.
    currency: str | None = None
    #: What becomes of e-mail addresses and phone numbers.
    personal: Literal["drop", "hash", "keep"] = "drop"
    #: Names of the queues (or topics, with `topic:` before them) beside the app's own topic.
    also: tuple[str, ...] = ()
    #: The POS vendor's AWS account, if it sends from there: it may send, and nothing else.
    sender: str | None = None


def claim_key(merchant: str, vendor: str, identity: str) -> str:
    """Return the partition key of a transaction's claim: no two ever give the same."""
    return f"{merchant}#claim#" + "".join(f"{len(part)}:{part}" for part in (vendor, identity))


def joined(*parts: str) -> str:
    """Make one id of several parts, so that different parts never give the same id."""
    return "/".join(quote(part, safe="") for part in parts)


def discrepancies(found: Transaction) -> tuple[str, ...]:
    """Name what doesn't add up, after the identities at the top of this module."""
    named = list(found.discrepancies)
    if found.lines and found.subtotal is not None:
        lines = sum(line.total for line in found.lines)
        if lines - sum(discount.amount for discount in found.discounts) != found.subtotal:
            named.append("lines_do_not_add_up")
    if found.subtotal is not None:
        taxes = sum(tax.amount for tax in found.taxes if not tax.inclusive)
        extra = taxes + found.tip + found.service_charge + found.rounding
        if found.subtotal + extra != found.total:
            named.append("total_does_not_add_up")
    if found.tenders and sum(tender.amount for tender in found.tenders) != found.total:
        named.append("tenders_do_not_add_up")
    return tuple(dict.fromkeys(named))
