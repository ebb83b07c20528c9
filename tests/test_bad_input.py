"""Every kind of bad input ends in quarantine with its own code, and its neighbours go out."""

import base64
import json
from typing import Any

import pytest

from chalicelib.adapters import poslog, shopify, square
from chalicelib.model import Merchant
from chalicelib.packing import CONTENT_ENCODING, pack
from chalicelib.receive import Message, messages
from ops import tills
from tests.world import World

PAYMENT = json.loads(tills.square_payment(tills.Sale(1, 1050)))
ORDER = json.loads(tills.shopify_order(tills.Sale(1, 1050)))
POSLOG = tills.poslog(tills.poslog_transaction(tills.Sale(1, 1050)))
SHOPS = {
    "square": (Merchant("test-shop", square.adapt), tills.square_payment),
    "shopify": (Merchant("test-shop", shopify.adapt), tills.shopify_order),
    "poslog": (
        Merchant("test-shop", poslog.adapt, timezone="Europe/Berlin"),
        lambda sale: tills.poslog(tills.poslog_transaction(sale)),
    ),
    "poslog without a zone": (
        Merchant("test-shop", poslog.adapt),
        lambda sale: tills.poslog(tills.poslog_transaction(sale)).replace(
            "</EndDateTime>", "+01:00</EndDateTime>"
        ),
    ),
}


def payment(**changes: Any) -> bytes:
    found = json.loads(json.dumps(PAYMENT))
    found["data"]["object"]["payment"] |= changes
    return json.dumps(found).encode()


def order(**changes: Any) -> bytes:
    return json.dumps(ORDER | changes).encode()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BAD = {
    "not JSON": ("square", b'{"type": "payment.updated"', "not_json"),
    "not XML": ("poslog", b"<POSLog><Transaction>", "not_xml"),
    "a wrong shape": ("square", payment(total_money=["much"]), "bad_shape"),
    "an unknown status": ("square", payment(status="TELEPORTED"), "unknown_status"),
    "an unknown event": ("square", b'{"type": "till.exploded", "data": {}}', "unknown_event"),
    "a notice without the order": (
        "square",
        json.dumps(
            {
                "type": "order.updated",
                "data": {
                    "type": "order",
                    "id": "O1",
                    "object": {"order_updated": {"order_id": "O1"}},
                },
            }
        ).encode(),
        "thin_notification",
    ),
    "a missing id": ("square", payment(id=None), "missing_id"),
    "money as a float": (
        "square",
        payment(total_money={"amount": 10.5, "currency": "GBP"}),
        "bad_money",
    ),
    "a currency that is none": (
        "square",
        payment(total_money={"amount": 1050, "currency": "GPB"}),
        "unknown_currency",
    ),
    "local time and an unknown zone": ("poslog without a zone", POSLOG.encode(), "missing_zone"),
    "10 MB": ("shopify", order(note="x" * 10_000_000), "body_too_large"),
    "nesting 10,000 deep": ("shopify", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
    "invalid UTF-8": ("shopify", b'{"id": "\xff\xfe\xc3\x28"}', "bad_encoding"),
    "undeclared Shift_JIS": (
        "poslog",
        POSLOG.replace("Rye bread", "あんパンと牛乳").encode("cp932", "replace"),
        "undeclared_encoding",
    ),
    "a DOCTYPE": ("poslog", b"<!DOCTYPE POSLog>" + POSLOG.encode(), "xml_doctype"),
    "a billion laughs": (
        "poslog",
        f'<!DOCTYPE l [<!ENTITY l0 "ha">{LAUGHS}]><POSLog>&l9;</POSLog>'.encode(),
        "xml_entities",
    ),
}


def sent(body: bytes) -> Message:
    """Return the message as the queue delivers it; what SQS can't carry as text comes packed."""
    try:
        text, encoding = body.decode(), ""
        if len(body) > 1024 * 1024:
            text, encoding = pack(body), "gzip+base64"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(body).decode(), "base64"
    record: dict[str, Any] = {
        "messageId": "1",
        "receiptHandle": "1",
        "body": text,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:in",
    }
    if encoding:
        attribute = {"dataType": "String", "stringValue": encoding}
        record["messageAttributes"] = {CONTENT_ENCODING: attribute}
    return messages({"Records": [record]})[0]


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_set_aside_with_its_code_and_its_neighbours_go_out(
    world: World, kind: str
) -> None:
    shop, body, code = BAD[kind]
    world.merchant, write = SHOPS[shop]
    before, after = (sent(write(tills.Sale(number, 500)).encode()) for number in (7, 9))
    assert world.run(before, sent(body), after) == []
    assert len(world.events()) == 2
    [dead] = world.dead()
    assert dead["MessageAttributes"]["code"]["StringValue"] == code
    assert world.logged[-1]["codes"] == {code: 1}


def test_each_kind_has_a_code_of_its_own() -> None:
    codes = [code for _, _, code in BAD.values()]
    assert len(set(codes)) == len(codes)
