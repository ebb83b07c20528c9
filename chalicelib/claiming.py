"""What a claim's body says, and what is wrong with it: named by field, and never quoted."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.bought import MEMBER
from chalicelib.members import Receipt
from chalicelib.model import Id, Minor, Part
from chalicelib.sanitise import pays

FORMS = "a member is loyalty:<id>, or email: or phone: and a hash, as events and the ledger have it"


def possible(name: str) -> bool:
    """Tell whether a member may have that id: no card's number, as in what tills tell.

    One that reads like a path with its query would be signed by the same line.
    """
    kind, _, rest = name.partition(":")
    plain = bool(MEMBER.fullmatch(name)) and "?before=" not in name
    return plain and not (kind == "loyalty" and pays(rest))


def _member(text: str) -> str:
    if not possible(text):
        raise PydanticCustomError("member_form", FORMS)
    return text


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:  # it reads weeks as well
            return text
    except ValueError:
        pass
    raise PydanticCustomError("no_day", "a day is YYYY-MM-DD, such as 2026-11-23")


_WORDS = {
    "string_pattern_mismatch": "it is empty, or has characters that can't be seen",
    "extra_forbidden": "there is no such field",
}


class Claim(Part):
    """What a claim's body says: who claims, what stands on the receipt, and what proves that."""

    member: Annotated[str, AfterValidator(_member)]
    store_id: Id | None = None
    receipt_number: Id
    business_date: Annotated[str, AfterValidator(_day)] | None = None
    total: Minor | None = None

    @model_validator(mode="after")
    def _proof(self) -> "Claim":
        if self.business_date is None and self.total is None:
            raise PydanticCustomError("no_proof", "tell business_date, total, or both")
        return self

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.store_id or "", self.receipt_number, self.business_date, self.total)


def faults(found: ValidationError) -> list[dict[str, str]]:
    """Return what is wrong, once for each field; what nobody knows by name may hold anything."""
    known, told = Claim.model_fields, {}
    for one in found.errors(include_url=False, include_context=False, include_input=False):
        name, code = str(one["loc"][0]) if one["loc"] else "", one["type"]
        words = _WORDS.get(code, one["msg"])
        field = name if name in known else ""
        told[field, code] = {"field": field, "code": code, "detail": words}
    return list(told.values())
