"""What the operations of the door's OpenAPI document are put together from."""

from typing import Any

from chalicelib.bodies import MAX_BODY, MAX_RECORDS
from chalicelib.entries import MERCHANT
from chalicelib.exchange import JSON, PROBLEM

Part = dict[str, Any]

PLACE: Part = {
    "name": "merchant", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": f"^{MERCHANT.pattern}$"},
}  # fmt: skip
#: What only tills and apps of one's own may do.
SIGNED = [{"signature": list[str]()}]
_WHY = {
    "400": "The body can't be read; `position` counts its records from 1.",
    "401": "Not signed, wrongly signed, too old, or no such merchant: which one isn't told.",
    "404": "Nothing is known of that transaction (yet).",
    "409": "A request with this Idempotency-Key is at work.",
    "413": f"Over {MAX_BODY} bytes or {MAX_RECORDS} records.",
    "415": "Not JSON, JSON lines or gzip of them; or this merchant's format has no records.",
    "422": "This Idempotency-Key came with another body before.",
    "429": "The merchant, or all of them together, called too often.",
    "503": "It could not be queued just now: nothing is lost if it is sent again.",
}
_AGAIN = {"headers": {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}}


def operation(
    name: str, summary: str, fine: Part, why: tuple[str, ...] = (), other: Part | None = None,
    **more: Any,
) -> Part:  # fmt: skip
    """Return an operation; `fine` are its good answers, `why` the statuses of its bad ones.

    `other` says of a status what it means for this operation alone.
    """
    meanings = {status: _WHY[status] for status in why} | (other or {})
    problems = {
        status: {
            "description": meanings[status],
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(meanings)
    }
    for status in {"409", "429", "503"} & set(why):
        problems[status] |= _AGAIN
    return {"operationId": name, "summary": summary, **more, "responses": fine | problems}


def answer(status: str, description: str, schema: Part) -> Part:
    """Return a good answer in JSON."""
    return {status: {"description": description, "content": {JSON: {"schema": schema}}}}


def fields(**properties: Part) -> Part:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}
