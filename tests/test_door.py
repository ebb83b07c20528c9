"""The door by itself: who comes in, what is queued, and that what was accepted is there."""

import base64
import gzip
import json
import random
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib import entries, outbox, parcels, signatures
from chalicelib.door import Door, health, safely
from chalicelib.entries import LOOKUPS, REMEMBERED, Entries
from chalicelib.exchange import Answer, Request, heard
from chalicelib.gate import Gate
from chalicelib.once import Once
from chalicelib.outbox import Outbox
from chalicelib.pace import Pace
from chalicelib.receive import Message
from chalicelib.signatures import sign
from tests.faults import Killed, failing, lost, refusing, wire
from tests.test_signatures import NOW, URL, VECTORS
from tests.world import World

TILL = "own-till-secret"
PARAMETER = {"vendor": "json_lines", "source": "sqs", "secrets": ["hook"], "own": [TILL]}


#: What might lead to another path, parameter or queue.
TRICKS = ("..", ".", "", "shop/../shop", "%2e%2e", "shop%00", "a" * 64, "shop ", "*", "shop\n",
          "sh\u00f6p", "Shop", "shop-dead", "shop/", "-shop")  # fmt: skip


@dataclass
class Site:
    """A door, a merchant's queue behind it, and callers before it."""

    world: World
    parameters: dict[str, Any] = field(default_factory=lambda: {"shop": PARAMETER})
    reads: list[str] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        self.queue = self.world.queue("shop")
        self.s3 = self.world.emulator.client("s3", self.world.account)
        self.bucket = f"inbox-{self.world.account}"  # no two accounts may have the same
        self.s3.create_bucket(Bucket=self.bucket)
        self.door = self.container()

    def container(self) -> Door:
        """A container that has just started."""
        world, clock = self.world, self.world.clock
        return Door(
            gate=Gate(Entries(self.read, clock), Pace(world.dynamodb, "claims", clock), clock),
            outbox=Outbox(world.sqs, world.sns),
            once=Once(world.dynamodb, "claims"),
            arn=lambda source, name: world.arn(name) if source == "sqs" else world.topic,
            look=lambda *names: {"state": "known"} if names[2] == "order:1/2" else None,
            offload=lambda name, body: parcels.offload(self.s3, self.bucket, name, body).body,
        )

    def read(self, merchant: str) -> str | None:
        self.reads.append(merchant)
        if self.down:
            raise OSError("no network")
        found = self.parameters.get(merchant)
        return json.dumps(found) if found else None

    def post(
        self, body: bytes | str, what: str = "transactions", merchant: str = "shop",
        secret: str = TILL, **headers: str,
    ) -> Answer:  # fmt: skip
        raw = body.encode() if isinstance(body, str) else body
        seconds = self.world.now // 1000
        sent = {"tillbridge-signature": sign(secret, seconds, f"POST /v1/{merchant}/{what}", raw)}
        return self.call(raw, what, merchant, sent | headers)

    def call(
        self, body: bytes, what: str, merchant: str, headers: dict[str, str], **more: Any
    ) -> Answer:
        named = {name.replace("_", "-"): (value,) for name, value in headers.items()}
        request = Request(named, body, **more)
        return safely(lambda: getattr(self.door, what)(request, merchant))

    def followed(self, one: dict[str, Any]) -> bytes | str:
        """Return what a message of the queue is or points to, as the merchant's function does."""
        return parcels.fetched(self.s3, self.bucket, "shop", Message("m", one["Body"])).body()

    def queued(self) -> list[str]:
        """Take what was queued, as the merchant's function reads it."""
        found = []
        for one in self.world.taken(self.queue):
            given = one.get("MessageAttributes", {}).get("ContentEncoding", {})
            body = Message("m", one["Body"], given.get("StringValue", "")).body()
            found.append(body if isinstance(body, str) else body.decode("latin-1"))
        return found


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def told(answer: Answer) -> Any:
    content = json.loads(answer.body)
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert content["status"] == answer.status_code
    return content


def test_health_asks_nobody_and_imports_no_models() -> None:
    assert health().status_code == 200
    code = "import chalicelib.door, sys; sys.exit('pydantic' in sys.modules or 'botocore' in sys.modules)"  # noqa: E501
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_webhook_is_queued_as_it_came(site: Site) -> None:
    for body in (b'{"a": 1 }', b"not json", b"a=1&b=%7B", "caf\u00e9".encode(), b"\xff\x00\x01"):
        answer = site.post(body, "webhook", secret="hook")
        assert (answer.status_code, told(answer)) == (200, {"accepted": 1})
        assert [one.encode("latin-1") if b"\xff" in body else one.encode()
                for one in site.queued()] == [body]  # fmt: skip


def test_records_are_queued_together_and_counted(site: Site) -> None:
    answer = site.post(json.dumps([{"id": str(n)} for n in range(250)]))
    assert (answer.status_code, told(answer)) == (202, {"accepted": 250, "messages": 3})
    found = [record for text in site.queued() for record in json.loads(text)]
    assert sorted(int(one["id"]) for one in found) == list(range(250))


@pytest.mark.parametrize("body", [b"", b"{}", b"[{}]"])
def test_what_an_empty_body_is_depends_on_who_sends_it(site: Site, body: bytes) -> None:
    assert site.post(b"", "webhook", secret="hook").status_code == 200
    assert site.queued() == []
    assert site.post(body).status_code == (202 if body else 400)
    assert len(site.queued()) == bool(body)


def test_everybody_else_gets_the_same_answer_and_nothing_is_queued(site: Site) -> None:
    site.parameters["other"] = PARAMETER | {"own": ["others"], "secrets": ["others-hook"]}
    answers = []
    for what, good in (("transactions", TILL), ("webhook", "hook")):
        answers += [
            site.post("{}", what, secret="wrong"),
            site.post("{}", what, secret="others" if what == "transactions" else "others-hook"),
            site.post("{}", what, merchant="unknown", secret=good),
            site.post("{}", what, merchant="other", secret=good),
            site.post("{}", what, secret="hook" if what == "transactions" else TILL),
            site.call(b"{}", what, "shop", {}),
            site.call(b"{}", what, "unknown", {}),
            site.call(b"\xff" * 100, what, "shop", {"tillbridge-signature": "t=1,v1=\u00e9"}),
        ]
        answers += [site.post("{}", what, merchant=name, secret=good) for name in TRICKS]
    assert {(a.status_code, a.body, tuple(a.headers.items())) for a in answers} == {
        (401, answers[0].body, tuple(answers[0].headers.items()))
    }
    assert site.queued() == []
    # No name with a slash, a star or a dot in it ever asks Parameter Store for anything.
    assert all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name) for name in site.reads)


def test_the_work_is_the_same_for_strangers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[int] = []
    real = signatures.digest
    monkeypatch.setattr(signatures, "digest", lambda k, m: work.append(len(m)) or real(k, m))
    done = []
    for merchant in ("shop", "unknown"):
        for what in ("webhook", "transactions"):
            site.call(b"x" * 1000, what, merchant, {"tillbridge-signature": "t=1,v1=0"})
            done.append(len(work))
            work.clear()
    assert done == [2, 2, 2, 2]


def test_a_call_can_be_replayed_for_five_minutes_and_no_longer(site: Site) -> None:
    body = b'{"id":"1"}'
    header = {"tillbridge-signature": sign(TILL, site.world.now // 1000,
                                           "POST /v1/shop/transactions", body)}  # fmt: skip
    assert site.call(body, "transactions", "shop", header).status_code == 202
    site.world.now += 300_000
    assert site.call(body, "transactions", "shop", header).status_code == 202
    site.world.now += 1_000
    assert site.call(body, "transactions", "shop", header).status_code == 401
    assert len(site.queued()) == 2  # one sale, which the merchant's function knows again


def test_a_signature_that_comes_twice_is_none(site: Site) -> None:
    good = sign(TILL, site.world.now // 1000, "POST /v1/shop/transactions", b"{}")
    for values in ((good, good), (good, "t=1,v1=0"), ("", good)):
        request = Request({"tillbridge-signature": values}, b"{}")
        assert site.door.transactions(request, "shop").status_code == 401
    assert site.queued() == []


def test_tills_ask_by_no_query_however_it_is_signed(site: Site) -> None:
    for signed in ("", "?before=1"):
        good = sign(TILL, site.world.now // 1000, f"POST /v1/shop/transactions{signed}", b"{}")
        header = {"tillbridge-signature": good}
        answer = site.call(b"{}", "transactions", "shop", header, query="before=1")
        assert answer.status_code == 401
    assert site.queued() == []


@pytest.mark.parametrize(
    ("asked", "query"),
    [(None, ""), ({}, ""), ({"before": ["41"]}, "before=41"), ({"": [""]}, "="),
     ({"before": ["1", "2"]}, "before=1&before=2"), ({"a&b=1": ["c d"]}, "a%26b%3D1=c+d"),
     ({"before": ["\ud800"]}, "before=%3F")],
)  # fmt: skip
def test_a_query_is_written_out_in_one_way(asked: Any, query: str) -> None:
    assert heard({"multiValueQueryStringParameters": asked, "headers": None}).query == query


def test_two_secrets_are_good_at_a_time(site: Site) -> None:
    site.parameters["shop"] = PARAMETER | {"own": ["new", TILL], "secrets": ["new-hook", "hook"]}
    for secret in ("new", TILL):
        assert site.post("{}", secret=secret).status_code == 202
    for secret in ("new-hook", "hook"):
        assert site.post("{}", "webhook", secret=secret).status_code == 200
    site.parameters["shop"] = PARAMETER | {"own": ["a", "b", "third"]}
    site.world.now += entries.KEPT_MS
    assert site.post("{}", secret="third").status_code == 401


def test_every_vendors_way_leads_in(site: Site) -> None:
    site.world.now = NOW * 1000
    for vector in VECTORS:
        name = f"m-{vector.vendor}"
        site.world.queue(name)
        url = URL if vector.vendor == "square" else f"https://x/v1/{name}/webhook"
        site.parameters[name] = {
            "vendor": vector.vendor, "source": "sqs", "secrets": [vector.secret], "url": url,
        }  # fmt: skip
        headers = dict(vector.headers)
        if "tillbridge-signature" in headers:  # which is for a merchant's own path
            place = f"POST /v1/{name}/webhook"
            headers = {"tillbridge-signature": sign(vector.secret, NOW, place, vector.body)}
        assert site.call(vector.body, "webhook", name, headers).status_code == 200, name
        if vector.vendor != "adyen":
            assert site.call(vector.body, "webhook", name, {}).status_code == 401, name


def test_a_vendor_without_a_signature_can_t_come_in(site: Site) -> None:
    for vendor in ("loyverse", "no_such_vendor", "__init__"):
        site.parameters["odd"] = PARAMETER | {"vendor": vendor}
        site.world.now += entries.KEPT_MS
        expected = 503 if vendor == "__init__" else 401
        assert site.post("{}", "webhook", "odd", "hook").status_code == expected


def test_a_greeting_is_answered_only_until_there_is_a_secret(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    greeting = b'{"verificationCode":"3f0e-11"}'
    site.parameters["shop"] = {"vendor": "clover", "source": "sqs"}
    assert site.call(greeting, "webhook", "shop", {}).status_code == 200
    assert "greeting of clover: 3f0e-11" in caplog.text
    assert site.call(b'{"appId":"A"}', "webhook", "shop", {}).status_code == 401
    assert site.call(greeting, "webhook", "unknown", {}).status_code == 401
    site.parameters["shop"] |= {"secrets": ["code"]}
    site.world.now += entries.KEPT_MS
    assert site.call(greeting, "webhook", "shop", {}).status_code == 401
    assert site.queued() == []


@pytest.mark.parametrize(
    ("body", "headers", "status", "position"),
    [
        ('[{"id":1},{"id":1,"id":2}]', {}, 400, 2), ('{"a":1}\n{', {}, 400, 2),
        ('{"n":' + "9" * 999 + "}", {}, 400, 1), ("<xml/>", {"content_type": "a/b"}, 415, None),
        ("{}", {"content_encoding": "br"}, 415, None),
        ("x", {"content_encoding": "gzip"}, 400, None),
        (b" " * (6 * 1024 * 1024 + 1), {}, 413, None), ("{}\n" * 5001, {}, 413, 5001),
        (gzip.compress(b" " * 2**27, mtime=0), {"content_type": "application/gzip"}, 413, None),
    ],
)  # fmt: skip
def test_a_till_is_told_what_is_wrong(
    site: Site, body: Any, headers: dict[str, str], status: int, position: int | None
) -> None:
    answer = site.post(body, **headers)
    assert (answer.status_code, told(answer).get("position")) == (status, position)
    assert site.queued() == []


def test_a_format_without_records_has_no_transactions(site: Site) -> None:
    site.parameters["shop"] = PARAMETER | {"vendor": "poslog"}
    assert site.post("{}").status_code == 415
    assert site.post("<POSLog/>", "webhook", secret="hook").status_code == 200


def incompressible(size: int) -> bytes:
    return base64.b64encode(random.Random(1).randbytes(size))


def test_long_records_are_packed_and_what_no_queue_carries_is_pointed_to(site: Site) -> None:
    long = json.dumps({"id": "1", "note": "x" * 3_000_000})
    assert site.post(long).status_code == 202
    assert site.queued() == [long]
    longest = b'{"id":"3","note":"%s"}' % incompressible(1_200_000)
    for what, body, secret in (("webhook", longest, "hook"),
                               ("transactions", b'[{"id":"2"},%s]' % longest, TILL)):  # fmt: skip
        assert site.post(body, what, secret=secret).status_code in {200, 202}
        found = [site.followed(one) for one in site.world.taken(site.queue)]
        assert longest in [one if isinstance(one, bytes) else one.encode() for one in found]


def test_what_can_not_be_put_away_is_not_accepted(site: Site) -> None:
    longest = b'{"id":"3","note":"%s"}' % incompressible(1_200_000)
    with wire(failing("PutObject")):
        assert site.post(longest, "webhook", secret="hook").status_code == 503
        assert site.post(longest).status_code == 503
    assert site.queued() == []


def test_topics_are_published_to(site: Site) -> None:
    site.parameters["shop"] = PARAMETER | {"source": "sns"}
    records = [{"id": str(n), "note": "x" * 20_000} for n in range(30)]
    assert told(site.post(json.dumps(records)))["accepted"] == 30
    found = [r for text in site.world.taken(site.world.sink) for r in json.loads(text["Body"])]
    assert sorted(int(one["id"]) for one in found) == list(range(30))


def many(count: int) -> str:
    return json.dumps([{"id": str(n), "note": "x" * 50_000} for n in range(count)])


def test_what_the_queue_refuses_once_is_sent_again(site: Site) -> None:
    left = [2]

    def once(name: str, call: Any) -> Any:
        left[0] -= name == "SendMessageBatch"
        return (refusing("SendMessageBatch", 0, 2) if left[0] > 0 else refusing("none"))(name, call)

    with wire(once):
        assert site.post(many(20)).status_code == 202
    ids = [r["id"] for text in site.queued() for r in json.loads(text)]
    assert set(ids) == {str(n) for n in range(20)}  # the refused were taken, by this fault: copies


def test_what_was_not_taken_is_named(site: Site) -> None:
    with wire(failing("SendMessageBatch")):
        answer = site.post(many(7))
    assert answer.status_code == 503
    assert told(answer)["not_taken"] == [[1, 3], [4, 6], [7, 7]]
    assert int(answer.headers["Retry-After"]) > 0
    with wire(refusing("SendMessageBatch", 0, 1)):
        answer = site.post(many(7))
    assert told(answer)["not_taken"] == [[1, 3], [4, 6]]


def test_an_answer_that_is_lost_costs_a_copy_and_no_record(site: Site) -> None:
    with wire(lost("SendMessageBatch")):
        assert site.post('{"id":"1"}').status_code == 202
    assert set(site.queued()) == {'{"id":"1"}'}


def test_the_same_key_is_queued_once(site: Site) -> None:
    first = site.post('{"id":"1"}', idempotency_key="k1")
    again = site.post(' [{"id":"1"}]', idempotency_key="k1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert site.post('{"id":"1"}', idempotency_key="k2").status_code == 202
    assert site.queued() == ['{"id":"1"}'] * 2
    assert site.post('{"id":"2"}', idempotency_key="k1").status_code == 422
    site.parameters["other"] = PARAMETER
    site.world.queue("other")
    assert site.post('{"id":"2"}', merchant="other", idempotency_key="k1").status_code == 202
    site.world.now += 24 * 3600 * 1000 + 1000
    assert site.post('{"id":"2"}', idempotency_key="k1").status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9", "a\tb"])
def test_a_key_that_is_none_is_refused(site: Site, key: str) -> None:
    assert site.post("{}", idempotency_key=key).status_code == 400
    assert site.queued() == []


def test_a_key_whose_records_were_not_taken_may_come_again_at_once(site: Site) -> None:
    with wire(failing("SendMessageBatch")):
        assert site.post('{"id":"1"}', idempotency_key="k").status_code == 503
    assert site.queued() == []
    assert site.post('{"id":"1"}', idempotency_key="k").status_code == 202
    assert site.queued() == ['{"id":"1"}']


def test_two_at_a_time_under_one_key(site: Site) -> None:
    entered, go = threading.Event(), threading.Event()

    def hold(name: str, call: Any) -> Any:
        if name == "SendMessageBatch":
            entered.set()
            assert go.wait(30)
        return call()

    with wire(hold):
        answers: list[Answer] = []
        worker = threading.Thread(
            target=lambda: answers.append(site.post('{"id":"1"}', idempotency_key="k"))
        )
        worker.start()
        assert entered.wait(30)
        assert site.post('{"id":"1"}', idempotency_key="k").status_code == 409
        go.set()
        worker.join()
    assert [answer.status_code for answer in answers] == [202]
    assert site.post('{"id":"1"}', idempotency_key="k").status_code == 202
    assert len(site.queued()) == 1


def test_a_worker_that_died_with_a_key_loses_nothing(site: Site) -> None:
    def die(name: str, call: Any) -> Any:
        if name == "SendMessageBatch":
            raise Killed
        return call()

    with wire(die), pytest.raises(Killed):
        site.post('{"id":"1"}', idempotency_key="k")
    assert site.post('{"id":"1"}', idempotency_key="k").status_code == 409
    site.world.now += 36_000
    assert site.post('{"id":"1"}', idempotency_key="k").status_code == 202
    assert site.queued() == ['{"id":"1"}']


def test_a_table_that_is_down_loses_nothing_and_promises_nothing(site: Site) -> None:
    with wire(failing("PutItem")):
        assert site.post('{"id":"1"}', idempotency_key="k").status_code == 503
    assert site.queued() == []
    with wire(failing("UpdateItem")):  # the pace can't be counted: everybody may come in
        assert site.post('{"id":"1"}').status_code == 202
    assert len(site.queued()) == 1


def test_who_calls_too_often_is_asked_to_wait(site: Site) -> None:
    site.parameters["shop"] = PARAMETER | {"rate": 2}
    site.parameters["other"] = PARAMETER
    site.world.queue("other")
    statuses = [site.post("{}").status_code for _ in range(30)]
    assert statuses == [202] * 20 + [429] * 10
    answer = site.post("{}")
    assert 0 < int(answer.headers["Retry-After"]) <= 10
    assert site.post("{}", merchant="other").status_code == 202
    site.door = site.container()  # another container finds it used up as well
    assert site.post("{}").status_code == 429
    assert site.post("{}", secret="wrong").status_code == 401
    site.world.now += 10_000
    assert site.post("{}").status_code == 202


def test_calls_cost_a_tenth_of_a_write(site: Site) -> None:
    with wire() as seen:
        for _ in range(40):
            site.post("{}")
    assert seen.counts["UpdateItem"] == 4


def test_a_secret_is_remembered_for_a_minute(site: Site) -> None:
    for _ in range(5):
        site.post("{}")
        site.post("{}", merchant="unknown")
    assert site.reads == ["shop", "unknown"]
    site.parameters["shop"] = PARAMETER | {"own": ["new"]}
    assert site.post("{}").status_code == 202
    site.world.now += entries.KEPT_MS
    assert site.post("{}").status_code == 401
    del site.parameters["shop"]
    site.world.now += entries.KEPT_MS
    assert site.post("{}", secret="new").status_code == 401


def test_made_up_names_fill_no_memory_and_ask_seldom(site: Site) -> None:
    known = site.door.gate.entries
    for number in range(3 * REMEMBERED):
        site.post("{}", merchant=f"made-up-{number}")
    assert len(site.reads) == LOOKUPS
    site.world.now += 200
    assert site.post("{}").status_code == 202  # the next second, a name is looked up again
    for number in range(2 * REMEMBERED):
        site.world.now += 200
        site.post("{}", merchant=f"other-{number}")
    assert len(known._unknown) <= REMEMBERED
    assert known.knows("shop")


def test_when_nobody_can_say_who_it_is_the_call_may_come_again(site: Site) -> None:
    site.post("{}")
    site.down = True
    site.world.now += 10 * entries.KEPT_MS
    assert site.post("{}").status_code == 202  # what was known is good enough
    assert site.post("{}", secret="wrong").status_code == 401
    site.door = site.container()
    assert site.post("{}").status_code == 503
    assert site.post("{}", merchant="unknown").status_code == 503


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"vendor":"x/../y","source":"sqs"}', '{"vendor":"square","source":"s3"}',
     '{"vendor":"square","source":"sqs","secrets":[""]}', '{"vendor":1,"source":"sqs"}',
     '{"vendor":"square","source":"sqs","secrets":7}'],
)  # fmt: skip
def test_a_parameter_that_can_t_be_read_turns_nobody_away(
    site: Site, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.door.gate.entries, "_read", lambda _: text)
    assert site.post("{}").status_code == 503


def test_the_state_is_told_to_those_who_may_know(site: Site) -> None:
    def get(identity: str, signed: str, secret: str = TILL) -> Answer:
        place = f"GET /v1/shop/transactions/{signed}"
        header = {"tillbridge-signature": (sign(secret, site.world.now // 1000, place, b""),)}
        return safely(lambda: site.door.transaction(Request(header), "shop", identity))

    for identity in ("order:1/2", "order%3A1%2F2"):
        answer = get(identity, "order:1/2")
        assert told(answer) == {"transaction": "order:1/2", "merchant": "shop", "state": "known"}
    assert get("order:2", "order:2").status_code == 404
    assert get("order:1/2", "order:2").status_code == 401
    assert get("order:1/2", "order:1/2", "hook").status_code == 401


def test_parcels_are_few_and_say_which_records_they_hold() -> None:
    found = list(outbox.parcels([f'{{"id":{n}}}' for n in range(205)], "sqs", str))
    assert [(one.first, one.last) for one in found] == [
        (1, 100), (101, 200), (201, 205),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"a\x01b", b"\x00", b"a\xef\xbf\xbfb", b"\xff"])
def test_what_sqs_does_not_carry_is_packed(body: bytes) -> None:
    found = outbox.raw(body, "sqs", str)
    assert found.encoding == "gzip+base64"
    assert Message("m", found.text, found.encoding).body() == body
    assert outbox.raw("caf\u00e9 \U0001f600\n".encode(), "sqs", str).encoding == ""
