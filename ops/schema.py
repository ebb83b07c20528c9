"""What subscribers get, as JSON Schema and AsyncAPI, and what the door takes, as OpenAPI."""

import json
from pathlib import Path
from typing import Any

from chalicelib.model import Transaction
from chalicelib.publish import TYPE
from ops import openapi

FOLDER = Path(__file__).parents[1] / "docs" / "schema"


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event: CloudEvents 1.0 with a transaction in it."""
    transaction = Transaction.model_json_schema(ref_template="#/$defs/{model}")
    parts = transaction.pop("$defs")
    text = {"type": "string", "minLength": 1}
    properties = {
        "specversion": {"const": "1.0"},
        "id": text | {"description": "the same after a retry, a redrive or a replay"},
        "source": text,
        "type": {"const": TYPE},
        "subject": text | {"description": "the transaction's id"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": "#/$defs/Transaction"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TYPE,
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "$defs": {"Transaction": transaction, **parts},
    }


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the topic that transactions leave by."""
    filters = {name: {"type": "string"} for name in ("merchant", "vendor", "kind", "store_id",
                                                     "currency", "type")}  # fmt: skip
    message = {
        "contentType": "application/cloudevents+json",
        "headers": {"type": "object", "properties": filters},
        "payload": {"$ref": "./transaction.v1.json"},
    }
    channel = {"address": "tillbridge-{stage}-transactions", "parameters": {"stage": {}}}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tillbridge", "version": "1.0.0"},
        "channels": {"transactions": channel | {"messages": {"transaction": message}}},
        "operations": {
            "publishTransaction": {
                "action": "send",
                "channel": {"$ref": "#/channels/transactions"},
            }
        },
    }


def files() -> dict[Path, str]:
    """Return the documents' contents by where they belong."""
    documents = {
        "transaction.v1.json": event_schema(),
        "asyncapi.json": asyncapi(),
        "openapi.json": openapi.document(),
    }
    return {
        FOLDER / name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents.items()
    }


def write() -> int:
    """Write the documents; return the exit status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text)
        print(f"written: {path.relative_to(FOLDER.parents[1])}")
    return 0
