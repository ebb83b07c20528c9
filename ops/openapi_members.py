"""What a merchant's app may ask of its members, as OpenAPI."""

from chalicelib.bought import MEMBER
from chalicelib.claiming import Claim
from chalicelib.door_members import MOST_BYTES
from chalicelib.exchange import JSON
from chalicelib.tries import MOST_TRIES
from ops.openapi_parts import PLACE, SIGNED, Part, answer, fields, operation

_TEXT: Part = {"type": "string"}
_COUNT: Part = {"type": "integer"}
_FORM: Part = {"type": "string", "pattern": f"^({MEMBER.pattern})$"}
_ID: Part = {
    "name": "id", "in": "path", "required": True, "schema": _FORM,
    "description": "A member's id as the ledger has it, such as loyalty:123: docs/REWARDS.md.",
}  # fmt: skip
_BEFORE: Part = {
    "name": "before", "in": "query", "required": False,
    "description": "Only entries with smaller numbers, as `older` asks for them.  It is signed.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**12 - 1},
}  # fmt: skip
_NONE = "The merchant has no rewards"


def paths() -> Part:
    """Return the operations by their paths."""
    return {
        "/v1/{merchant}/members/{id}": {"get": _member()},
        "/v1/{merchant}/claims": {"post": _claims()},
    }


def schemas() -> Part:
    """Return the schemas that they refer to."""
    return {"Member": _standing(), "Claim": claim()}


def claim() -> Part:
    """Return the schema of a claim's body."""
    found = Claim.model_json_schema()
    proofs = {"business_date": {"type": "string", "format": "date"}, "total": {"type": "integer"}}
    found["properties"] |= {
        "member": _FORM,
        "business_date": {"anyOf": [proofs["business_date"], {"type": "null"}]},
    }
    either = [{"required": [name], "properties": {name: proof}} for name, proof in proofs.items()]
    return found | {"anyOf": either, "description": "Day or total is the proof; both may be."}


def _member() -> Part:
    fine = answer("200", "How a member stands.", {"$ref": "#/components/schemas/Member"})
    return operation(
        "member", "A member's balance, tier and entries, the newest first.", fine,
        ("401", "429", "503"), {"404": f"{_NONE}, or nobody can have that id."},
        parameters=[PLACE, _ID, _BEFORE], security=SIGNED,
    )  # fmt: skip


def _claims() -> Part:
    schema = {"$ref": "#/components/schemas/Claim"}
    whose = fields(member=_TEXT, merchant=_TEXT, receipt_number=_TEXT)
    return operation(
        "claims", "Give the points of a sale that was nobody's to a member, once.",
        answer("200", "It is the member's, now or since an earlier claim.", whose),
        ("401", "429", "503"),
        {
            "400": "Not JSON, or no claim: `errors` names the fields.",
            "404": f"{_NONE}, or no receipt like that can be claimed (yet).",
            "409": "`type` ends in receipt-taken, or in receipt-ambiguous: tell day and total.",
            "413": f"Over {MOST_BYTES} bytes.",
            "415": "Not JSON.",
            "429": f"The merchant called too often, or the member made {MOST_TRIES} claims today.",
        },
        parameters=[PLACE], security=SIGNED,
        requestBody={"required": True, "content": {JSON: {"schema": schema}}},
    )  # fmt: skip


def _standing() -> Part:
    entry = fields(
        number={"type": "integer", "minimum": 1}, points=_COUNT,
        balance=_COUNT | {"description": "the sum of the entries up to this one"},
        reason=_TEXT | {"description": "sale, return, exchange, void, claim or tier"},
        occurred_at=_TEXT, noted=_COUNT | {"description": "ms since 1970"}, source=_TEXT,
        subject=_TEXT | {"description": "the transaction"}, event_id=_TEXT, revision=_COUNT,
    )  # fmt: skip
    return fields(
        member=_TEXT, merchant=_TEXT, balance=_COUNT,
        debt={"type": "integer", "minimum": 0, "description": "what later earnings offset"},
        tier=_TEXT | {"description": "empty where none is reached"},
        entries={"type": "array", "items": entry},
        older={"type": ["integer", "null"], "description": "`before` of the next page, if any"},
        next={"type": ["string", "null"], "description": "path and query of the next page"},
    )  # fmt: skip
