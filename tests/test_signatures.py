"""Who may come in: each vendor's way to sign, by known answers, and how they fail."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import signatures
from chalicelib.signatures import DUMMY

NOW = 1_795_000_000
URL = "https://pos.example.com/api/v1/harbour-coffee/webhook"


@dataclass(frozen=True)
class Vector:
    """A signed call.  The signatures were made by `openssl dgst -sha256 -hmac`, not by our code."""

    vendor: str
    secret: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether the signature covers the whole body.
    whole: bool = True


#: Signatures in hex.
LIGHTSPEED = "51cd25a2b5e7e9fc81b042ce7482f01f23354627594b0bf565247a08036e0e3f"
ZETTLE = "b58aa1c72537ed523e9dcd94eb55e0e29ce332cad0a62b6ee10653d6fb988584"
STRIPE = "8ab7fe684ce3a78b53e5f53898ada5b461cee85eafeab9e6c59ef8e797a9d7d7"
OWN = "970ac5c0225debf1ef3a9670d07d39a66695f7b3200d63eb638fdeebe7754034"
ADYEN_KEY = "0123456789abcdef" * 4


def adyen(
    signature: str = "7gXS/isbAqa1tTz6DYKuQXm3mNNMJMlpf9teqvCl0fY=", **more: Any
) -> dict[str, Any]:
    item = {
        "additionalData": {"hmacSignature": signature}, "amount": {"currency": "EUR", "value": 450},
        "eventCode": "AUTHORISATION", "merchantAccountCode": "HarbourCoffee",
        "merchantReference": "till-1/7", "pspReference": "QFQTPCQ8HXSKGK82", "success": "true",
    } | more  # fmt: skip
    return {"live": "true", "notificationItems": [{"NotificationRequestItem": item}]}


VECTORS = [
    Vector("square", "sq-key", b'{"type":"payment.created","event_id":"e1"}',
           {"x-square-hmacsha256-signature": "h+1ztWpc/iu/6ChbKppfzTVnuzWK1f64JGvycT9guRs="}),
    Vector("shopify", "shp-key", b'{"id":820982911946154508,"total_price":"4.50"}',
           {"x-shopify-hmac-sha256": "Di3b3+0qwyPGEGbjMdGHe/TDDDbQ/+rGRqYatqiGsrQ="}),
    Vector("toast", "tst-key", b'{"timestamp":"2026-11-23T10:00:00.000+0000","guid":"g1"}',
           {"toast-signature": "MoBnz8cBFy+FBGv7sXd3V4e6jsa4PUbB+RGTlIOzan8="}),
    Vector("lightspeed", "ls-key", b"payload=%7B%22id%22%3A%22s1%22%7D&retailer_id=r1",
           {"x-signature": f"signature={LIGHTSPEED},algorithm=HMAC-SHA256"}),
    Vector("zettle", "zt-key", json.dumps({"eventName": "PurchaseCreated", "timestamp": 1795000000,
           "payload": '{"amount":450,"note":"caf\\u00e9"}'}).encode(),
           {"x-izettle-signature": ZETTLE}, whole=False),
    Vector("clover", "fixed-code", b'{"appId":"A1","merchants":{}}',
           {"x-clover-auth": "fixed-code"}, whole=False),
    Vector("adyen", ADYEN_KEY, json.dumps(adyen()).encode(), whole=False),
    Vector("stripe", "whsec_key", b'{"id":"evt_1","type":"payment_intent.succeeded"}',
           {"stripe-signature": f"t=1795000000,v1={STRIPE}"}),
    *(Vector(vendor, "own-key", b'{"id":"1"}',
             {"tillbridge-signature": f"t=1795000000,v1={OWN}"})
      for vendor in ("json_lines", "csv_export", "poslog", "sap_posdm")),
]  # fmt: skip
EACH = pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.vendor)


def passes(vector: Vector, *secrets: str, now: int = NOW, url: str = URL) -> bool:
    """Verify as the door does: whatever is raised means no."""
    verify = import_module(f"chalicelib.adapters.{vector.vendor}").verify
    try:
        return bool(verify(vector.headers, vector.body, url, secrets or (vector.secret,), now))
    except Exception:  # noqa: BLE001 - as in the door
        return False


@EACH
def test_a_call_that_is_signed_passes(vector: Vector) -> None:
    assert passes(vector)


@EACH
def test_either_of_two_secrets_will_do(vector: Vector) -> None:
    other = "f" * 64
    assert passes(vector, vector.secret, other)
    assert passes(vector, other, vector.secret)
    assert not passes(vector, other, DUMMY)


@EACH
def test_without_its_signature_it_fails(vector: Vector) -> None:
    bare = json.dumps(adyen("")).encode() if vector.vendor == "adyen" else vector.body
    assert not passes(replace(vector, headers={}, body=bare))
    for name, value in vector.headers.items():
        for spoiled in ("", value[:-1], value + "0", value.swapcase(), "\ud800", "é" * 40):
            assert not passes(replace(vector, headers={name: spoiled})), spoiled


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.whole], ids=lambda one: one.vendor)
def test_any_change_of_the_body_is_noticed(vector: Vector) -> None:
    for body in (vector.body + b" ", b" " + vector.body, vector.body[:-1], b"", b"{}"):
        assert not passes(replace(vector, body=body)), body


@EACH
def test_nothing_that_is_sent_makes_it_fall_over(vector: Vector) -> None:
    for body in (b"", b"\xff", b"[]", b'{"notificationItems":[]}', b"[" * 5000, b'{"a":NaN}'):
        if vector.vendor != "clover":  # whose code signs nothing
            assert not passes(replace(vector, body=body))


def test_square_signs_its_url() -> None:
    assert not passes(VECTORS[0], url=URL + "/")


def test_zettle_signs_what_the_payload_says_and_when() -> None:
    zettle = VECTORS[4]
    event = json.loads(zettle.body)
    assert passes(replace(zettle, body=json.dumps(event, indent=1).encode()))
    for spoiled in ({"payload": "{}"}, {"timestamp": 1795000001}):
        assert not passes(replace(zettle, body=json.dumps(event | spoiled).encode()))


def test_every_one_of_adyen_s_items_must_be_signed() -> None:
    vector = VECTORS[6]
    signed = json.loads(vector.body)
    for spoiled in ({"success": "false"}, {"amount": {"currency": "EUR", "value": 451}}):
        item = signed["notificationItems"][0]["NotificationRequestItem"] | spoiled
        for items in ([item], [*signed["notificationItems"], {"NotificationRequestItem": item}]):
            body = {"live": "true", "notificationItems": items}
            assert not passes(replace(vector, body=json.dumps(body).encode()))
    twice = signed | {"notificationItems": signed["notificationItems"] * 2}
    assert passes(replace(vector, body=json.dumps(twice).encode()))
    numbers = vector.body.replace(b'"value": 450', b'"value": "450"')
    assert passes(replace(vector, body=numbers))


@pytest.mark.parametrize("vendor", ["stripe", "json_lines"])
def test_what_has_a_time_is_good_for_five_minutes(vendor: str) -> None:
    [vector] = [one for one in VECTORS if one.vendor == vendor]
    for away in (-300, 300):
        assert passes(vector, now=NOW + away)
        assert not passes(vector, now=NOW + away + (1 if away > 0 else -1))


@pytest.mark.parametrize(
    "header",
    ["t=1795000000,t=1795000000,v1=X", "v1=X", "t=,v1=X", "t=-1,v1=X", "t=1795000000.0,v1=X",
     "t=\u0661795000000,v1=X", f"t={'9' * 5000},v1=X", "t=1795000000", "t=1795000000,v0=X",
     "v1", ",,,"],
)  # fmt: skip
def test_a_header_that_is_not_just_so_fails(header: str) -> None:
    [vector] = [one for one in VECTORS if one.vendor == "json_lines"]
    assert not passes(replace(vector, headers={"tillbridge-signature": header.replace("X", OWN)}))


def test_in_rotation_a_sender_may_sign_twice() -> None:
    [vector] = [one for one in VECTORS if one.vendor == "json_lines"]
    header = vector.headers["tillbridge-signature"].replace("v1=", f"v1={'0' * 64}, v1=")
    assert passes(replace(vector, headers={"tillbridge-signature": header}))


def test_a_signature_is_for_one_path_and_one_method() -> None:
    [vector] = [one for one in VECTORS if one.vendor == "json_lines"]
    assert not passes(vector, url="/v1/elm-street-books/webhook")
    for method, good in (("POST", True), ("GET", False)):
        place = f"{method} /v1/harbour-coffee/webhook"
        assert signatures.own(vector.headers, vector.body, place, (vector.secret,), NOW) is good


def test_no_signature_can_be_made_longer() -> None:
    """A plain hash of secret and text could be: knowing H(s + a) gives H(s + a + padding + b)."""
    [vector] = [one for one in VECTORS if one.vendor == "json_lines"]
    naive = hashlib.sha256(vector.secret.encode() + vector.body).hexdigest()
    header = {"tillbridge-signature": f"t={NOW},v1={naive}"}
    assert not passes(replace(vector, headers=header))
    padding = b"\x80" + b"\0" * 40 + (8 * (64 + len(vector.body))).to_bytes(8, "big")
    assert not passes(replace(vector, body=vector.body + padding + b"more"))


def test_time_and_body_can_t_be_shifted_into_each_other() -> None:
    header = {"tillbridge-signature": signatures.sign("s", NOW, "POST /v1/m/x", b"1\nx")}
    assert signatures.own(header, b"1\nx", "POST /v1/m/x", ("s",), NOW)
    assert not signatures.own(header, b"x", "POST /v1/m/x\n1", ("s",), NOW)


@given(st.binary(max_size=200), st.text(max_size=40), st.integers(0, 2**40))
def test_what_is_signed_in_our_own_way_is_known_again(body: bytes, secret: str, now: int) -> None:
    header = {"tillbridge-signature": signatures.sign(secret, now, "POST /v1/m/webhook", body)}
    assert signatures.own(header, body, "POST /v1/m/webhook", (DUMMY, secret), now) is (
        len(str(now)) < 12
    )
    by_hand = hmac.new(secret.encode(), f"{now}\nPOST /v1/m/webhook\n".encode() + body, "sha256")
    assert header["tillbridge-signature"].endswith(by_hand.hexdigest())


@pytest.mark.parametrize(
    ("vendor", "body", "meant"),
    [("zettle", b'{"eventName":"TestMessage","payload":"{}"}', "TestMessage"),
     ("zettle", b'{"eventName":"PurchaseCreated","payload":"{}"}', ""),
     ("clover", b'{"verificationCode":"3f0e-11"}', "3f0e-11"),
     ("clover", b'{"verificationCode":"3f0e-11","merchants":{}}', ""),
     ("clover", b'{"verificationCode":"3f0e\\n11"}', ""),
     ("clover", b'{"appId":"A1","merchants":{}}', "")],
)  # fmt: skip
def test_what_comes_before_there_is_a_secret_is_recognised(
    vendor: str, body: bytes, meant: str
) -> None:
    assert import_module(f"chalicelib.adapters.{vendor}").handshake(body) == meant


def test_all_pairs_are_compared_whatever_the_first_of_them_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[Any] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *two: compared.append(two) or real(*two))
    assert signatures.same(["a", "b"], ["a", "c"])
    assert not signatures.same(["x"], ["a", "c"])
    assert len(compared) == 6
