"""The door as it is deployed by CloudFormation, called by real HTTP, with what merchants' functions
make of it: what was accepted comes out at the subscriber, once, and nothing else does.
"""

import base64
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.signatures import sign
from ops.emulator import Emulator
from ops.project import ROOT
from ops.tills import Sale, shopify_order, square_payment
from tests.callers import Till
from tests.test_ship import APP, PATIENCE_SECONDS, Shop

STAGE, BUCKET = "doored", "tillbridge-doored-code"
OWN, HOOK = "0" * 40, "square-signature-key"
#: Without a slash: the embedded AWS takes one for its own before it looks for a route.
WHO = "loyalty:a b+\u00e9%20"
URL = "https://pos.example.com/v1/corner-shop/webhook"


def with_routes() -> str:
    """Return the tests' app with the routes that ours has."""
    text = (ROOT / "app.py").read_text()
    routes = text[text.index('@app.route("/health")') :]
    head = APP.replace("Chalice, ", "Chalice, Response, ", 1)
    head = f"from typing import Any\nfrom chalicelib.doorway import knock\n{head}"
    head += '\n\nREWARDS = {"corner-shop": Mechanics("GBP", "Europe/London")}\n'
    return f"{head}\n\napp.api.binary_types.append('application/gzip')\n{routes}"


@pytest.fixture(scope="module")
def shop(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(emulator, tmp_path_factory.mktemp("doored"), STAGE, with_routes())
    emulator.client("s3").create_bucket(Bucket=BUCKET)
    status, printed = made.run("package", "out", "--bucket", BUCKET)
    assert status == 0, printed
    made.observe()
    for merchant, more, secret in (
        ("corner-shop", ("--own",), OWN), ("street-stall", ("--own",), OWN),
        ("corner-shop", ("--url", URL), HOOK),
    ):  # fmt: skip
        status, printed = made.run("secrets", "set", merchant, *more, typed=f"{secret}\n")
        assert status == 0, printed
        assert secret not in printed
    yield made
    made.run("destroy", "--yes")


@pytest.fixture(scope="module")
def base(shop: Shop) -> str:
    """Where the door is, as `ops secrets` tells it."""
    status, printed = shop.run("secrets", "show-status")
    assert status == 0, printed
    [address] = {word for word in printed.split() if word.endswith("/v1/street-stall/webhook")}
    return address.removesuffix("/v1/street-stall/webhook")


def squares(till: Till, body: str, secret: str = HOOK) -> tuple[int, Any]:
    """Call as Square does."""
    signed = hmac.new(secret.encode(), URL.encode() + body.encode(), hashlib.sha256).digest()
    header = {"X-Square-HmacSha256-Signature": base64.b64encode(signed).decode()}
    return till.call("POST", "/v1/corner-shop/webhook", body.encode(), header)


def drained(shop: Shop, merchants: int = 1) -> list[Any]:
    """Return what the subscriber gets, once the merchant's queue is empty."""
    sqs = shop.emulator.client("sqs")
    url = sqs.get_queue_url(QueueName=shop.name("corner-shop"))["QueueUrl"]
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    give_up, found = time.monotonic() + PATIENCE_SECONDS, shop.arrived(merchants)
    while time.monotonic() < give_up:
        left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(counts))["Attributes"]
        more = shop.arrived(1, patience=2)
        found += more
        if not more and not any(int(left[name]) for name in counts):
            return found
    raise AssertionError("the queue never got empty")


def test_what_is_accepted_comes_out_once_and_nothing_else_does(shop: Shop, base: str) -> None:
    till, stall = Till(base, "corner-shop", OWN), Till(base, "street-stall", OWN)
    assert till.call("GET", "/health", b"") == (200, {"status": "ok"})
    sales = [square_payment(Sale(number, 100)) for number in range(12)]
    assert squares(till, sales[0])[0] == 200
    assert squares(till, sales[0])[0] == 200  # Square calls twice
    array = f"[{','.join(sales[1:6])}]".encode()
    assert till.post(array) == (202, {"accepted": 5, "messages": 1})
    once = {"Idempotency-Key": "day-1"}
    assert till.post(array, **once)[0] == 202
    assert till.post(array, **once) == (202, {"accepted": 5, "messages": 1})
    lines = gzip.compress("\n".join(map(json.dumps, map(json.loads, sales[6:]))).encode())
    for _ in range(2):
        told = till.post(lines, **{"Content-Type": "application/gzip"})
        assert told == (202, {"accepted": 6, "messages": 1})
    assert stall.post(shopify_order(Sale(50, 100)).encode())[0] == 202

    refused = [
        squares(till, square_payment(Sale(90, 100)), "guessed"),
        Till(base, "corner-shop", "1" * 40).post(square_payment(Sale(91, 100)).encode()),
        Till(base, "nobody", OWN).post(square_payment(Sale(92, 100)).encode()),
        stall.call("POST", "/v1/street-stall/webhook", shopify_order(Sale(93, 100)).encode()),
        till.call("POST", "/v1/corner-shop/transactions", b"\xff\xfe" * 10),
    ]
    assert {status for status, _ in refused} == {401}
    assert len({json.dumps(told) for _, told in refused}) == 1

    events = drained(shop, 13)
    subjects = [event["subject"] for event in events]
    assert len(subjects) == len(set(subjects)) == 13
    numbers = {json.loads(sale)["data"]["object"]["payment"]["id"] for sale in sales}
    assert {s.removeprefix("payment:") for s in subjects if s.startswith("payment:")} == numbers

    status, known = till.get(subjects[0]) if subjects[0][0] == "p" else till.get(subjects[1])
    assert (status, known["state"]) == (200, "published and committed")
    assert stall.get(subjects[0])[0] in {200, 404}
    assert Till(base, "corner-shop", "1" * 40).get(subjects[0])[0] == 401


def test_headers_however_they_are_written_and_bodies_in_chunks(shop: Shop, base: str) -> None:
    body = square_payment(Sale(200, 100)).encode()
    path = "/v1/corner-shop/transactions"
    good = sign(OWN, int(time.time()), f"POST {path}", body)
    till = Till(base, "corner-shop", OWN)
    for name in ("TILLBRIDGE-SIGNATURE", "tillbridge-signature"):
        assert till.call("POST", path, body, {name: good})[0] == 202
    chunks = [body[at : at + 7] for at in range(0, len(body), 7)]
    assert till.call("POST", path, iter(chunks), {"Tillbridge-Signature": good})[0] == 202
    bad = good.replace("v1=", "v1=0")
    for twice in ((good, bad), (bad, good)):
        pairs = [("Tillbridge-Signature", value) for value in twice]
        assert till.call("POST", path, body, pairs)[0] == 401
    assert till.call("POST", f"{path}?x=1", body, {"Tillbridge-Signature": good})[0] == 401
    assert len(drained(shop)) == 1


def test_no_path_leads_anywhere_else(shop: Shop, base: str) -> None:
    body = square_payment(Sale(300, 100)).encode()
    for name in ("..", "%2e%2e", "corner-shop%2f..%2fstreet-stall", "corner-shop%00", "%2A",
                 "corner-shop-dead", "CORNER-SHOP", "a" * 300):  # fmt: skip
        status, _ = Till(base, name, OWN).post(body)
        assert status in {401, 403, 404}, name
    for queue in ("corner-shop-dead", "street-stall-dead", "rewards"):
        url = shop.emulator.client("sqs").get_queue_url(QueueName=shop.name(queue))["QueueUrl"]
        told = shop.emulator.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert told["Attributes"]["ApproximateNumberOfMessages"] == "0", queue


def test_bytes_that_are_no_text_reach_the_queue_as_they_are(shop: Shop, base: str) -> None:
    """A signed webhook that can't be read is accepted, and ends in quarantine byte by byte."""
    body = b"\xff\x00 not what square sends \xfe"
    signed = hmac.new(HOOK.encode(), URL.encode() + body, hashlib.sha256).digest()
    header = {"X-Square-HmacSha256-Signature": base64.b64encode(signed).decode()}
    till = Till(base, "corner-shop", OWN)
    assert till.call("POST", "/v1/corner-shop/webhook", body, header)[0] == 200
    sqs = shop.emulator.client("sqs")
    url = sqs.get_queue_url(QueueName=shop.name("corner-shop-dead"))["QueueUrl"]
    give_up, found = time.monotonic() + PATIENCE_SECONDS, list[Any]()
    while not found and time.monotonic() < give_up:
        found = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"]
        ).get("Messages", [])
    assert found[0]["MessageAttributes"]["code"]["StringValue"] == "bad_encoding"
    assert gzip.decompress(base64.b64decode(found[0]["Body"])) == body
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])


def test_the_log_names_no_secret_and_no_body(shop: Shop, base: str) -> None:
    Till(base, "corner-shop", OWN).post(b'{"canary":"4111111111111111"}', **{"X-Canary": "yellow"})
    logs = shop.emulator.client("logs")
    group = f"/aws/lambda/tillbridge-{STAGE}"
    lines = [one["message"] for one in logs.filter_log_events(logGroupName=group)["events"]]
    calls = [json.loads(line) for line in lines if line.startswith("{") and "door" in line]
    assert any(call["merchant"] == "corner-shop" for call in calls if "merchant" in call)
    text = "\n".join(lines)
    for secret in (OWN, HOOK, "canary", "yellow", "nobody", "4111111111111111"):
        assert secret not in text, secret


def test_a_receipt_is_claimed_once_and_its_points_are_shown(shop: Shop, base: str) -> None:
    app = Till(base, "corner-shop", OWN)
    sale = json.loads(square_payment(Sale(400, 1200)))
    payment = sale["data"]["object"]["payment"]
    del payment["buyer_email_address"]
    payment |= {"receipt_number": "AB12", "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    assert app.post(json.dumps(sale).encode())[0] == 202
    claim = {"member": WHO, "store_id": "HARBOUR01", "receipt_number": "AB12",
             "total": 1200}  # fmt: skip
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (claimed := app.claim(**claim))[0] == 404 and time.monotonic() < give_up:
        time.sleep(0.5)  # until the rewards were told of the sale
    whose = {"member": WHO, "merchant": "corner-shop", "receipt_number": "AB12"}
    assert claimed == app.claim(**claim) == (200, whose)
    taken = app.claim(**claim | {"member": "loyalty:M"})
    assert (taken[0], taken[1]["type"]) == (409, "urn:tillbridge:problem:receipt-taken")
    status, shown = app.member(WHO)
    assert (status, shown["balance"], shown["entries"][0]["reason"]) == (200, 12, "claim")
    assert app.member(WHO, "before=1")[1]["entries"] == []
    for query, signed in (("before=1", "before=2"), ("before=1e9", None), ("x=1", None)):
        assert app.member(WHO, query, signed)[0] == 401, query
    stranger = Till(base, "corner-shop", "1" * 40)
    refused = [stranger.member(WHO), stranger.claim(**claim),
               Till(base, "nobody", OWN).member(WHO)]  # fmt: skip
    assert {status for status, _ in refused} == {401}
    assert len({json.dumps(told) for _, told in refused}) == 1
    assert Till(base, "street-stall", OWN).member(WHO)[0] == 404
    drained(shop)
