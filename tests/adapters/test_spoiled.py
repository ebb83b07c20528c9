"""Payloads of every vendor, spoiled at random: each is read or refused, and spares its neighbours.

It finds vendors and pairs by itself.  CSV has a test of its own, as its records are lines of text.
"""

import json
from functools import cache
from random import Random
from typing import Any
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import payload
from chalicelib.errors import Code, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters import contract
from tests.adapters.mutations import mutated, mutated_xml

ZONED: dict[str, Any] = {"timezone": "Europe/Paris", "currency": "EUR"}


def outcomes(vendor: str, body: str) -> list[str]:
    merchant = Merchant("harbour-coffee", contract.adapter(vendor), **ZONED)
    return [told(one) for one in read(body, merchant)]


def told(outcome: Outcome) -> str:
    """Return an outcome without its position."""
    if isinstance(outcome, Transaction):
        return outcome.model_dump_json()
    if isinstance(outcome, Rejected):
        assert outcome.code != Code.ADAPTER_FAULT, outcome.reason
        return str(outcome)
    return f"ignored: {outcome.reason}"


@cache
def json_bodies(vendor: str) -> list[Any]:
    paths = (path for path in contract.payloads(vendor) if path.suffix == ".json")
    return [body for path in paths for body in json_values(path.read_text())]


def json_values(text: str) -> list[Any]:
    """Return what the text holds: a value, or one a line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if is_json(line)]


def is_json(line: str) -> bool:
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


@cache
def sound(vendor: str) -> Any:
    """Return the first body that is read as transactions and nothing else."""
    bodies = json_bodies(vendor)
    return next(
        body
        for body in bodies
        if isinstance(body, dict)
        and all(one.startswith("{") for one in outcomes(vendor, json.dumps(body)))
    )


JSON_VENDORS = [vendor for vendor in contract.vendors() if json_bodies(vendor)]


@pytest.mark.parametrize("vendor", JSON_VENDORS)
@settings(max_examples=150, deadline=None)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_a_spoiled_record_spares_its_neighbours(
    vendor: str, data: st.DataObject, random: Random
) -> None:
    spoiled = data.draw(st.sampled_from(json_bodies(vendor)))
    for _ in range(random.randrange(1, 4)):
        spoiled = mutated(random, spoiled)
    good, between = sound(vendor), spoiled if isinstance(spoiled, list) else [spoiled]
    expected = outcomes(vendor, json.dumps(good))
    found = outcomes(vendor, json.dumps([good, *between, good]))
    assert found[: len(expected)] == found[-len(expected) :] == expected


#: Vendor -> which of its payloads hold parts that stand by themselves, what those are called, and
#: what may stand around them.  A part of the first payload is sound.
PARTS = {
    "poslog": ("in-pounds", "{http://www.nrf-arts.org/IXRetail/namespace/}Transaction",
               "{http://www.nrf-arts.org/IXRetail/namespace/}POSLog"),
    "sap_posdm": ("idoc-of-one", "_-POSDW_-E1POSTR_CREATEMULTIP", "IDOC"),
}  # fmt: skip


@cache
def xml_parts(vendor: str) -> list[Element]:
    """Return such parts of all pairs, the first of them a sound one."""
    first, tag, _ = PARTS[vendor]
    xml = [path for path in contract.payloads(vendor) if path.suffix == ".xml"]
    paths = sorted(xml, key=lambda path: first not in path.name)
    roots = [payload.xml_root(payload.text(path.read_bytes())) for path in paths]
    return [one for root in roots for one in root.iter(tag)]


@pytest.mark.parametrize("vendor", PARTS)
@settings(max_examples=300, deadline=None)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_a_spoiled_part_of_xml_spares_its_neighbours(
    vendor: str, data: st.DataObject, random: Random
) -> None:
    good, spoiled = xml_parts(vendor)[0], data.draw(st.sampled_from(xml_parts(vendor)))
    for _ in range(random.randrange(1, 4)):
        spoiled = mutated_xml(random, spoiled)
    expected = outcomes(vendor, document(vendor, good))
    assert all(one.startswith("{") for one in expected)
    found = outcomes(vendor, document(vendor, good, spoiled, good))
    assert found[: len(expected)] == found[-len(expected) :] == expected


def document(vendor: str, *parts: Element) -> str:
    root = Element(PARTS[vendor][2])
    root.extend(parts)
    return tostring(root, encoding="unicode")
