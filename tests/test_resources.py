"""What follows from app.py: queues, dead letters, alarms, policies; within AWS's limits."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint import ManualArgs, api
from parliament import analyze_policy_string

from chalicelib.errors import Misconfigured
from ops import merchants, package, resources, ship, stack
from ops.parts import logical_id
from ops.permissions import archive_policy, policy

PLACE = "eu-west-1:123456789012"
STAGE = "dev"
NEIGHBOUR = """
@app.on_{kind}_message({source}=named("{name}"){batch})
def {function}(event: Any) -> None:
    relay(event, Merchant("{name}", square.adapt, sender="210987654321"))
"""


@pytest.fixture
def adding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let app.py be a copy of ours with more merchants in it."""

    def add(*names: str, kind: str = "sqs") -> None:
        text = (
            Path("app.py")
            .read_text()
            .replace("from chalice.app", "from typing import Any\nfrom chalice.app", 1)
        )
        source, batch = ("queue", ", batch_size=10") if kind == "sqs" else ("topic", "")
        for name in names:
            text += NEIGHBOUR.format(
                kind=kind, source=source, batch=batch, name=name, function=name.replace("-", "_")
            )
        (tmp_path / "app.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "app", raising=False)

    return add


def found(stage: str = STAGE) -> dict[str, Any]:
    whole: dict[str, Any] = resources.whole(stage)["Resources"]
    return whole


def of_type(kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in found().values() if one["Type"] == kind]


def faults(template: dict[str, Any]) -> list[str]:
    matches = api.lint(json.dumps(template), config=ManualArgs(regions=["eu-west-1"]))
    return [f"{one.rule.id} {one.message}" for one in matches]


def test_cloudformation_s_linter_finds_nothing() -> None:
    for template in (resources.whole(STAGE), *resources.stacks(STAGE).values()):
        assert faults(template) == []
    spoiled = resources.whole(STAGE)
    spoiled["Resources"]["NordmarktQueue"]["Properties"]["VisibilityTimeouts"] = 1
    assert faults(spoiled)


def test_the_stacks_together_are_the_whole() -> None:
    parts: dict[str, Any] = {}
    for template in resources.stacks(STAGE).values():
        assert not parts.keys() & template["Resources"].keys()
        parts |= template["Resources"]
    assert parts == found()


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_a_new_merchant_is_one_function_and_all_else_follows(adding: Any, kind: str) -> None:
    before = found()
    adding("corner-shop", kind=kind)
    after = found()
    names = {
        one["Properties"][key]
        for name, one in after.items()
        if name not in before
        for key in ("QueueName", "TopicName", "AlarmName", "LogGroupName")
        if key in one["Properties"]
    }
    stem = "tillbridge-dev-corner-shop"
    last = "waiting" if kind == "sqs" else "lost"
    alarms = {f"{stem}-{what}" for what in ("dead", "errors", "throttles", "conservation", last)}
    assert names == {stem, f"{stem}-dead", "/aws/lambda/tillbridge-dev-corner_shop", *alarms}
    assert before.keys() <= after.keys()
    dashboard = json.loads(after["Dashboard1"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert dashboard["widgets"][-1]["properties"]["title"] == "corner-shop"
    one = merchants.named(STAGE, "corner-shop")
    assert "corner-shop#*" in json.dumps(policy(one, STAGE, PLACE))
    assert faults(resources.whole(STAGE)) == []


def test_a_queue_hides_a_message_for_six_times_as_long_as_its_function_may_run() -> None:
    hidden = found()["HarbourCoffeeQueue"]["Properties"]["VisibilityTimeout"]
    assert hidden == 6 * resources.lambda_timeout()


def test_what_fails_too_often_goes_where_it_is_kept_longer() -> None:
    queues = {one["QueueName"]: one for one in of_type("AWS::SQS::Queue")}
    for name, one in queues.items():
        if not name.endswith(("-dead", "-undelivered", "-ledger")):
            redrive = one["RedrivePolicy"]
            assert redrive["maxReceiveCount"] >= 5
            dead = redrive["deadLetterTargetArn"]["Fn::Sub"].rpartition(":")[2]
            assert queues[dead]["MessageRetentionPeriod"] > one["MessageRetentionPeriod"]


def test_every_queue_is_encrypted_and_takes_nothing_but_tls() -> None:
    covered = {ref["Ref"] for one in of_type("AWS::SQS::QueuePolicy") for ref in one["Queues"]} | {
        ref["Ref"] for one in of_type("AWS::SNS::TopicPolicy") for ref in one["Topics"]
    }
    for name, one in found().items():
        if one["Type"] == "AWS::SQS::Queue":
            assert one["Properties"]["SqsManagedSseEnabled"]
        if one["Type"] in {"AWS::SQS::Queue", "AWS::SNS::Topic"}:
            assert name in covered, name
    for one in of_type("AWS::SQS::QueuePolicy") + of_type("AWS::SNS::TopicPolicy"):
        deny = one["PolicyDocument"]["Statement"][0]
        assert deny["Effect"] == "Deny"
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_can_not_be_had_again_outlives_its_stack() -> None:
    for name, one in found().items():
        needed = one["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"} or (
            one["Type"] == "AWS::SQS::Queue"
            and one["Properties"]["QueueName"].endswith(("-dead", "-undelivered"))
        )
        assert (one.get("DeletionPolicy") == "Retain") is needed, name
        assert one.get("UpdateReplacePolicy") == one.get("DeletionPolicy")


def test_the_table_expires_items_and_can_be_recovered() -> None:
    [table] = of_type("AWS::DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiry", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(("kind", "action"), [("sqs", "sqs:SendMessage"), ("sns", "sns:Publish")])
def test_a_vendors_account_may_send_and_nothing_else(adding: Any, kind: str, action: str) -> None:
    adding("corner-shop", kind=kind)
    label = "QueuePolicy" if kind == "sqs" else "TopicPolicy"
    statements = found()[f"CornerShop{label}"]["Properties"]["PolicyDocument"]["Statement"]
    [allowed] = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Action"] == action
    assert "210987654321" in allowed["Principal"]["AWS"]["Fn::Sub"]
    harbour = found()["HarbourCoffeeQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert all(one["Effect"] == "Deny" for one in harbour)


@pytest.mark.parametrize(
    "name", ["harbour-coffee-queue", "harbour-coffee-dead", "rewards", "nordmarkt-", "transactions"]
)
def test_a_merchant_whose_name_is_taken_is_refused(adding: Any, name: str) -> None:
    adding(name)
    with pytest.raises(Misconfigured, match="rename a merchant"):
        resources.whole(STAGE)


def unsound(document: dict[str, Any]) -> list[str]:
    """Return what the policy linter finds, and actions with a star, which it lets pass."""
    faults = [str(one) for one in analyze_policy_string(json.dumps(document)).findings]
    return faults + [
        action
        for statement in document["Statement"]
        for action in statement["Action"]
        if "*" in action
    ]


def test_the_policy_linter_finds_nothing_and_no_star_gets_in() -> None:
    policies = [policy(one, STAGE, PLACE) for one in merchants.declared(STAGE)]
    for document in (*policies, archive_policy(STAGE, PLACE)):
        assert unsound(document) == []
        for statement in document["Statement"]:
            service = statement["Action"][0].partition(":")[0]
            for spoiled in ({"Action": "*"}, {"Action": [f"{service}:*"]}, {"Resource": "*"}):
                assert unsound({**document, "Statement": [statement | spoiled]}), spoiled


def test_a_function_may_touch_its_own_merchants_things_only() -> None:
    everyone = merchants.declared(STAGE)
    for one in everyone:
        text = json.dumps(policy(one, STAGE, PLACE))
        assert f'"{one.merchant.id}#*"' in text
        for other in everyone:
            assert other is one or other.merchant.id not in text
        stars = [word for word in text.split('"') if "*" in word]
        assert stars == [
            f"arn:aws:logs:{PLACE}:log-group:/aws/lambda/tillbridge-dev-{one.function}:*",
            f"{one.merchant.id}#*",
        ]


def test_a_policy_without_its_condition_on_keys_is_no_policy_of_ours() -> None:
    for one in merchants.declared(STAGE):
        [table] = [
            statement
            for statement in policy(one, STAGE, PLACE)["Statement"]
            if statement["Action"][0].startswith("dynamodb:")
        ]
        assert table["Condition"]["ForAllValues:StringLike"] == {
            "dynamodb:LeadingKeys": [f"{one.merchant.id}#*"]
        }
        # ForAllValues is true of a request without keys, such as a Scan.
        assert table["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}


def test_in_a_package_a_function_waits_for_its_queue_and_answers_for_single_messages() -> None:
    found = package.additions("dev")["Resources"]
    for one in merchants.declared("dev"):
        function, bare = found[logical_id(one.function)], logical_id(one.merchant.id)
        [source] = function["Properties"]["Events"].values()
        if one.kind == "sqs":
            assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert source["Properties"]["Queue"] == {"Fn::Sub": f"${{{bare}Queue.Arn}}"}
        else:
            config = function["Properties"]["EventInvokeConfig"]
            target = config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::Sub"]
            assert target.endswith(f":tillbridge-dev-{one.merchant.id}-dead")


HUNDRED = [f"shop-{number:03}" for number in range(95)]


def test_a_hundred_merchants_stay_within_cloudformations_limits(adding: Any) -> None:
    adding(*HUNDRED)
    stacks = resources.stacks(STAGE)
    assert len(stacks) == 103
    for name, template in stacks.items():
        assert len(json.dumps(template, separators=(",", ":"))) <= stack.MOST_BYTES, name
        assert len(template["Resources"]) <= stack.MOST_RESOURCES


def test_a_package_of_a_hundred_merchants_is_split_and_loses_nothing(adding: Any) -> None:
    adding(*HUNDRED)
    packaged = package.additions(STAGE)
    for name in ("archive", *(one.function for one in merchants.declared(STAGE))):
        packaged["Resources"][f"{logical_id(name)}Role"] = {"Type": "AWS::IAM::Role"}
    parts = ship.split(packaged, STAGE)
    assert len(parts) == 103
    together: dict[str, Any] = {}
    for template in parts.values():
        together |= template["Resources"]
    assert together == packaged["Resources"]


def test_few_merchants_are_packaged_as_one_stack() -> None:
    assert list(ship.split(package.additions(STAGE), STAGE)) == ["tillbridge-dev"]
