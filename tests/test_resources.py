"""What follows from app.py: queues, dead letters, alarms, policies; within AWS's limits."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cfnlint import ManualArgs, api
from parliament import analyze_policy_string

from chalicelib.errors import Misconfigured
from chalicelib.model import Merchant
from ops import merchants, package, resources, ship, stack
from ops.parts import logical_id
from ops.permissions import door_policy, policy, service_policy

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
        text = Path("app.py").read_text()
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


def test_the_tables_expire_items_and_can_be_recovered() -> None:
    tables = of_type("AWS::DynamoDB::Table")
    assert len(tables) == 2
    for table in tables:
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expiry", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_rewards_get_transactions_and_nothing_else_the_topic_may_carry_one_day() -> None:
    filters = {
        one["Endpoint"]["Fn::Sub"].rpartition(":")[2]: one.get("FilterPolicy")
        for one in of_type("AWS::SNS::Subscription")
    }
    assert filters == {
        "tillbridge-dev-archive": None,
        "tillbridge-dev-rewards": {
            "type": ["tillbridge.transaction.v1"], "kind": ["sale", "return", "exchange", "void"],
        },
    }  # fmt: skip


def test_the_rewards_function_may_touch_its_own_queue_table_and_dead_letters_only() -> None:
    granted = {
        (action, resource)
        for statement in service_policy("rewards", STAGE, PLACE, [])["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    stem = "tillbridge-dev-rewards"
    table, queue = f"arn:aws:dynamodb:{PLACE}:table/{stem}", f"arn:aws:sqs:{PLACE}:{stem}"
    assert {one for one in granted if not one[0].startswith("logs:")} == {
        *((f"dynamodb:{name}", table) for name in ("GetItem", "Query", "PutItem", "DeleteItem")),
        *((f"sqs:{name}", queue) for name in ("ReceiveMessage", "DeleteMessage",
                                              "GetQueueAttributes", "ChangeMessageVisibility")),
        ("sqs:SendMessage", f"{queue}-dead"),
    }  # fmt: skip


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
    "name",
    [
        "harbour-coffee-queue",
        "harbour-coffee-dead",
        "rewards",
        "nordmarkt-",
        "transactions",
        "files",
    ],
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
    everyone = merchants.declared(STAGE)
    policies = [policy(one, STAGE, PLACE) for one in everyone]
    services = [service_policy(one, STAGE, PLACE, everyone) for one in merchants.SERVICES]
    for document in (*policies, *services, door_policy(everyone, STAGE, PLACE)):
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
            f"arn:aws:s3:::tillbridge-dev-inbox-123456789012-eu-west-1/large/{one.merchant.id}/*",
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


def test_the_door_may_queue_for_merchants_and_read_no_queue(adding: Any) -> None:
    adding(*HUNDRED)
    everyone = merchants.declared(STAGE)
    document = door_policy(everyone, STAGE, PLACE)
    granted = {
        (action, resource)
        for one in document["Statement"]
        for action in one["Action"]
        for resource in one["Resource"]
    }
    sends = {
        resource for action, resource in granted if action in {"sqs:SendMessage", "sns:Publish"}
    }
    assert sends == {f"arn:aws:{one.kind}:{PLACE}:{one.source}" for one in everyone}
    assert not any("dead" in name or "rewards" in name for name in sends)
    rewards = {action for action, resource in granted if resource.endswith("-rewards")}
    assert rewards == {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"}
    other = {
        action
        for action, resource in granted
        if not action.startswith(("sqs:", "sns:")) and not resource.endswith("-rewards")
    }
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert other == writes | {
        "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameter", "dynamodb:BatchGetItem",
        "s3:PutObject",
    }  # fmt: skip
    secrets = [resource for action, resource in granted if action == "ssm:GetParameter"]
    assert secrets == [f"arn:aws:ssm:{PLACE}:parameter/tillbridge/{STAGE}/door/*"]
    for one in document["Statement"]:
        if one["Action"][0].startswith("dynamodb:"):
            assert one["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
            assert all(
                "#" in key
                for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            )
    # A role's own policies may have so many characters, without spaces.
    assert len(json.dumps(document, separators=(",", ":"))) <= 10_240


def test_nobody_but_the_door_may_read_its_secrets() -> None:
    everyone = merchants.declared(STAGE)
    policies = [policy(one, STAGE, PLACE) for one in everyone]
    services = [service_policy(one, STAGE, PLACE, everyone) for one in merchants.SERVICES]
    for document in (*policies, *services):
        assert "ssm:" not in json.dumps(document)


def test_the_api_s_log_has_no_body_no_header_and_no_query() -> None:
    api = package.additions(STAGE)["Resources"]["RestAPI"]["Properties"]
    told = set(json.loads(api["AccessLogSetting"]["Format"]).values())
    assert not any(word in one for one in told for word in ("header", "query", "body", "auth"))
    [limits] = api["MethodSettings"]
    assert limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_without_routes_there_is_no_door(adding: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    adding()
    monkeypatch.setattr("ops.door.load", lambda _: SimpleNamespace(app=SimpleNamespace(routes={})))
    assert not any("Door" in name for name in package.additions(STAGE)["Resources"])


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
    for name in (*merchants.SERVICES, *(one.function for one in merchants.declared(STAGE))):
        packaged["Resources"][f"{logical_id(name)}Role"] = {"Type": "AWS::IAM::Role"}
    parts = ship.split(packaged, STAGE)
    assert len(parts) == 103
    together: dict[str, Any] = {}
    for template in parts.values():
        together |= template["Resources"]
    assert together == packaged["Resources"]


def test_few_merchants_are_packaged_as_one_stack() -> None:
    assert list(ship.split(package.additions(STAGE), STAGE)) == ["tillbridge-dev"]


def statements(document: dict[str, Any], action: str) -> list[str]:
    return [
        resource
        for one in document["Statement"]
        if action in one["Action"]
        for resource in one["Resource"]
    ]


def test_the_function_of_files_reads_files_and_sends_to_merchants_queues_and_no_more() -> None:
    everyone = merchants.declared(STAGE)
    document = service_policy("files", STAGE, PLACE, everyone)
    bucket = "arn:aws:s3:::tillbridge-dev-inbox-123456789012-eu-west-1"
    assert statements(document, "s3:GetObject") == [f"{bucket}/files/*"]
    assert statements(document, "s3:PutObject") == [f"{bucket}/large/*", f"{bucket}/results/*"]
    queues = {one.source for one in everyone if one.kind == "sqs"} | {"tillbridge-dev-files"}
    sent = statements(document, "sqs:SendMessage")
    assert {one.rpartition(":")[2] for one in sent} == queues
    [table] = [one for one in document["Statement"] if "dynamodb:PutItem" in one["Action"]]
    keys = table["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert keys == ["files#*"]
    assert "files" not in {one.merchant.id for one in everyone}


def test_no_object_is_gone_before_the_message_that_points_to_it() -> None:
    longest = max(one["MessageRetentionPeriod"] for one in of_type("AWS::SQS::Queue"))
    queue = found()["HarbourCoffeeQueue"]["Properties"]["MessageRetentionPeriod"]
    rules = found()["InboxBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    days = {one["Prefix"]: one["ExpirationInDays"] for one in rules}
    assert days["large/"] * 86_400 > queue + longest
    assert days["files/"] == days["large/"] < days["results/"]


def test_every_bucket_is_private_encrypted_and_takes_nothing_but_tls() -> None:
    buckets = {ref: one for ref, one in found().items() if one["Type"] == "AWS::S3::Bucket"}
    assert buckets.keys() == {"ArchiveBucket", "InboxBucket"}
    policies = {one["Bucket"]["Ref"]: one for one in of_type("AWS::S3::BucketPolicy")}
    for ref, one in buckets.items():
        assert set(one["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert one["Properties"]["BucketEncryption"]
        deny = policies[ref]["PolicyDocument"]["Statement"][0]
        assert (deny["Effect"], deny["Action"]) == ("Deny", "s3:*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_notes_of_files_come_from_our_own_bucket_only() -> None:
    [allowed] = [
        one
        for one in found()["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Allow"
    ]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    name = found()["InboxBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    assert source.endswith(f":s3:::{name}")
    assert found()["InboxBucket"]["DependsOn"] == "FilesPolicy"


def test_a_vendors_account_may_drop_its_own_merchants_files(adding: Any) -> None:
    adding("corner-shop")
    policy_ = found()["InboxBucketPolicy"]["Properties"]["PolicyDocument"]
    [allowed] = [one for one in policy_["Statement"] if one["Effect"] == "Allow"]
    assert "210987654321" in allowed["Principal"]["AWS"]["Fn::Sub"]
    assert allowed["Action"] == "s3:PutObject"
    assert [one["Fn::Sub"] for one in allowed["Resource"]] == [
        f"${{InboxBucket.Arn}}/{part}/corner-shop/*" for part in ("large", "files")
    ]


def test_an_app_without_the_function_of_files_is_refused(adding: Any, tmp_path: Path) -> None:
    adding()
    text = (tmp_path / "app.py").read_text()
    (tmp_path / "app.py").write_text(text.partition('@app.on_sqs_message(queue=named("files")')[0])
    with pytest.raises(Misconfigured, match="no function files"):
        resources.whole(STAGE)


def test_what_names_a_transaction_is_told_of_tills_whose_rows_are_parts_of_one() -> None:
    from chalicelib.adapters import csv_export, json_lines, square  # noqa: PLC0415
    from chalicelib.mapping import Lines, Mapping  # noqa: PLC0415

    def told(adapt: Any) -> dict[str, Any]:
        return merchants.Declared("f", "sqs", "q", Merchant("m", adapt)).told()

    flat = Mapping(id=("Shop", "Receipt"), date="D", lines=Lines(total="T"), delimiter=";")
    assert told(square.adapt) == told(json_lines.adapt) == {"kind": "sqs"}
    assert told(csv_export.adapt)["key"] == ["id"]
    found_ = told(csv_export.adapter(flat))
    assert (found_["key"], found_["delimiter"]) == (["shop", "receipt"], ";")
    assert told(json_lines.adapter(flat))["key"] == ["Shop", "Receipt"]


def test_an_app_without_rewards_has_their_table_and_no_function(adding: Any) -> None:
    adding("corner-shop")
    path = Path(sys.path[0]) / "app.py"
    path.write_text(path.read_text().replace('queue=named("rewards")', 'queue=named("other")')
                    .replace("def rewards(", "def other("))  # fmt: skip
    assert merchants.services(STAGE) == ["archive", "files"]
    assert {name for name in found() if name.startswith("Rewards")} == {
        "RewardsTable", "RewardsDead", "RewardsQueue", "RewardsPolicy", "RewardsDeadAlarm",
        "RewardsSubscription",
    }  # fmt: skip
