"""What is fuzzed: every adapter, found by itself, and all that stands before and after them."""

import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from chalicelib import cards, receive
from chalicelib.errors import Code, Rejected, Retry
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.packing import CONTENT_ENCODING, pack
from chalicelib.quarantine import Quarantine
from chalicelib.reading import read
from chalicelib.receive import Message
from chalicelib.sanitise import Policy, sanitise
from tests.adapters import contract
from tests.fuzz import oracles, seeds
from tests.fuzz.steps import few_steps

POLICIES: tuple[Policy, ...] = ("drop", "hash", "keep")
SETTINGS: dict[str, Any] = {"timezone": "Europe/Paris", "currency": "EUR"}
#: Checks that take long are made of one input in so many.
SOMETIMES = 16
#: Adapters that take longer by the byte, as Decimal does.
SLOW = frozenset({"csv_export", "json_lines"})
QUEUE = "arn:aws:sqs:us-east-1:000000000000:tillbridge-local-harbour-coffee"


@dataclass(frozen=True)
class Target:
    """Something that takes bytes; `longest` bounds them, `share` is its part of all inputs."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    share: float
    longest: int


def targets() -> dict[str, Target]:
    """Return the targets by name: each vendor's adapter, and the rest of the pure path."""
    found = {
        vendor: Target(
            partial(adapter, vendor), partial(seeds.payloads, vendor),
            *((1, 1024) if vendor in SLOW else (3, 4096)),
        )
        for vendor in contract.vendors()
    }  # fmt: skip
    return found | {
        "receive": Target(received, seeds.envelopes, 3, 2048),
        "reading": Target(any_adapter, seeds.short_payloads, 6, 4096),
        "masking": Target(masking, seeds.bodies, 2, 1024),
        "cards": Target(text, seeds.texts, 9, 512),
        "sanitise": Target(sanitiser, seeds.transactions, 20, 4096),
    }


def adapter(vendor: str, data: bytes) -> None:
    """Read a body as that vendor's."""
    luck = zlib.crc32(data)
    settings = SETTINGS | {"personal": POLICIES[luck % 3]}
    merchant = Merchant("harbour-coffee", contract.adapter(vendor), **settings)
    with few_steps(len(data), watched=luck % SOMETIMES == 0):
        outcomes = read(data, merchant, b"k")
    oracles.sound(outcomes, data)
    if luck % 4 == 0:
        assert told(read(data, merchant, b"k")) == told(outcomes), "read twice it differs"
    if luck % SOMETIMES == 1:
        quarantined(Message("m1", data.decode("utf-8", "replace")), merchant.personal)


def told(outcomes: list[Outcome]) -> list[str]:
    return [
        f"{one.key} {one.fingerprint}" if isinstance(one, Transaction) else f"{one} {one.position}"
        for one in outcomes
    ]


def any_adapter(data: bytes) -> None:
    """Read what a queue has carried as some vendor's, whichever wrote it."""
    vendors = contract.vendors()
    vendor = vendors[zlib.crc32(data) % len(vendors)]
    message = Message("m1", pack(data), "gzip+base64")
    assert message.body() == data
    adapter(vendor, data)


def received(data: bytes) -> None:
    """Unwrap and unpack a message, whether it was packed or only says so."""
    body = data.decode("utf-8", "replace")
    assert record(pack(data), "gzip+base64").body() == data
    for encoding in ("", "base64", "gzip+base64", "br"):
        for message in (record(body, encoding), notice(body, encoding)):
            with suppress(Rejected):
                assert isinstance(message.body(), str | bytes)
    quarantined(record(body), "drop")
    quarantined(record(body, "gzip+base64"), "keep")


def record(body: str, encoding: str = "") -> Message:
    """Return a message as SQS hands it to Lambda."""
    attribute = {"dataType": "String", "stringValue": encoding}
    [found] = receive.messages({"Records": [{
        "messageId": "m1", "receiptHandle": "r1", "body": body, "eventSourceARN": QUEUE,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {CONTENT_ENCODING: attribute} if encoding else {},
    }]})  # fmt: skip
    return found


def notice(body: str, encoding: str = "") -> Message:
    """Return a message as SNS hands it to Lambda."""
    attributes = {CONTENT_ENCODING: {"Type": "String", "Value": encoding}}
    told = {"MessageId": "n1", "TopicArn": QUEUE, "Message": body, "MessageAttributes": attributes}
    [found] = receive.messages({"Records": [{"Sns": told}]})
    return found


class _Dead:
    """The dead-letter queue: it keeps the call that would be made."""

    class meta:  # noqa: N801 - as botocore names it
        endpoint_url = "http://127.0.0.1"

    def send_message(self, **call: Any) -> None:
        self.call = call


def quarantined(message: Message, policy: Policy) -> None:
    """Set a message aside, and see that what is there can be read again."""
    dead: Any = _Dead()
    reasons = [Rejected(Code.BAD_SHAPE, "fuzzed", 1)]
    with suppress(Retry):
        Quarantine(dead, QUEUE, "harbour-coffee", policy, b"k").put(message, reasons)
        found = dead.call["MessageAttributes"].get(CONTENT_ENCODING, {}).get("StringValue", "")
        assert not oracles.NOT_CARRIED.search(dead.call["MessageBody"])
        with suppress(Rejected):
            message.body()
            Message("m1", dead.call["MessageBody"], found).body()


def masking(data: bytes) -> None:
    """Mask a body, as one merchant would have it or another."""
    oracles.masked(data.decode("utf-8", "replace"), POLICIES[zlib.crc32(data) % 3])


def text(data: bytes) -> None:
    """Mask card numbers in a text."""
    before = data.decode("utf-8", "replace")
    after = cards.mask(before)
    assert cards.mask(after) == after, "masked twice it changes"
    assert not oracles.CARD.search(after), "a card number is left"
    if cards.REMOVED not in after and not cards.WRITTEN.search(before):
        assert len(after) == len(before)
        changed = {old for old, new in zip(before, after, strict=True) if new != old}
        assert all(char.isdecimal() for char in changed), changed


def sanitiser(data: bytes) -> None:
    """Clean a transaction, unless it is none."""
    try:
        found = Transaction.model_validate_json(data)
    except ValidationError:
        return
    policy = POLICIES[zlib.crc32(data) % 3]
    found = found.model_copy(update={"discrepancies": ()})  # an adapter's own words, no till's
    clean = sanitise(found, policy, b"k")
    oracles.published(clean)
    assert sanitise(clean, policy, b"k") == clean, "cleaned twice it changes"
    assert (clean.key, clean.total) == (found.key, found.total)
    assert [line.gtin for line in clean.lines] == [line.gtin for line in found.lines]
