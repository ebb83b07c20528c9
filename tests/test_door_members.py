"""Members at the door: who may ask, what is told, and that receipts can't be guessed at will."""

import fnmatch
import gzip
import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import pytest

from chalicelib import signatures
from chalicelib.door import safely
from chalicelib.door_members import MOST_BYTES, MembersDoor
from chalicelib.exchange import Answer, Request
from chalicelib.mechanics import Mechanics, Tier
from chalicelib.publish import event
from chalicelib.signatures import sign
from chalicelib.tries import MOST_TRIES, Tries
from ops.permissions import door_policy
from tests.counter import Counter
from tests.faults import failing, wire
from tests.memory import Memory
from tests.month import DAYS, FIRST, PROGRAMS, month
from tests.test_door import PARAMETER, TILL, TRICKS, Site, told
from tests.test_mechanics import back, sold
from tests.test_members import anonymous
from tests.world import World

NOON = 1_795_467_600_000  # 2026-11-23
TIERED = Mechanics("EUR", "Europe/Berlin", tiers=(Tier("silver", 20, 2),), tier_days=7)
HASHED = "email:hmac-sha256:" + "0a" * 32
PROOF = {"store_id": "S1", "receipt_number": "R1", "business_date": "2026-11-23"}
CLAIM = PROOF | {"member": "loyalty:L"}


@dataclass
class Office:
    """A merchant's app at the door, and rewards behind it."""

    site: Site
    counter: Counter

    @property
    def members(self) -> MembersDoor:
        """A container that has just started."""
        world = self.site.world
        tries = Tries(world.dynamodb, "claims", world.clock)
        return MembersDoor(self.site.container().gate, self.counter.desk, tries)

    def get(self, name: str, query: str = "", **how: str) -> Answer:
        """Ask for a member: `how` has `merchant`, `secret`, `path`, or what is `signed`."""
        merchant, secret = how.get("merchant", "shop"), how.get("secret", TILL)
        place = f"GET /v1/{merchant}/members/{name}" + (f"?{query}" if query else "")
        value = sign(secret, self.site.world.now // 1000, how.get("signed", place), b"")
        request = Request({"tillbridge-signature": (value,)} if secret else {}, b"", query)
        identity = how.get("path", quote(name, safe=""))
        return safely(lambda: self.members.member(request, merchant, identity))

    def claim(
        self, body: Any, *, merchant: str = "shop", secret: str = TILL, query: str = "",
        kind: str = "application/json",
    ) -> Answer:  # fmt: skip
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        place = f"POST /v1/{merchant}/claims" + (f"?{query}" if query else "")
        value = sign(secret, self.site.world.now // 1000, place, raw)
        headers = {"tillbridge-signature": (value,)} if secret else {}
        request = Request(headers | {"content-type": (kind,)}, raw, query)
        return safely(lambda: self.members.claims(request, merchant))

    def balance(self, name: str = "loyalty:L") -> int:
        return int(told(self.get(name))["balance"])


@pytest.fixture
def office(world: World) -> Office:
    world.now = NOON
    site = Site(world)
    site.parameters |= {"other": PARAMETER | {"own": ["others"]}, "plain": PARAMETER}
    counter = Counter(Memory(), {"shop": TIERED, "other": TIERED}, now=NOON)
    return Office(site, counter)


def test_a_member_is_shown_and_pages_lead_from_one_to_the_next(office: Office) -> None:
    for number in range(120):
        office.counter.take(event(sold(100, id=f"b{number:03}")).body)
    found = told(office.get("loyalty:L"))
    assert found["next"] == f"/v1/shop/members/loyalty:L?before={found['older']}"
    assert (found["member"], found["merchant"]) == ("loyalty:L", "shop")
    assert (found["balance"], found["debt"], found["tier"]) == (120, 0, "silver")
    pages, numbers = 1, [one["number"] for one in found["entries"]]
    while found["next"]:
        path, _, query = found["next"].partition("?")
        name = unquote(path.removeprefix("/v1/shop/members/"))
        found = told(office.get(name, query))
        pages, numbers = pages + 1, numbers + [one["number"] for one in found["entries"]]
    assert (pages, numbers) == (3, list(range(120, 0, -1)))
    assert found["older"] is None
    assert found["entries"][-1] | {"event_id": ""} == {
        "number": 1, "points": 1, "balance": 1, "reason": "sale", "subject": "b000",
        "occurred_at": "2026-11-23T10:00:00+01:00", "noted": NOON, "event_id": "",
        "source": "/tillbridge/shop/till", "revision": 0,
    }  # fmt: skip


def test_what_is_owed_is_shown_and_nobody_has_nothing(office: Office) -> None:
    office.counter.take(event(back(1000, original=None)).body)
    found = told(office.get("loyalty:L"))
    assert (found["balance"], found["debt"]) == (0, 10)
    nobody = {"balance": 0, "debt": 0, "tier": "", "entries": [], "older": None, "next": None}
    for name in ("loyalty:nobody", HASHED):
        assert told(office.get(name)) == nobody | {"member": name, "merchant": "shop"}
    beyond = told(office.get("loyalty:L", "before=999999999999"))
    assert len(beyond["entries"]) == 1


@pytest.mark.parametrize(
    "name",
    ["loyalty:a/b", "loyalty:\u00e9 \u5c71", "loyalty:100%25", "loyalty:?a=b&c#d", "loyalty:..",
     "loyalty:a+b", HASHED, "phone:sha256:" + "f" * 64, "loyalty:" + "\U0001f600" * 256],
)  # fmt: skip
def test_a_member_s_id_is_what_it_is_however_it_is_escaped(office: Office, name: str) -> None:
    for path in (name, quote(name, safe=""), quote(name, safe=":")):
        assert told(office.get(name, path=path))["member"] == name


@pytest.mark.parametrize(
    "name",
    ["123", "", "loyalty:", "Loyalty:1", "email:bob@example.com", "email:", "phone:sha256:ff",
     "loyalty:a\nb", "loyalty:\x00", "loyalty:\u202e", "loyalty:" + "x" * 257, HASHED + "0",
     "loyalty:4111111111111111", "loyalty:L?before=2", "member:1", "loyalty:L\n"],
)  # fmt: skip
def test_an_id_that_nobody_can_have_is_no_member_s(office: Office, name: str) -> None:
    found = office.get(name)
    assert (found.status_code, "nobody can have" in told(found)["detail"]) == (404, True)
    claimed = office.claim(CLAIM | {"member": name})
    assert claimed.status_code == 400
    assert [one["field"] for one in told(claimed)["errors"]] == ["member"]


@pytest.mark.parametrize(
    "query",
    ["before=0", "before=-1", "before=abc", "before=1e9", "before=01", "before=+1", "before=",
     "before=1.0", "before=1&before=2", "before=1&x=2", "most=1", "Before=1", "before=%D9%A1",
     "before=" + "9" * 13, "=", "before", "before=1%0A"],
)  # fmt: skip
def test_no_other_query_is_asked_however_well_it_is_signed(office: Office, query: str) -> None:
    answer = office.get("loyalty:L", query)
    assert (answer.status_code, answer.body) == (401, office.get("loyalty:L", secret="no").body)
    assert office.claim(CLAIM, query="before=1").status_code == 401


def test_a_signature_is_good_for_its_own_page_and_member_only(office: Office) -> None:
    office.counter.take(event(sold(1000)).body)
    place = "GET /v1/shop/members/loyalty:L"
    page = f"{place}?before=2"
    assert office.get("loyalty:L", "before=2", signed=page).status_code == 200
    for name, query, signed in (
        ("loyalty:L", "before=2", place), ("loyalty:L", "", page), ("loyalty:L", "before=3", page),
        ("loyalty:M", "", place), ("loyalty:L/", "", place),
        ("loyalty:L", "", place.replace("GET", "POST")),
        ("loyalty:L", "", "GET /v1/shop/transactions/loyalty:L"),
    ):  # fmt: skip
        assert office.get(name, query, signed=signed).status_code == 401, (name, query, signed)
    # One line for two calls: what reads like the page is nobody's id.
    assert office.get("loyalty:L?before=2", signed=page).status_code == 404
    office.site.world.now += 301_000
    old = sign(TILL, NOON // 1000, place, b"")
    request = Request({"tillbridge-signature": (old,)})
    assert office.members.member(request, "shop", "loyalty:L").status_code == 401


def test_everybody_else_gets_the_same_answer_and_claims_nothing(office: Office) -> None:
    office.counter.take(anonymous(1000))
    strangers = [{"secret": "wrong"}, {"secret": "others"}, {"secret": "hook"}, {"secret": ""},
                 {"merchant": "unknown"}, {"merchant": "other"},
                 *({"merchant": name} for name in TRICKS)]  # fmt: skip
    answers = [office.get("loyalty:L", **who) for who in strangers]
    answers += [office.get("123", **who) for who in strangers]
    answers += [office.claim(CLAIM, **who) for who in strangers]
    answers += [office.claim(b"\xff" * 10**6, **who) for who in strangers]
    assert {(a.status_code, a.body, *a.headers.items()) for a in answers} == {
        (401, answers[0].body, *answers[0].headers.items())
    }
    assert office.balance() == 0


def test_the_work_is_the_same_for_strangers(office: Office, monkeypatch: Any) -> None:
    work: list[int] = []
    real = signatures.digest
    monkeypatch.setattr(signatures, "digest", lambda k, m: work.append(len(m)) or real(k, m))
    done = []
    for merchant in ("shop", "nope", "plain"):
        office.get("loyalty:L", "before=2", merchant=merchant, secret="")
        office.claim(CLAIM, merchant=merchant, secret="")
        done.append([*work])
        work.clear()
    # "plain" is a letter longer, in both of two messages, for two calls of which one may be escaped
    assert [len(one) for one in done] == [len(done[0])] * 3
    assert done[0] == done[1]


def test_a_merchant_without_mechanics_is_told_so_and_nobody_else_is(office: Office) -> None:
    for answer in (office.get("loyalty:L", merchant="plain"),
                   office.claim(CLAIM, merchant="plain")):  # fmt: skip
        assert (answer.status_code, "no rewards" in told(answer)["detail"]) == (404, True)
    assert office.get("loyalty:L", merchant="plain", secret="wrong").status_code == 401


def test_a_receipt_is_claimed_once_and_the_same_again_is_the_same(office: Office) -> None:
    unknown = office.claim(CLAIM)
    assert (unknown.status_code, told(unknown)["type"]) == (
        404, "urn:tillbridge:problem:receipt-unknown",
    )  # fmt: skip
    office.counter.take(anonymous(1000))
    answers = [office.claim(CLAIM) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    whose = {"member": "loyalty:L", "merchant": "shop", "receipt_number": "R1"}
    assert told(answers[0]) == told(answers[2]) == whose
    taken = office.claim(CLAIM | {"member": HASHED})
    assert (taken.status_code, told(taken)["title"]) == (409, "claimed already")
    assert told(taken)["type"] == "urn:tillbridge:problem:receipt-taken"
    assert (office.balance(), office.balance(HASHED)) == (10, 0)
    assert [one["reason"] for one in told(office.get("loyalty:L"))["entries"]] == ["claim"]


def test_several_receipts_are_told_apart_by_more_proof(office: Office) -> None:
    office.counter.take(anonymous(1000))
    office.counter.take(anonymous(2000, id="b"))
    answer = office.claim(CLAIM)
    assert (answer.status_code, told(answer)["type"]) == (
        409, "urn:tillbridge:problem:receipt-ambiguous",
    )  # fmt: skip
    assert "Retry-After" not in answer.headers
    assert office.claim(CLAIM | {"total": 2000}).status_code == 200
    assert office.balance() == 20


def test_a_sale_without_a_store_is_claimed_without_one(office: Office) -> None:
    office.counter.take(anonymous(1000, store_id=None))
    body = {"member": "loyalty:L", "receipt_number": "R1", "total": 1000}
    assert office.claim(body | {"store_id": "S1"}).status_code == 404
    assert office.claim(body | {"store_id": ""}).status_code == 400
    assert office.claim(body).status_code == 200


def test_a_claim_whose_answer_is_lost_is_made_once(office: Office, monkeypatch: Any) -> None:
    office.counter.take(anonymous(1000))
    client = office.counter.client
    real = client.transact_write_items

    def lost(**call: Any) -> Any:
        monkeypatch.undo()
        real(**call)
        raise OSError("the answer is lost")

    monkeypatch.setattr(client, "transact_write_items", lost)
    assert office.claim(CLAIM).status_code == 503
    assert office.claim(CLAIM).status_code == 200
    assert office.balance() == 10


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"member": None}, "member", "string_type"), ({"member": 7}, "member", "string_type"),
        ({"receipt_number": ""}, "receipt_number", "string_pattern_mismatch"),
        ({"receipt_number": "x" * 257}, "receipt_number", "string_too_long"),
        ({"receipt_number": 1001}, "receipt_number", "string_type"),
        ({"receipt_number": "a\x00"}, "receipt_number", "string_pattern_mismatch"),
        ({"business_date": "yesterday"}, "business_date", "no_day"),
        ({"business_date": "2026-02-30"}, "business_date", "no_day"),
        ({"business_date": "1795392000"}, "business_date", "no_day"),
        ({"business_date": "\u0662026-11-23"}, "business_date", "no_day"),
        ({"business_date": "20261123"}, "business_date", "no_day"),
        ({"business_date": "2026-W47-1"}, "business_date", "no_day"),
        ({"business_date": 20260223}, "business_date", "string_type"),
        ({"total": "10.00"}, "total", "int_type"), ({"total": 10.5}, "total", "int_type"),
        ({"total": True}, "total", "int_type"), ({"total": 10**18}, "total", "less_than_equal"),
        ({"business_date": None}, "", "no_proof"), ({"tip": 1}, "", "extra_forbidden"),
        ({"store_id": ["S1"]}, "store_id", "string_type"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_claim_is_named(
    office: Office, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = office.claim(CLAIM | changes)
    found = told(answer)
    assert (answer.status_code, found["type"]) == (400, "urn:tillbridge:problem:bad-claim")
    assert {"field": field, "code": code} in [
        {name: one[name] for name in ("field", "code")} for one in found["errors"]
    ]
    assert {one["field"] for one in found["errors"]} == {field}
    assert "yesterday" not in answer.body


def test_a_name_that_nobody_knows_is_not_quoted(office: Office) -> None:
    body = CLAIM | {f"canary{n}": "4111111111111111" for n in range(300)}
    answer = office.claim(body)
    assert len(told(answer)["errors"]) == 1
    assert "canary" not in answer.body
    assert "4111" not in answer.body


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400), (b"[]", "application/json", 400),
        (json.dumps([CLAIM]).encode(), "application/json", 400),
        (json.dumps(CLAIM).encode() * 2, "application/json", 400),
        (b'{"member":"loyalty:L","member":"loyalty:M"}', "application/json", 400),
        (b'{"member":"\\ud800"}', "application/json", 400),
        (b'{"total":' + b"9" * 900 + b"}", "application/json", 400),
        (b'{"a":' * 200, "application/json", 400), (b"\xff", "application/json", 400),
        (json.dumps(CLAIM).encode("utf-16"), "application/json", 400),
        (json.dumps(CLAIM).encode(), "text/plain", 415), (b"a=1", "application/xml", 415),
        (b" " * (MOST_BYTES + 1), "application/json", 413),
        (gzip.compress(json.dumps(CLAIM).encode(), mtime=0), "application/gzip", 400),
        (gzip.compress(b" " * 10**7, mtime=0), "application/gzip", 413),
    ],
)  # fmt: skip
def test_what_is_no_claim_is_refused(office: Office, body: bytes, kind: str, status: int) -> None:
    office.counter.take(anonymous(1000))
    assert office.claim(body, kind=kind).status_code == status
    assert (office.balance(), office.balance("loyalty:M")) == (0, 0)


def guesses(office: Office, count: int, **more: Any) -> list[int]:
    """Guess receipts, one after the other; return the statuses."""
    bodies = (CLAIM | more | {"receipt_number": f"G{n}"} for n in range(count))
    return [office.claim(body).status_code for body in bodies]


def test_a_member_may_guess_so_often_a_day_and_no_more(office: Office) -> None:
    office.counter.take(anonymous(1000))
    assert guesses(office, MOST_TRIES + 5) == [404] * MOST_TRIES + [429] * 5
    refused = office.claim(CLAIM)  # which would be right
    assert (refused.status_code, office.balance()) == (429, 0)
    assert told(refused)["type"] == "urn:tillbridge:problem:too-many-claims"
    midnight = 86_400 - NOON // 1000 % 86_400
    assert int(refused.headers["Retry-After"]) == midnight
    assert guesses(office, MOST_TRIES) == [404] * MOST_TRIES  # the same again are no guesses
    assert office.claim(CLAIM, merchant="other", secret="others").status_code == 404
    assert office.claim(CLAIM | {"member": "loyalty:M"}).status_code == 200  # nor somebody else's
    office.site.world.now += midnight * 1000
    assert office.claim(CLAIM).status_code == 409


def test_another_proof_of_the_same_receipt_is_another_guess(office: Office) -> None:
    bodies = [CLAIM | {"total": cents} for cents in range(MOST_TRIES + 1)]
    assert [office.claim(one).status_code for one in bodies] == [404] * MOST_TRIES + [429]


def test_right_claims_count_too_and_can_be_made_again(office: Office) -> None:
    numbers = [f"R{n}" for n in range(MOST_TRIES + 1)]
    for number in numbers:
        office.counter.take(anonymous(1000, id=number, receipt_number=number))
    claims = [CLAIM | {"receipt_number": number} for number in numbers]
    for _ in range(2):
        found = [office.claim(one).status_code for one in claims]
        assert found == [200] * MOST_TRIES + [429]


def test_where_nobody_can_count_nobody_may_guess(office: Office) -> None:
    office.counter.take(anonymous(1000))
    with wire(failing("UpdateItem")):
        assert office.claim(CLAIM).status_code == 503
    assert office.balance() == 0


def test_what_can_t_be_read_is_no_guess(office: Office) -> None:
    for number in range(MOST_TRIES + 1):
        assert office.claim(CLAIM | {"total": f"{number}"}).status_code == 400
    assert office.claim(CLAIM).status_code == 404


def test_an_app_that_calls_too_often_is_asked_to_wait(office: Office) -> None:
    office.site.parameters["shop"] = PARAMETER | {"rate": 1}
    gate = office.members.gate
    assert [office.members.member(*_signed(gate.now_ms())).status_code for _ in range(1)] == [200]
    statuses = [office.claim(CLAIM).status_code for _ in range(3)]  # each container takes a dozen
    assert statuses == [429] * 3
    assert office.get("loyalty:L").status_code == 429


def _signed(now_ms: int) -> tuple[Request, str, str]:
    value = sign(TILL, now_ms // 1000, "GET /v1/shop/members/loyalty:L", b"")
    return Request({"tillbridge-signature": (value,)}), "shop", "loyalty:L"


class Guarded(Memory):
    """A table that only lets through what the door's policy allows."""

    def __init__(self) -> None:
        super().__init__()
        document = door_policy([], "dev", "eu-west-1:123456789012")
        self.asked: set[tuple[str, str]] = set()
        self.allowed = {
            (action.partition(":")[2], key)
            for one in document["Statement"]
            if any(resource.endswith("/tillbridge-dev-rewards") for resource in one["Resource"])
            for action in one["Action"]
            for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        }
        self.guarded = False

    def _ask(self, action: str, pk: str) -> None:
        fits = {one for one in self.allowed if one[0] == action and fnmatch.fnmatchcase(pk, one[1])}
        assert fits or not self.guarded, f"{action} of {pk} is not allowed"
        self.asked |= fits if self.guarded else set()

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> Any:  # noqa: N803
        self._ask("GetItem", Key["pk"]["S"])
        return super().get_item(TableName=TableName, Key=Key, ConsistentRead=ConsistentRead)

    def query(self, **query: Any) -> Any:
        self._ask("Query", query["ExpressionAttributeValues"][":pk"]["S"])
        return super().query(**query)

    def transact_write_items(self, *, TransactItems: list[Any]) -> Any:  # noqa: N803
        for kind, one in itertools.chain.from_iterable(write.items() for write in TransactItems):
            self._ask(f"{kind}Item", one.get("Item", one.get("Key"))["pk"]["S"])
        return super().transact_write_items(TransactItems=TransactItems)


def test_the_door_may_do_what_members_ask_and_hardly_more(world: World) -> None:
    world.now = int(FIRST.timestamp() * 1000) + DAYS * 86_400_000
    site, client = Site(world), Guarded()
    counter, found = Counter(client), month(count=200, members=8)
    office = Office(site, counter)
    site.parameters = dict.fromkeys(PROGRAMS, PARAMETER)
    for body in found.bodies:
        counter.take(body)
    client.guarded = True
    answers = []
    for shop, number, day, who in found.claims:
        body = {"store_id": "S1", "receipt_number": number, "business_date": day, "member": who}
        claims = (body | {"member": name} for name in (who, "loyalty:somebody else"))
        answers += [office.claim(claim, merchant=shop).status_code for claim in claims]
        assert office.get(who, merchant=shop).status_code == 200
    assert {200, 409} <= set(answers) <= {200, 404, 409}
    unused = client.allowed - client.asked
    assert unused == {("PutItem", "waiting#rewards")}  # a sale that came to wait meanwhile


def test_a_sale_that_comes_to_wait_meanwhile_can_still_be_claimed(world: World) -> None:
    world.now = NOON
    client = Guarded()
    office = Office(Site(world), Counter(client, {"shop": TIERED}, now=NOON))
    office.counter.take(anonymous(1000, kind="exchange"))
    later = anonymous(1000, kind="exchange", revision=1, original="never told")
    real = client.query

    def query(**call: Any) -> Any:
        found = real(**call)
        if "#receipt#" in call["ExpressionAttributeValues"][":pk"]["S"]:
            client.guarded = False
            office.counter.take(later)
            client.guarded = True
        return found

    client.query = query  # type: ignore[method-assign]
    assert office.claim(CLAIM).status_code == 200
    assert ("PutItem", "waiting#rewards") in client.asked


def imported(module: str, **environment: str) -> set[str]:
    code = f"import sys, chalicelib.{module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_only_who_asks_for_members_pays_for_rewards() -> None:
    names = {"door_members", "desk", "members", "ledger", "rewards", "inbox", "shelf", "tries"}
    found = imported("reception")
    assert "chalicelib.door" in found
    assert not {f"chalicelib.{name}" for name in names} & found


@pytest.mark.parametrize(
    ("function", "imports"), [("tillbridge-dev", True), ("tillbridge-dev-nordmarkt", False)]
)
def test_only_the_doors_function_pays_for_the_door(function: str, *, imports: bool) -> None:
    stage = {"STAGE": "dev", "AWS_DEFAULT_REGION": "us-east-1"}
    found = imported("doorway", AWS_LAMBDA_FUNCTION_NAME=function, **stage)
    assert ("chalicelib.reception" in found) is imports
