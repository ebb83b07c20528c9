"""The door's HTTP API as OpenAPI 3.1: what callers may send, and what they get."""

from chalicelib.bodies import MAX_RECORDS
from chalicelib.exchange import JSON
from chalicelib.once import LONGEST_KEY
from ops import openapi_members
from ops.openapi_parts import PLACE, SIGNED, Part, answer, fields, operation

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


def document() -> Part:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tillbridge's door",
            "version": "1.0.0",
            "description": "For tills that can't speak AWS, and members' apps: see docs/HTTP.md.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/health": {"get": operation("health", "Whether the door stands.", _health())},
            "/v1/{merchant}/webhook": {"post": _webhook()},
            "/v1/{merchant}/transactions": {"post": _transactions()},
            "/v1/{merchant}/transactions/{id}": {"get": _transaction()},
            **openapi_members.paths(),
        },
        "components": {
            "schemas": {"Problem": _problem(), "State": _state(), **openapi_members.schemas()},
            "securitySchemes": {"signature": _signature()},
        },
    }


def _health() -> Part:
    return answer("200", "It stands.", fields(status={"const": "ok"}))


def _webhook() -> Part:
    return operation(
        "webhook", "A vendor's webhook, as it is and signed as that vendor signs.",
        answer("200", "The queue has it.", fields(accepted={"type": "integer", "minimum": 0})),
        ("401", "429", "503"), parameters=[PLACE],
        requestBody={"required": True, "content": {JSON: {}, "application/octet-stream": {}}},
    )  # fmt: skip


def _transactions() -> Part:
    record = {"type": "object", "description": "As the merchant's adapter reads it."}
    several = {"type": "array", "minItems": 1, "maxItems": MAX_RECORDS, "items": record}
    counts = {"type": "integer", "minimum": 1}
    return operation(
        "transactions", "One record or many, of tills of your own.",
        answer("202", "The queue has every record.", fields(accepted=counts, messages=counts)),
        ("400", "401", "409", "413", "415", "422", "429", "503"),
        parameters=[PLACE, _KEY], security=SIGNED,
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
    known = answer("200", "What is known.", {"$ref": "#/components/schemas/State"})
    return operation(
        "transaction", "What became of a transaction, as `ops trace` tells it.", known,
        ("401", "404", "429", "503"), parameters=[PLACE, _ID], security=SIGNED,
    )  # fmt: skip


def _problem() -> Part:
    places = {"type": "array", "items": {"type": "integer", "minimum": 1},
              "minItems": 2, "maxItems": 2}  # fmt: skip
    text = {"type": "string"}
    wrong = fields(field=text, code=text, detail=text)
    more = {
        "position": {"type": "integer", "minimum": 1, "description": "the record, from 1"},
        "not_taken": {"type": "array", "items": places, "description": "first and last record"},
        "type": {"type": "string", "description": "where one status has several meanings"},
        "errors": {"type": "array", "items": wrong, "description": "what is wrong with a claim"},
    }
    found = fields(status={"type": "integer"}, title=text, detail=text)
    return found | {"properties": found["properties"] | more, "description": "RFC 9457"}


def _state() -> Part:
    text = {"type": "string"}
    needed = fields(
        transaction=text, merchant=text, state=text, revision={"type": "integer"},
        fingerprint=text, event_id=text, claimed=text, batch=text,
    )  # fmt: skip
    return needed | {"properties": needed["properties"] | {"committed": text, "owed_to": text}}


def _signature() -> Part:
    return {
        "type": "apiKey", "in": "header", "name": "Tillbridge-Signature",
        "description": "t=<seconds since 1970>,v1=<hex of HMAC-SHA256>: see docs/HTTP.md.",
    }  # fmt: skip
