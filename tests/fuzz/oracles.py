"""What must hold of whatever comes in: each check raises AssertionError where it doesn't."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.masking import _ID_NAME as ID_NAME
from chalicelib.masking import mask_body
from chalicelib.model import Outcome, Transaction
from chalicelib.packing import _NOT_CARRIED as NOT_CARRIED
from chalicelib.publish import Event, event, restored
from chalicelib.sanitise import FREE_TEXT, MAX_TEXT, PERSONAL, Policy
from tests.fuzz.junk import PLANTED

CARD = re.compile(rf"(?<!\d)(?:{'|'.join(PLANTED)})(?!\d)")
#: A text that names things itself, so that there may be an id in it.
NAMES = re.compile('["=<]')
#: Bytes of events that a body may unfold to: so many whatever it is, and so many for each of its.
UNFOLDED, UNFOLDED_PER_BYTE = 20_000, 40
#: What DynamoDB takes for a partition key.
LONGEST_KEY = 2048


def sound(outcomes: Sequence[Outcome], body: bytes | str) -> None:
    """Check everything that came of one body."""
    assert outcomes, "dropped silently"
    unfolded = 0
    for one in outcomes:
        if isinstance(one, Transaction):
            unfolded += published(one).size
        else:
            refused(one)
    assert unfolded <= UNFOLDED + UNFOLDED_PER_BYTE * len(body), f"unfolds to {unfolded} bytes"


def refused(one: Rejected | Ignored) -> None:
    if isinstance(one, Rejected):
        assert one.code in Code, one.code
        assert one.code is not Code.ADAPTER_FAULT, str(one)
    assert len(one.reason) < MAX_TEXT, one.reason
    assert not CARD.search(one.reason), "a reason tells a card number"


def published(found: Transaction) -> Event:
    """Check a transaction, and the event that is made of it."""
    assert Transaction.model_validate_json(found.model_dump_json()) == found, "not the same in JSON"
    assert len(found.key.encode()) <= LONGEST_KEY, "its key is too long"
    told = event(found)
    data = json.loads(told.body, parse_constant=_no_constant)["data"]
    for name, text in texts(data):
        assert not CARD.search(text), f"a card number is in {name}"
        assert len(text) <= MAX_TEXT, f"{name} is too long"
    assert restored(told.body).key == found.key, "replayed it is another"
    assert not NOT_CARRIED.search(told.body), "SQS doesn't carry such characters"
    assert all(value for _, value in told.attributes), "an attribute is empty"
    return told


def texts(content: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and text of every field that isn't an id."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from texts(value, key)
    elif isinstance(content, tuple | list):
        for value in content:
            yield from texts(value, name)
    elif isinstance(content, str) and name in FREE_TEXT | PERSONAL | {"discrepancies"}:
        yield name, content


def masked(body: str, policy: Policy) -> str:
    """Check what a body becomes in quarantine, and return it."""
    found = mask_body(body, policy, b"k")
    again = mask_body(found, policy, b"k")
    # Where all is digits, what is left may be a number by itself: but nothing ever comes back.
    assert again == found or _digits(again) < _digits(found), "masked twice it changes"
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return found
    for name, text in leaves(json.loads(found)):
        exempt = ID_NAME.search(name) or NAMES.search(text)
        assert exempt or not CARD.search(text), f"a card number is in {name!r}"
    return found


def _digits(text: str) -> int:
    """Count the digits that may tell something."""
    return sum(char.isdecimal() and char != "0" for char in text)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and text of everything in a JSON value, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield "", key
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif not isinstance(value, float):
        yield name, str(value)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
