"""The published schema is the model's, and what leaves conforms to it."""

import json
from pathlib import Path
from typing import Any

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


def breaks(old: Any, new: Any, place: str = "") -> list[str]:
    """Return what a consumer of the old schema would stumble over in the new one.

    Fields and words of an enumeration may be added: consumers leave out what they don't know.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        wrong = [f"{place}/{name} is gone" for name in old if name not in new]
        for name in old.keys() & new.keys():
            wrong += breaks(old[name], new[name], f"{place}/{name}")
        return wrong
    if place.endswith(("/required", "/enum")):
        return [f"{place} has no {word} any more" for word in old if word not in new]
    words = place.rpartition("/")[2] in {"description", "title", "default"}
    return [] if words or old == new else [f"{place} was {old}, and is {new}"]


RELEASED = Path(__file__).parent / "schema" / "transaction.v1.released.json"


def test_consumers_of_the_released_schema_can_read_what_leaves_now() -> None:
    assert breaks(json.loads(RELEASED.read_text()), schema.event_schema()) == []


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        (("$defs", "Transaction", "properties"), lambda at: at.pop("tip"), "tip is gone"),
        (("$defs", "Line", "properties", "total"), lambda at: at.update(type="string"), "string"),
        (("$defs", "Transaction", "required"), lambda at: at.remove("total"), "no total any more"),
        (("$defs", "Tender", "properties", "type", "enum"), lambda at: at.remove("cash"), "cash"),
        (("properties", "type"), lambda at: at.update(const="v2"), "and is v2"),
    ],
)
def test_a_change_that_breaks_consumers_is_noticed(path: Any, change: Any, said: str) -> None:
    old = json.loads(RELEASED.read_text())
    new = json.loads(RELEASED.read_text())
    place = new
    for step in path:
        place = place[step]
    change(place)
    assert said in " ".join(breaks(old, new))


def test_a_field_and_a_word_may_be_added() -> None:
    old, new = json.loads(RELEASED.read_text()), json.loads(RELEASED.read_text())
    new["$defs"]["Transaction"]["properties"]["basket_id"] = {"type": "string"}
    new["$defs"]["Tender"]["properties"]["type"]["enum"].append("barter")
    assert breaks(old, new) == []
