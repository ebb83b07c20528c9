"""The published schema is the model's, and what leaves conforms to it."""

import json

import pytest
from jsonschema import Draft202012Validator

from chalicelib.model import Transaction
from chalicelib.publish import event
from ops import schema
from tests.adapters import contract

VALIDATOR = Draft202012Validator(schema.event_schema())


def test_the_documents_are_those_of_the_model() -> None:
    for path, text in schema.files().items():
        assert path.read_text() == text, "run: python -m ops schema"


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema.event_schema())


@pytest.mark.parametrize("vendor", contract.vendors())
def test_every_event_conforms_to_the_schema(vendor: str) -> None:
    for payload in contract.payloads(vendor):
        for found in contract.found(vendor, payload):
            if isinstance(found, Transaction):
                VALIDATOR.validate(json.loads(event(found).body))
