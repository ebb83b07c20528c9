"""The door's HTTP API as OpenAPI 3.1: what callers may send, and what they get."""

from typing import Any

from chalicelib.bodies import MAX_BODY, MAX_RECORDS
from chalicelib.entries import MERCHANT
from chalicelib.exchange import JSON, PROBLEM
from chalicelib.once import LONGEST_KEY

Part = dict[str, Any]

_MERCHANT: Part = {
    "name": "merchant", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": f"^{MERCHANT.pattern}$"},
}  # fmt: skip
_KEY: Part = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "The same key and body within 24 hours get the same answer, queued once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY,
               "pattern": "^[!-~]([ -~]*[!-~])?$"},
}  # fmt: skip
_ID: Part = {
    "name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1},
    "description": "The transaction's id as events have it in `subject`, such as order:1001.",
}  # fmt: skip
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


def document() -> Part:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tillbridge's door",
            "version": "1.0.0",
            "description": "For tills that can't speak AWS: see docs/HTTP.md.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/health": {"get": _operation("health", "Whether the door stands.", _health(), ())},
            "/v1/{merchant}/webhook": {"post": _webhook()},
            "/v1/{merchant}/transactions": {"post": _transactions()},
            "/v1/{merchant}/transactions/{id}": {"get": _transaction()},
        },
        "components": {
            "schemas": {"Problem": _problem(), "State": _state()},
            "securitySchemes": {"signature": _signature()},
        },
    }


def _operation(name: str, summary: str, fine: Part, why: tuple[str, ...], **more: Any) -> Part:
    """Return an operation; `fine` are its good answers, `why` the statuses of its bad ones."""
    problems = {
        status: {
            "description": _WHY[status],
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}}
               if status in {"409", "429", "503"} else {}),
        }
        for status in why
    }  # fmt: skip
    return {"operationId": name, "summary": summary, **more, "responses": fine | problems}


def _health() -> Part:
    return _answer("200", "It stands.", _object(status={"const": "ok"}))


def _webhook() -> Part:
    return _operation(
        "webhook", "A vendor's webhook, as it is and signed as that vendor signs.",
        _answer("200", "The queue has it.", _object(accepted={"type": "integer", "minimum": 0})),
        ("401", "429", "503"), parameters=[_MERCHANT],
        requestBody={"required": True, "content": {JSON: {}, "application/octet-stream": {}}},
    )  # fmt: skip


def _transactions() -> Part:
    record = {"type": "object", "description": "As the merchant's adapter reads it."}
    several = {"type": "array", "minItems": 1, "maxItems": MAX_RECORDS, "items": record}
    counts = {"type": "integer", "minimum": 1}
    return _operation(
        "transactions", "One record or many, of tills of your own.",
        _answer("202", "The queue has every record.", _object(accepted=counts, messages=counts)),
        ("400", "401", "409", "413", "415", "422", "429", "503"),
        parameters=[_MERCHANT, _KEY], security=[{"signature": []}],
        requestBody={
            "required": True,
            "content": {
                JSON: {"schema": {"anyOf": [record, several]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                "application/gzip": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    )  # fmt: skip


def _transaction() -> Part:
    answer = _answer("200", "What is known.", {"$ref": "#/components/schemas/State"})
    return _operation(
        "transaction", "What became of a transaction, as `ops trace` tells it.", answer,
        ("401", "404", "429", "503"), parameters=[_MERCHANT, _ID], security=[{"signature": []}],
    )  # fmt: skip


def _answer(status: str, description: str, schema: Part) -> Part:
    return {status: {"description": description, "content": {JSON: {"schema": schema}}}}


def _object(**properties: Part) -> Part:
    return {"type": "object", "required": list(properties), "properties": properties}


def _problem() -> Part:
    places = {"type": "array", "items": {"type": "integer", "minimum": 1},
              "minItems": 2, "maxItems": 2}  # fmt: skip
    more = {
        "position": {"type": "integer", "minimum": 1, "description": "the record, from 1"},
        "not_taken": {"type": "array", "items": places, "description": "first and last record"},
    }
    found = _object(status={"type": "integer"}, title={"type": "string"}, detail={"type": "string"})
    return found | {"properties": found["properties"] | more, "description": "RFC 9457"}


def _state() -> Part:
    text = {"type": "string"}
    needed = _object(
        transaction=text, merchant=text, state=text, revision={"type": "integer"},
        fingerprint=text, event_id=text, claimed=text, batch=text,
    )  # fmt: skip
    return needed | {"properties": needed["properties"] | {"committed": text, "owed_to": text}}


def _signature() -> Part:
    return {
        "type": "apiKey", "in": "header", "name": "Tillbridge-Signature",
        "description": "t=<seconds since 1970>,v1=<hex of HMAC-SHA256>: see docs/HTTP.md.",
    }  # fmt: skip
