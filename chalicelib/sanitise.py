"""Card data, personal data and text hygiene: before anything is logged, stored or published."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

from chalicelib.cards import SUSPECT, mask
from chalicelib.issuers import is_card_number
from chalicelib.model import Customer, Discount, Tax, Tender, Transaction

Policy = Literal["drop", "hash", "keep"]

MAX_TEXT = 500
#: Longer numbers in a loyalty field are loyalty cards, whose makers use the same check digit.
LONGEST_PAYMENT_CARD = 16
#: The model's fields that people type into.  Ids and barcodes are kept to the letter.
FREE_TEXT = frozenset({"description", "category", "name", "channel"})
PERSONAL = frozenset({"email", "phone"})
HASHED = "hmac-sha256:"

#: Control characters, halves of others, and those that turn the direction of writing or can't be
#: seen.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff"
    "\ufeff\ufffe\uffff]"
)
_BLANKS = re.compile(r"\s+")
HASH = re.compile(HASHED + "[0-9a-f]{64}")


def sanitise(found: Transaction, policy: Policy, key: bytes = b"") -> Transaction:
    """Return the transaction fit to be stored and published.  `key` is the merchant's, to hash."""
    if _harmless(found.customer) and all(map(_clean_already, _texts(found))):
        return found
    content = found.model_dump()
    _tell_addresses(content["customer"] or {})
    content = _walked(content, policy, key)
    loyalty_id = (content["customer"] or {}).get("loyalty_id")
    if pays(loyalty_id or ""):
        # Masking it would give several people one number, so it goes altogether.
        content["customer"]["loyalty_id"] = None
        content["discrepancies"] += ("card_number_as_loyalty_id",)
    if content["customer"] and not any(content["customer"].values()):
        content["customer"] = None
    return Transaction.model_validate(content)


def pays(loyalty_id: str) -> bool:
    """Tell whether it is a payment card's number that was taken for a loyalty number."""
    digits = re.sub(r"\D", "", loyalty_id)
    return len(digits) <= LONGEST_PAYMENT_CARD and is_card_number(digits)


def clean(text: str) -> str:
    """Return free text in NFC, without unseen characters and card data, trimmed and bounded."""
    tidy = _BLANKS.sub(" ", unicodedata.normalize("NFC", _UNSEEN.sub("", text))).strip()
    return mask(tidy)[:MAX_TEXT].rstrip()


def personal(value: str, policy: Policy, key: bytes) -> str | None:
    """Return an e-mail address or a phone number as the merchant's policy lets it go out.

    A hash is HMAC-SHA256 over the lower-case address, or the digits of the number, in hex.  One
    that is hashed already stays: a message from quarantine may be read again.
    """
    if policy == "drop":
        return None
    if HASH.fullmatch(value):
        return value
    if policy == "keep":
        return clean(value) or None
    plain = value.strip().lower() if "@" in value else re.sub(r"\D", "", value)
    if not plain:
        return None  # a hash of nothing would make one person of all who have "none"
    digest = hmac.new(key, plain.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return HASHED + digest.hexdigest()


def _tell_addresses(customer: dict[str, Any]) -> None:
    """Take an id that is an e-mail address for one: shops know their customers by them, too."""
    for name in ("id", "loyalty_id"):
        if "@" in (customer.get(name) or ""):
            customer["email"] = customer["email"] or customer[name]
            customer[name] = None


def _texts(found: Transaction) -> Iterator[str | None]:
    yield found.channel
    for line in found.lines:
        yield line.description
        yield line.category
    named: tuple[Discount | Tax | Tender, ...] = (*found.discounts, *found.taxes, *found.tenders)
    for part in named:
        yield part.name


def _harmless(customer: Customer | None) -> bool:
    if customer is None:
        return True
    if customer.email is not None or customer.phone is not None:
        return False
    known = (customer.id or "") + (customer.loyalty_id or "")
    return "@" not in known and bool(known) and not SUSPECT.search(customer.loyalty_id or "")


def _clean_already(text: str | None) -> bool:
    return text is None or (
        text != ""
        and text.isprintable()
        and len(text) <= MAX_TEXT
        and not SUSPECT.search(text)
        and "  " not in text
        and text == text.strip()
        and unicodedata.is_normalized("NFC", text)
    )


def _walked(content: Any, policy: Policy, key: bytes) -> Any:
    if isinstance(content, tuple | list):
        return tuple(_walked(part, policy, key) for part in content)
    if isinstance(content, dict):
        return {name: _field(name, value, policy, key) for name, value in content.items()}
    return content


def _field(name: str, value: Any, policy: Policy, key: bytes) -> Any:
    if isinstance(value, str):
        if name in FREE_TEXT:
            return clean(value) or None
        return personal(value, policy, key) if name in PERSONAL else value
    return _walked(value, policy, key)
