"""`chalice local`, as a developer starts it: a real server, with the emulator behind it."""

import contextlib
import gzip
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.publish import event
from chalicelib.story import told
from ops import aws, merchants
from ops.console.place import staged
from ops.emulator import _free_port
from ops.project import ROOT
from ops.tills import Sale, square_payment
from tests.callers import Till
from tests.operator import STAGE, Operator
from tests.test_mechanics import sold

PATIENCE_SECONDS = 60
SECRETS = {"vendor": "square", "source": "sqs", "secrets": ["hook"], "own": ["till"],
           "url": "https://pos.example.com/v1/harbour-coffee/webhook"}  # fmt: skip


@pytest.fixture
def till(operator: Operator, tmp_path: Path) -> Iterator[Till]:  # noqa: ARG001 - sets the account up
    name = f"/tillbridge/{STAGE}/door/harbour-coffee"
    aws.client("ssm").put_parameter(Name=name, Value=json.dumps(SECRETS), Type="SecureString")
    port = _free_port()
    command = [Path(sys.executable).with_name("chalice"), "local", "--stage", STAGE,
               "--port", str(port), "--no-autoreload"]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "STAGE"}
    with (tmp_path / "server.log").open("wb") as log:  # nobody reads a pipe: it would fill up
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(server, port)
        yield Till(f"http://127.0.0.1:{port}", "harbour-coffee", "till")
    finally:
        server.kill()
        server.wait()


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up and server.poll() is None:
        with contextlib.suppress(OSError):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/health")
            if line.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("chalice local didn't start")


def relayed(operator: Operator) -> list[Any]:
    """Let the merchant's function take what is queued; return what its subscriber gets."""
    records = [
        {
            "messageId": one["MessageId"], "body": one["Body"], "receiptHandle": "none",
            "attributes": {"ApproximateReceiveCount": "1"}, "eventSourceARN": "arn:aws:sqs:q",
            "messageAttributes": {name: {"stringValue": value["StringValue"]}
                                  for name, value in one.get("MessageAttributes", {}).items()},
        }
        for one in operator.messages("harbour-coffee")
    ]  # fmt: skip
    arn = f"arn:aws:lambda:{aws.place()}:function:tillbridge-{STAGE}-harbour_coffee"
    context = SimpleNamespace(
        invoked_function_arn=arn, aws_request_id="r", get_remaining_time_in_millis=lambda: 120_000
    )
    merchants.load(STAGE).app.handler_map["harbour_coffee"]({"Records": records}, context)
    return operator.bodies("rewards")


def test_what_is_accepted_comes_out_once_and_nothing_else_does(
    operator: Operator, till: Till
) -> None:
    sales = [json.loads(square_payment(Sale(number, 100))) for number in range(5)]
    body = json.dumps(sales).encode()
    assert till.post(body) == (202, {"accepted": 5, "messages": 1})
    packed = gzip.compress(b"\n".join(json.dumps(one).encode() for one in sales[:2]))
    assert till.post(packed, **{"Content-Type": "application/gzip"})[0] == 202
    assert till.post(packed, **{"Content-Encoding": "gzip"})[0] == 202

    stranger = Till(till.base, till.merchant, "guessed")
    more = json.dumps([json.loads(square_payment(Sale(99, 100)))]).encode()
    refusal = stranger.post(more)
    assert refusal[0] == 401
    assert Till(till.base, "elm-street-books", "till").post(more) == refusal
    assert Till(till.base, "nobody", "till").post(more) == refusal
    assert till.call("POST", "/v1/harbour-coffee/webhook", more) == refusal

    events = relayed(operator)
    paid = sorted(sale["data"]["object"]["payment"]["id"] for sale in sales)
    assert sorted(event["subject"] for event in events) == [f"payment:{one}" for one in paid]
    known = till.get(events[0]["subject"])
    assert (known[0], known[1]["state"]) == (200, "published and committed")
    assert till.get("payment:unknown")[0] == 404
    assert stranger.get(events[0]["subject"])[0] == 401


def test_a_wrong_record_is_named_and_nothing_of_its_request_is_queued(
    operator: Operator, till: Till
) -> None:
    status, told = till.post(b'[{"id":1},{"id":1,"id":2}]')
    assert (status, told["position"], told["title"]) == (400, 2, "the body can't be read")
    assert operator.messages("harbour-coffee") == []


def test_a_member_is_shown_to_who_may_see_it(
    operator: Operator,  # noqa: ARG001 - it sets the account up
    till: Till,
) -> None:
    name = f"/tillbridge/{STAGE}/door/elm-street-books"
    value = json.dumps({"vendor": "shopify", "source": "sqs", "own": ["app"]})
    aws.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
    app, who = Till(till.base, "elm-street-books", "app"), "loyalty:a/b \u00e9+%2F"
    books = {"merchant": "elm-street-books", "vendor": "shopify", "currency": "USD"}
    desk = staged(STAGE).desk
    for number in range(51):
        bill = books | {"id": f"order:{number}", "customer": {"loyalty_id": who[8:]}}
        news = told(event(sold(500, **bill)).body)
        desk.inbox.take(news, desk.effect_of(news))
    nobodys = books | {"id": "order:n", "customer": None, "receipt_number": "#1001"}
    news = told(event(sold(500, occurred_at=datetime.now(UTC).isoformat(), **nobodys)).body)
    desk.inbox.take(news, desk.effect_of(news))

    status, page = app.member(who)
    assert (status, page["member"], page["older"]) == (200, who, 2)
    assert page["next"].startswith("/v1/elm-street-books/members/loyalty:a%2Fb%20%C3%A9%2B%252F?")
    older = app.member(who, f"before={page['older']}")[1]
    assert [one["number"] for one in older["entries"]] == [1]
    for query, signed in (("before=3", "before=2"), ("before=2&before=2", None), ("x=1", None),
                          ("before=-1", None), ("before=2&before=2", "before=2")):  # fmt: skip
        assert app.member(who, query, signed)[0] == 401, (query, signed)
    assert app.member("loyalty:nobody")[1]["balance"] == 0
    assert Till(till.base, "elm-street-books", "till").member(who)[0] == 401
    assert Till(till.base, "harbour-coffee", "till").member(who)[0] == 404

    claim = {"member": who, "receipt_number": "#1001", "total": 500}
    assert app.claim(**claim | {"total": 501})[0] == 404
    assert [app.claim(**claim)[0] for _ in range(2)] == [200, 200]
    assert app.claim(**claim | {"member": "loyalty:M"})[0] == 409
    assert app.member(who)[1]["entries"][0]["reason"] == "claim"
    assert app.claim(**claim, tip=1)[0] == 400
