"""The console's pages as a server sends them: what they tell, and whom they refuse."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from chalicelib.errors import Code, Misconfigured, Rejected
from chalicelib.story import Told
from ops import aws, deadletters
from ops.console import place, points
from ops.console.pages import Console
from ops.console.remedies import remedies
from ops.tills import Sale, shopify_order, square_payment
from tests.hands import Hands
from tests.operator import STAGE, Operator

HOST = "127.0.0.1:8321"
PAN = "4111111111111111"
BAD = Rejected(Code.BAD_MONEY, "an amount in minor units must be an integer", 2)
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


class Clock:
    """The time, ahead of the real one by so many seconds."""

    ahead = 0

    def __call__(self) -> int:
        return int((time.time() + self.ahead) * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(operator: Operator, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> place.Stage:
    assert operator
    # The emulator answers with all that there is; test_quarantine_ops waits as on AWS.
    monkeypatch.setattr(deadletters, "_WAIT_SECONDS", 0)
    return place.staged(STAGE, clock)


def client(stage: place.Stage) -> TestClient:
    app = Console(stage, "on the tests' emulator", 8321).app([HOST, "localhost:8321"])
    return TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False)


@pytest.fixture
def alone() -> TestClient:
    """A browser that asks for nothing that needs AWS."""
    return client(place.staged(STAGE))


@pytest.fixture
def browser(stage: place.Stage) -> TestClient:
    return client(stage)


def text(page: str) -> str:
    """Return what is read of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


PATHS = ("/help", "/static/console.css", "/merchants/nobody", "/no-such-page")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_that_keep_others_out(alone: TestClient, path: str) -> None:
    for answer in (alone.get(path), alone.get(path, headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8321", "127.0.0.1", "127.0.0.1:80"])
def test_another_name_for_this_machine_is_refused(alone: TestClient, host: str) -> None:
    answer = alone.get("/help", headers={"host": host})
    assert (answer.status_code, "Keys" in answer.text) == (421, False)
    assert alone.get("/help", headers={"host": "localhost:8321"}).status_code == 200


def test_another_site_may_link_and_nothing_else(alone: TestClient) -> None:
    cross = {"sec-fetch-site": "cross-site"}
    assert alone.get("/help", headers=cross | {"sec-fetch-mode": "no-cors"}).status_code == 403
    assert alone.get("/help", headers=cross | {"sec-fetch-mode": "navigate"}).status_code == 200


def form_of(browser: TestClient) -> dict[str, Any]:
    """Return the fields of the form that confirms a redrive."""
    page = browser.get("/quarantine/harbour-coffee/redrive").text
    fields: dict[str, Any] = {"id": re.findall(r'name="id" value="([^"]+)"', page)}
    [fields["token"]] = re.findall(r'name="token" value="([^"]+)"', page)
    return fields


REDRIVE, OURS = "/quarantine/harbour-coffee/redrive", {"origin": f"http://{HOST}"}


def test_only_the_form_that_this_browser_got_sends_messages_again(
    operator: Operator, browser: TestClient
) -> None:
    operator.set_aside("harbour-coffee", '{"a": 1}', BAD)
    form = form_of(browser)
    assert len(form["id"]) == 1
    cookie = browser.cookies["tillbridge-console-8321"]
    for origin in ({}, {"origin": "null"}, {"origin": "http://evil.example"}):
        assert browser.post(REDRIVE, data=form, headers=origin).status_code == 403
    forged = form | {"token": "0" * 64}
    assert browser.post(REDRIVE, data=forged, headers=OURS).status_code == 403
    assert browser.post(REDRIVE, data={"id": form["id"]}, headers=OURS).status_code == 403
    for other in ("", "another-browser"):
        browser.cookies.set("tillbridge-console-8321", other, domain="127.0.0.1")
        answer = browser.post(REDRIVE, data=form, headers=OURS)
        assert (answer.status_code, "load the page again" in answer.text) == (403, True)
    assert operator.messages("harbour-coffee") == []
    browser.cookies.clear()
    browser.cookies.set("tillbridge-console-8321", cookie)
    answer = browser.post(REDRIVE, data=form, headers=OURS)
    assert "1 of 1 message was sent again." in text(answer.text)
    assert operator.bodies("harbour-coffee") == [{"a": 1}]
    assert operator.messages("harbour-coffee-dead") == []


def test_a_form_beyond_all_measure_is_refused(alone: TestClient) -> None:
    assert alone.post(REDRIVE, content=b"x" * 300_000, headers=OURS).status_code == 413


def test_a_cookie_is_not_sent_by_other_sites(alone: TestClient) -> None:
    cookie = alone.get("/help").headers["set-cookie"].lower()
    assert "samesite=strict" in cookie
    assert "httponly" in cookie


def test_only_what_was_confirmed_is_sent_again(operator: Operator, browser: TestClient) -> None:
    operator.set_aside("harbour-coffee", '{"a": 1}', BAD)
    form = form_of(browser)
    operator.set_aside("harbour-coffee", '{"a": 2}', BAD)
    browser.post(REDRIVE, data=form, headers=OURS)
    assert operator.bodies("harbour-coffee") == [{"a": 1}]
    again = browser.post(REDRIVE, data=form, headers=OURS)
    assert "0 of 1 messages were sent again. The others are no longer" in text(again.text)
    assert operator.bodies("harbour-coffee-dead") == [{"a": 2}]


def test_quarantine_is_shown_with_reasons_and_masked_and_is_not_disturbed(
    operator: Operator, browser: TestClient
) -> None:
    operator.set_aside("harbour-coffee", json.dumps({"note": PAN}), BAD)
    operator.set_aside("harbour-coffee", "{", Rejected(Code.NOT_JSON, "the body is not JSON"))
    dead = operator.url("harbour-coffee-dead")
    raw = json.dumps({"note": PAN, "email": "ann@example.com"})
    aws.client("sqs").send_message(QueueUrl=dead, MessageBody=raw)  # as SQS does by itself
    page = browser.get("/quarantine/harbour-coffee").text
    assert "3 messages are in quarantine, the oldest since 20" in text(page)
    assert "record 2: an amount in minor units must be an integer" in text(page)
    assert "************1111" in page
    assert PAN not in page
    assert "ann@example.com" not in page
    one = text(browser.get("/quarantine/harbour-coffee?code=not_json").text)
    assert "the body is not JSON" in one
    assert "an amount in minor units" not in one
    assert "What to do: look at the till&#39;s sender" in one.replace("'", "&#39;")
    every = text(browser.get("/quarantine").text)
    assert "3 messages are in quarantine" in every
    assert len(operator.messages("harbour-coffee-dead")) == 3


def test_what_tills_send_is_shown_and_never_run(operator: Operator, browser: TestClient) -> None:
    reason = Rejected(Code.CONFLICT, HOSTILE, subject=HOSTILE)
    operator.set_aside("harbour-coffee", json.dumps({"x": HOSTILE}, ensure_ascii=False), reason)
    for path, known in (
        ("/quarantine/harbour-coffee", {}),
        ("/quarantine/harbour-coffee", {"code": HOSTILE}),
        ("/search", {"q": HOSTILE}),
        ("/search", {"q": HOSTILE, "merchant": HOSTILE}),
        ("/member", {"id": HOSTILE, "merchant": "nordmarkt"}),
        (f"/merchants/{HOSTILE}", {}),
    ):
        page = browser.get(path, params=known).text
        assert "<img" not in page, path
        assert "&lt;img src=x" in page, path
    shown = browser.get("/quarantine/harbour-coffee").text
    assert "\u202e" not in shown
    assert "\\u202e" in shown


def test_a_dry_run_foretells_and_sends_nothing(operator: Operator, browser: TestClient) -> None:
    operator.set_aside("harbour-coffee", square_payment(Sale(1, 100)), BAD)
    operator.set_aside("harbour-coffee", '{"x": 1}', BAD)
    page = text(browser.get("/quarantine/harbour-coffee/redrive").text)
    assert "1 would be published" in page
    assert "1 would be refused again (unknown_event)" in page
    assert operator.messages("harbour-coffee") == []


def test_errors_name_their_remedy(stage: place.Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(path: str, name: str = STAGE) -> str:
        return text(client(place.staged(name)).get(path).text)

    assert "app.py has no merchant" in page("/merchants/nobody")
    assert "it has harbour-coffee" in page("/merchants/nobody")
    assert "deploy stage prod first" in page("/", "prod")
    assert "deploy stage prod first" in page("/quarantine/harbour-coffee", "prod")
    assert "has no REWARDS in app.py" in page("/member?merchant=harbour-coffee&id=1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws.client.cache_clear()
    assert "`make run KEEP=1` again" in page("/")
    assert stage.emulated


def test_which_stage_is_looked_at_and_with_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "emulator.json"
    for name in ("STAGE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")  # to be put back
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="make run KEEP=1"):
        place.chosen(None, kept)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Misconfigured, match="set AWS_PROFILE"):
        place.chosen(None, kept)
    monkeypatch.delenv("AWS_PROFILE")
    kept.write_text(json.dumps({"at": "http://127.0.0.1:1234"}))
    name, where = place.chosen(None, kept)
    assert (name, "http://127.0.0.1:1234" in where) == ("local", True)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert place.chosen(None, kept)[0] == "dev"  # there are credentials now
    assert place.chosen("prod", kept) == ("prod", "with your own AWS credentials")
    assert "emulator" in place.chosen("local", kept)[1]
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    kept.write_text(json.dumps({"at": "http://10.0.0.1:1234"}))
    with pytest.raises(SystemExit, match="refusing"):
        place.chosen("local", kept)


def test_every_code_has_a_meaning_and_a_remedy() -> None:
    assert set(Code) - remedies().keys() == set()


def sentence(browser: TestClient, **asked: str) -> str:
    page = text(browser.get("/search", params=asked).text)
    return page.partition("Looking through the claims")[0]


def test_a_receipt_is_followed_from_the_till_to_its_points(
    operator: Operator, stage: place.Stage, browser: TestClient
) -> None:
    member = "ann@example.com"
    sales = (Sale(800, 300, member=member), Sale(801, 9900, member=member), Sale(802, 9900))
    Hands(operator, stage).sell("elm-street-books", *map(shopify_order, sales))
    assert "No points: it is worth less than the minimum of 5 USD." in sentence(browser, q="#1800")
    assert "No points: the till named no member. It can be claimed" in sentence(browser, q="1802")
    page = browser.get("/search", params={"q": "order:9007199254741794"}).text
    assert "It earned 990 points." in text(page)
    assert "sale of 99.00 USD" in text(page)
    assert "Published and committed" in text(page)
    assert "Invocation request-1 at" in text(page)
    assert "+990" in page
    assert member not in page
    [link] = set(re.findall(r'href="(/member\?[^"]+)"', page))
    ledger = text(browser.get(link.replace("&amp;", "&")).text)
    assert "Balance990" in ledger
    assert "+990" in ledger


def test_why_other_sales_have_no_points(
    operator: Operator, stage: place.Stage, browser: TestClient
) -> None:
    Hands(operator, stage).sell("harbour-coffee", square_payment(Sale(1, 100)))
    payment = "payment:PAY000000001"
    assert "app.py declares no REWARDS for harbour-coffee" in sentence(browser, q=payment)
    operator.set_aside("nordmarkt", '{"receipt": "R-77"}', BAD)
    assert "It was not published, but 1 message in quarantine" in sentence(browser, q="R-77")
    assert "Nothing is known of R-78" in sentence(browser, q="R-78")
    source, subject = "/tillbridge/elm-street-books/shopify", "refund:1"
    data = json.loads(shopify_event(source, subject))
    news = Told("e1", source, subject, 1, data, "order:404")
    stage.desk.inbox.take(news, stage.desk.effect_of(news))
    told = why(stage, "elm-street-books", subject)
    assert "it refers to order:404, which rewards were never told of" in told
    assert "rewards were never told of it" in why(stage, "elm-street-books", "order:9")


def why(stage: place.Stage, merchant: str, subject: str) -> str:
    return points.rewarded(stage, stage.merchant(merchant), subject).sentence


def shopify_event(source: str, subject: str) -> str:
    """Return the data of a return whose sale nobody has told of."""
    _, _, merchant, vendor = source.split("/")
    return json.dumps({
        "merchant": merchant, "vendor": vendor, "id": subject, "revision": 1, "kind": "return",
        "original": "order:404", "occurred_at": "2026-11-23T10:00:00+00:00", "currency": "USD",
        "exponent": 2, "lines": [], "subtotal": -100, "total": -100,
    })  # fmt: skip


def test_the_page_is_there_before_what_takes_long(operator: Operator, browser: TestClient) -> None:
    assert operator
    page = browser.get("/quarantine").text
    assert page.index("Looking through every merchant") < page.index("Nothing is in quarantine")
