"""The operator's way through quarantine: look, foretell, send again, discard."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.claims import Claim
from chalicelib.errors import Code, Rejected
from chalicelib.publish import event
from chalicelib.reading import read
from chalicelib.table import Table
from ops import aws, merchants
from ops.tills import Sale, shopify_order, square_payment
from tests.operator import STAGE, Operator

BAD = Rejected(Code.BAD_MONEY, "an amount in minor units must be an integer", 2)
PAN = "4111111111111111"


def test_nothing_in_quarantine_is_said_so(operator: Operator) -> None:
    assert operator.run("quarantine", "list", "harbour-coffee", "--stage", STAGE) == (
        0, "harbour-coffee: nothing is in quarantine",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("list", "no-shop"), "it has harbour-coffee, elm-street-books"),
        (("list", "harbour-coffee", "--stage", "prod"), "deploy stage prod first"),
        (("show", "harbour-coffee", "zzz"), "no message in quarantine begins with zzz"),
        (("discard", "harbour-coffee", "--save", "x.jsonl"), "say which: --code"),
    ],
)
def test_an_error_says_what_to_do(
    operator: Operator, arguments: tuple[str, ...], remedy: str
) -> None:
    arguments += () if "--stage" in arguments else ("--stage", STAGE)
    status, printed = operator.run("quarantine", *arguments)
    assert status == 2
    assert remedy in printed


def test_a_list_tells_why_and_disturbs_nothing(operator: Operator) -> None:
    for at in range(25):
        reason = Rejected(Code.UNKNOWN_STATUS, "unknown payment status") if at % 5 else BAD
        operator.set_aside("harbour-coffee", json.dumps({"at": at}), reason)
    for _ in range(2):  # whoever looks leaves all as it was
        status, printed = operator.run("quarantine", "list", "harbour-coffee", "--stage", STAGE)
        assert status == 0
        assert "25 messages: unknown_status 20, bad_money 5" in printed
        assert "#2: an amount in minor units must be an integer" in printed
    assert len(operator.messages("harbour-coffee-dead")) == 25
    _, one = operator.run(
        "quarantine", "list", "harbour-coffee", "--stage", STAGE, "--code", "bad_money", "--json"
    )
    assert one.count('"code": "bad_money", "records": 1') == 5


def test_who_stops_looking_early_gives_everything_back(operator: Operator) -> None:
    for at in range(12):
        operator.set_aside("harbour-coffee", json.dumps({"at": at}), BAD)
    command = ("quarantine", "list", "harbour-coffee", "--stage", STAGE)
    assert "1 messages" in operator.run(*command, "--limit", "1")[1]
    assert operator.run("quarantine", "show", "harbour-coffee", "zzz", "--stage", STAGE)[0] == 2
    assert "12 messages" in operator.run(*command)[1]


def test_a_code_is_found_wherever_its_message_lies(operator: Operator) -> None:
    for at in range(5):
        reason = Rejected(Code.EMPTY, "x") if at == 3 else BAD
        operator.set_aside("harbour-coffee", json.dumps({"at": at}), reason)
    command = ("quarantine", "redrive", "harbour-coffee", "--stage", STAGE, "--code", "empty")
    assert "1 of 1 moved" in operator.run(*command, "--yes")[1]
    assert operator.bodies("harbour-coffee") == [{"at": 3}]


def test_a_message_is_shown_with_all_its_reasons_and_masked(operator: Operator) -> None:
    other = Rejected(Code.CONFLICT, "other content", subject="order:1")
    operator.set_aside("harbour-coffee", json.dumps({"note": PAN, "n": 1}), BAD, other)
    [letter] = operator.messages("harbour-coffee-dead")
    status, printed = operator.run(
        "quarantine", "show", "harbour-coffee", letter["MessageId"][:8], "--stage", STAGE
    )
    assert status == 0
    assert '"position": 2' in printed
    assert '"transaction": "order:1"' in printed
    assert '"note": "************1111"' in printed
    assert PAN not in printed


def test_what_sqs_or_lambda_gave_up_is_masked_before_it_is_shown(operator: Operator) -> None:
    body = json.dumps({"note": PAN})
    sns = {"MessageId": "m", "TopicArn": "t", "Message": body, "MessageAttributes": {}}
    record = {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": {"Records": [{"Sns": sns}]},
        "responsePayload": {"errorType": "Retry", "errorMessage": f"left {PAN}"},
    }
    for merchant, text in (("harbour-coffee", body), ("night-market", json.dumps(record))):
        dead = operator.url(f"{merchant}-dead")
        [sent] = [aws.client("sqs").send_message(QueueUrl=dead, MessageBody=text)["MessageId"]]
        status, printed = operator.run("quarantine", "show", merchant, sent, "--stage", STAGE)
        assert status == 0
        assert "************1111" in printed
        assert PAN not in printed
        assert "failed" in printed


def fate(body: str, operator: Operator, merchant: str = "harbour-coffee") -> str:
    operator.set_aside(merchant, body, BAD)
    _, printed = operator.run("quarantine", "redrive", merchant, "--stage", STAGE, "--dry-run")
    assert "Nothing was moved" in printed
    return printed


def claimed(body: str, revision: int, *, committed: bool, content: str = "") -> None:
    """Leave a claim of the body's transaction in the table, as a worker would."""
    one = merchants.named(STAGE, "harbour-coffee")
    [found] = read(body, one.merchant)
    made = event(found)  # type: ignore[arg-type]
    lease = 0 if committed else 9_999_999_999_999
    claim = Claim(made.key, "b1", revision, content or made.fingerprint, lease)
    table = Table(aws.client("dynamodb"), f"tillbridge-{STAGE}")
    table.put(claim, 1_795_000_000_000)
    if committed:
        table.put_marker("harbour-coffee#batch#b1", {}, 1_795_000_000_000)


@pytest.mark.parametrize(
    ("settings", "ahead"),
    [
        (None, "1 would be published"),
        ({"revision": 0, "committed": True}, "1 would be a duplicate"),
        ({"revision": 10**14, "committed": True, "content": "x"}, "1 would be superseded"),
        ({"revision": 0, "committed": True, "content": "x"}, "1 would be published"),
        ({"revision": 0, "committed": False}, "1 is being worked on right now"),
    ],
)
def test_a_dry_run_foretells_what_the_pipeline_would_do(
    operator: Operator, settings: dict[str, Any] | None, ahead: str
) -> None:
    body = square_payment(Sale(1, 100))
    if settings is not None:
        claimed(body, **settings)
    assert ahead in fate(body, operator)
    assert len(operator.messages("harbour-coffee-dead")) == 1


def test_a_dry_run_foretells_refusals_and_what_is_ignored(operator: Operator) -> None:
    body = json.dumps([json.loads(square_payment(Sale(1, 100))), {"x": 1}])
    body = body[:-1] + f", {square_payment(Sale(2, 5), status='PENDING')}]"
    printed = fate(body, operator)
    assert "1 would be published" in printed
    assert "1 would be refused again (unknown_event)" in printed
    assert "1 would be ignored" in printed


def test_a_redrive_sends_the_body_back_without_our_attributes(operator: Operator) -> None:
    operator.set_aside("harbour-coffee", '{"a": 1}', BAD)
    operator.set_aside("harbour-coffee", '{"a": 2}', Rejected(Code.EMPTY, "x"))
    operator.set_aside("harbour-coffee", '{"a": "\x00"}', BAD)  # which had to be packed
    status, printed = operator.run(
        "quarantine", "redrive", "harbour-coffee", "--stage", STAGE, "--code", "bad_money", "--yes"
    )
    assert status == 0
    assert "2 of 2 moved to tillbridge-dev-harbour-coffee" in printed
    packed, plain = sorted(operator.messages("harbour-coffee"), key=lambda one: one["Body"])[::-1]
    if "MessageAttributes" in plain:
        packed, plain = plain, packed
    assert plain["Body"] == '{"a": 1}'
    assert "MessageAttributes" not in plain
    assert list(packed["MessageAttributes"]) == ["ContentEncoding"]
    [left] = operator.messages("harbour-coffee-dead")
    assert left["Body"] == '{"a": 2}'


def test_a_redrive_of_a_topic_publishes_to_it(operator: Operator) -> None:
    sink = aws.client("sqs").create_queue(QueueName="sink")["QueueUrl"]
    topic = f"arn:aws:sns:{aws.place()}:tillbridge-{STAGE}-night-market"
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{aws.place()}:sink"
    )
    body = shopify_order(Sale(1, 100))
    operator.set_aside("night-market", body, BAD)
    assert operator.run("quarantine", "redrive", "night-market", "--stage", STAGE, "--yes")[0] == 0
    [got] = aws.client("sqs").receive_message(QueueUrl=sink, WaitTimeSeconds=5)["Messages"]
    assert json.loads(got["Body"])["Message"] == body
    assert operator.messages("night-market-dead") == []


def test_what_aws_refuses_stays_in_quarantine(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(3):
        operator.set_aside("harbour-coffee", json.dumps({"at": at}), BAD)
    sqs, send = aws.client("sqs"), aws.client("sqs").send_message_batch

    def refusing(**call: Any) -> Any:
        return send(QueueUrl=call["QueueUrl"], Entries=call["Entries"][1:])

    monkeypatch.setattr(sqs, "send_message_batch", refusing)
    status, printed = operator.run(
        "quarantine", "redrive", "harbour-coffee", "--stage", STAGE, "--yes"
    )
    assert status == 1
    assert "2 of 3 moved" in printed
    assert len(operator.messages("harbour-coffee-dead")) == 1
    assert len(operator.messages("harbour-coffee")) == 2


def test_what_is_discarded_is_saved_first(operator: Operator, tmp_path: Path) -> None:
    operator.set_aside("harbour-coffee", json.dumps({"note": PAN}), BAD)
    kept = tmp_path / "kept.jsonl"
    command = ("quarantine", "discard", "harbour-coffee", "--stage", STAGE, "--all", "--save")
    assert operator.run(*command, str(kept))[0] == 2  # no terminal to ask at
    assert not kept.exists()
    assert operator.run(*command, str(kept), "--yes")[0] == 0
    [saved] = [json.loads(line) for line in kept.read_text().splitlines()]
    assert saved["code"] == "bad_money"
    assert saved["body"] == '{"note": "************1111"}'
    assert operator.messages("harbour-coffee-dead") == []
    operator.set_aside("harbour-coffee", "{}", BAD)
    status, printed = operator.run(*command, str(kept), "--yes")
    assert (status, "is there already" in printed) == (2, True)
    assert len(operator.messages("harbour-coffee-dead")) == 1
