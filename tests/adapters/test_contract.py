"""What every vendor's adapter must do.  It finds vendors and pairs by itself; never edited."""

import json
from pathlib import Path

import pytest

from chalicelib.errors import Rejected
from chalicelib.model import Merchant
from chalicelib.reading import read
from tests.adapters import contract

PAIRS = [(vendor, path) for vendor in contract.vendors() for path in contract.payloads(vendor)]
HOSTILE = {
    "empty": b"",
    "blank": b" \n ",
    "a number": b"42",
    "a word": b'"hello"',
    "null": b"null",
    "an empty object": b"{}",
    "an empty array": b"[]",
    "a list of lists": b"[[[]]]",
    "cut off": b'{"id": ',
    "deep JSON": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep XML": b"<a>" * 10_000 + b"</a>" * 10_000,
    "a doctype": b"<!DOCTYPE POSLog><POSLog/>",
    "a billion laughs": b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>',
    "invalid UTF-8": b'{"id": "\xff\xfe\xc3\x28"}',
    "10 MB": b'{"id": "' + b"x" * 10_000_000 + b'"}',
    "half a character": b'{"id": "\\ud800"}',
}


def name(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("vendor", "payload"), PAIRS, ids=name)
def test_a_payload_becomes_what_is_expected_of_it(vendor: str, payload: Path) -> None:
    expected = json.loads(contract.expected_path(payload).read_text())
    assert contract.outcomes(vendor, payload) == expected


@pytest.mark.parametrize("vendor", contract.vendors())
def test_a_vendor_brings_enough_pairs(vendor: str) -> None:
    assert len(contract.payloads(vendor)) >= contract.FEWEST_PAIRS


def test_every_expectation_belongs_to_a_vendor_and_a_payload() -> None:
    belonging = {contract.expected_path(payload) for _, payload in PAIRS}
    assert set(contract.HERE.glob("*/*.expected.json")) == belonging


@pytest.mark.parametrize("vendor", contract.vendors())
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_body_is_refused_with_a_code(vendor: str, kind: str) -> None:
    adapt = contract.adapter(vendor)
    outcomes = read(HOSTILE[kind], Merchant(id="harbour-coffee", adapt=adapt))
    assert outcomes
    assert all(isinstance(outcome, Rejected) for outcome in outcomes)
    assert all(outcome.code != "adapter_fault" for outcome in outcomes)


@pytest.mark.parametrize(("vendor", "payload"), PAIRS, ids=name)
def test_reading_twice_gives_the_same_keys_and_fingerprints(vendor: str, payload: Path) -> None:
    assert contract.identities(vendor, payload) == contract.identities(vendor, payload)
