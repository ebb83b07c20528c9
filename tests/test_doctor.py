"""A sound stage, spoiled in one place at a time: the doctor finds that, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ops import __main__, aws, checks, doctor, local, merchants, snapshot
from ops.emulator import ACCOUNT, REGION, Emulator

STAGE = "ward"
STEM = f"tillbridge-{STAGE}"
HARBOUR, MARKET, SAKURA = (f"{STEM}-{one}" for one in ("harbour_coffee", "night_market",
                                                       "sakura_bakery"))  # fmt: skip


@pytest.fixture(scope="module")
def ward(emulator: Emulator) -> Iterator[None]:
    """Deploy a stage, functions and all, and give the doctor credentials for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        for cached in (aws.client, aws.place):
            cached.cache_clear()
        local.deploy(emulator, "k" * 32, STAGE)
        yield
    for cached in (aws.client, aws.place):
        cached.cache_clear()


def found() -> list[str]:
    return [f"{one.about}: {one.reason}" for one in doctor.examined(snapshot.look(STAGE))]


def url(name: str) -> str:
    return str(aws.client("sqs").get_queue_url(QueueName=f"{STEM}-{name}")["QueueUrl"])


def queue(name: str, **attributes: str) -> Iterator[None]:
    """Set attributes of a queue, and set them back."""
    sqs = aws.client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=url(name), AttributeNames=["All"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url(name), Attributes=attributes)
    yield
    old = {key: before.get(key, "") for key in attributes}
    sqs.set_queue_attributes(QueueUrl=url(name), Attributes=old)


def function(name: str, **settings: Any) -> Iterator[None]:
    lambda_ = aws.client("lambda")
    before = lambda_.get_function_configuration(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, **settings)
    yield
    lambda_.update_function_configuration(
        FunctionName=name, **{key: before[key] for key in settings}
    )


def mapping(**settings: Any) -> Iterator[None]:
    lambda_ = aws.client("lambda")
    [one] = lambda_.list_event_source_mappings(FunctionName=HARBOUR)["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=one["UUID"], **settings)
    yield
    lambda_.update_event_source_mapping(UUID=one["UUID"], BatchSize=10, Enabled=True)


def second_mapping(queue_name: str) -> Iterator[None]:
    lambda_ = aws.client("lambda")
    made = lambda_.create_event_source_mapping(
        FunctionName=HARBOUR, BatchSize=10,
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STEM}-{queue_name}",
    )  # fmt: skip
    yield
    lambda_.delete_event_source_mapping(UUID=made["UUID"])


def role_policy(change: Any) -> Iterator[None]:
    iam = aws.client("iam")
    role = aws.client("lambda").get_function_configuration(FunctionName=HARBOUR)["Role"]
    names = {"RoleName": role.rpartition("/")[2]}
    names["PolicyName"] = iam.list_role_policies(**names)["PolicyNames"][0]
    before = iam.get_role_policy(**names)["PolicyDocument"]
    document = json.loads(before) if isinstance(before, str) else before
    iam.put_role_policy(
        **names, PolicyDocument=json.dumps(change(json.loads(json.dumps(document))))
    )
    yield
    iam.put_role_policy(**names, PolicyDocument=json.dumps(document))


def with_star(document: Any) -> Any:
    document["Statement"][1]["Action"].append("dynamodb:*")
    return document


def without_condition(document: Any) -> Any:
    del document["Statement"][1]["Condition"]
    return document


def without_publish(document: Any) -> Any:
    kept = [one for one in document["Statement"] if "sns:Publish" not in one["Action"]]
    return document | {"Statement": kept}


def no_expiry() -> Iterator[None]:
    dynamodb = aws.client("dynamodb")
    switch: dict[str, Any] = {"AttributeName": "expiry", "Enabled": False}
    dynamodb.update_time_to_live(TableName=STEM, TimeToLiveSpecification=switch)
    yield
    switch["Enabled"] = True
    dynamodb.update_time_to_live(TableName=STEM, TimeToLiveSpecification=switch)


def no_recovery() -> Iterator[None]:
    dynamodb, switch = aws.client("dynamodb"), "PointInTimeRecoverySpecification"
    for enabled in (False, True):
        dynamodb.update_continuous_backups(
            TableName=STEM, **{switch: {"PointInTimeRecoveryEnabled": enabled}}
        )
        if not enabled:
            yield


def unsubscribed(topic: str) -> Iterator[None]:
    sns, arn = aws.client("sns"), f"arn:aws:sns:{REGION}:{ACCOUNT}:{STEM}-{topic}"
    everyone = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    for one in everyone:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    yield
    for one in everyone:
        sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])


def no_failures_kept() -> Iterator[None]:
    lambda_ = aws.client("lambda")
    lambda_.delete_function_event_invoke_config(FunctionName=MARKET, Qualifier="$LATEST")
    yield
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STEM}-night-market-dead"
    lambda_.put_function_event_invoke_config(
        FunctionName=MARKET, DestinationConfig={"OnFailure": {"Destination": dead}}
    )


def alarm_gone() -> Iterator[None]:
    cloudwatch, name = aws.client("cloudwatch"), f"{STEM}-nordmarkt-waiting"
    [before] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[name])
    yield
    keys = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period",
            "EvaluationPeriods", "Threshold", "ComparisonOperator", "AlarmActions")  # fmt: skip
    cloudwatch.put_metric_alarm(**{key: before[key] for key in keys})


def log_for_ever() -> Iterator[None]:
    logs, group = aws.client("logs"), f"/aws/lambda/{HARBOUR}"
    logs.delete_retention_policy(logGroupName=group)
    yield
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)


def no_archive() -> Iterator[None]:
    lambda_, name = aws.client("lambda"), f"{STEM}-archive"
    [one] = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    lambda_.delete_event_source_mapping(UUID=one["UUID"])
    yield
    lambda_.create_event_source_mapping(
        FunctionName=name, EventSourceArn=one["EventSourceArn"], BatchSize=10
    )


def never_runs() -> Iterator[None]:
    lambda_ = aws.client("lambda")
    lambda_.put_function_concurrency(FunctionName=HARBOUR, ReservedConcurrentExecutions=0)
    yield
    lambda_.delete_function_concurrency(FunctionName=HARBOUR)


def other_code() -> Iterator[None]:
    lambda_ = aws.client("lambda")
    before = lambda_.get_function(FunctionName=HARBOUR)["Configuration"]
    empty = (  # the smallest zip there is
        b"PK\x05\x06" + bytes(18)
    )
    lambda_.update_function_code(FunctionName=HARBOUR, ZipFile=empty)
    yield
    assert before["CodeSha256"] != lambda_.get_function_configuration(
        FunctionName=HARBOUR)["CodeSha256"]  # fmt: skip
    listed = aws.client("s3").list_objects_v2(Bucket=local.BUCKET)["Contents"]
    code = next(one["Key"] for one in listed if one["Key"].endswith(".zip"))  # not the template
    lambda_.update_function_code(FunctionName=HARBOUR, S3Bucket=local.BUCKET, S3Key=code)


def redrive(**changed: Any) -> str:
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STEM}-harbour-coffee-dead"
    return json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 12} | changed)


HOUR = "3600"
BROKEN: dict[str, tuple[Any, str]] = {
    "visibility": (lambda: queue("harbour-coffee", VisibilityTimeout="30"),
                   "harbour-coffee: messages come back after 30 s"),
    "no dead letters": (lambda: queue("harbour-coffee", RedrivePolicy=""),
                        "harbour-coffee: it has no dead-letter queue"),
    "few tries": (lambda: queue("harbour-coffee", RedrivePolicy=redrive(maxReceiveCount=2)),
                  "harbour-coffee: it gives up after 2 tries"),
    "retention": (lambda: queue("harbour-coffee-dead", MessageRetentionPeriod=HOUR),
                  "harbour-coffee: dead letters are kept no longer"),
    "without TLS": (lambda: queue("harbour-coffee", Policy=""),
                    "harbour-coffee: it takes messages without TLS"),
    "handler": (lambda: function(HARBOUR, Handler="app.harbour"),
                "harbour-coffee: its handler is app.harbour"),
    "stage": (lambda: function(HARBOUR, Environment={"Variables": {"STAGE": "prod"}}),
              "harbour-coffee: it runs as stage 'prod'"),
    "hash key": (lambda: function(SAKURA, Environment={"Variables": {"STAGE": STAGE}}),
                 "sakura-bakery: it hashes personal data and has no HASH_KEY"),
    "time limit": (lambda: function(HARBOUR, Timeout=30), "harbour-coffee: its time limit is 30 s"),
    "mapping off": (lambda: mapping(Enabled=False), "harbour-coffee: the mapping of its queue is"),
    "batch size": (lambda: mapping(BatchSize=1), "harbour-coffee: its batches are of 1"),
    "mapping twice": (lambda: second_mapping("harbour-coffee"),
                      "harbour-coffee: two mappings read its queue"),
    "another's queue": (lambda: second_mapping("nordmarkt"),
                        "harbour-coffee: it also reads arn:aws:sqs"),
    "too much allowed": (lambda: role_policy(with_star),
                         "harbour-coffee: its role may do what it needn't: dynamodb:*"),
    "other tenants' keys": (lambda: role_policy(without_condition),
                            "harbour-coffee: its role may do what it needn't: dynamodb:BatchGet"),
    "too little allowed": (lambda: role_policy(without_publish),
                           "harbour-coffee: its role may not: sns:Publish"),
    "no expiry": (no_expiry, "table: what is remembered never expires"),
    "no recovery": (no_recovery, "table: it can't be restored"),
    "nobody subscribed": (lambda: unsubscribed("transactions"), "topic: nobody is subscribed"),
    "topic's function": (lambda: unsubscribed("night-market"),
                         "night-market: the function isn't subscribed"),
    "failures lost": (no_failures_kept, "night-market: what the function fails at is lost"),
    "alarm": (alarm_gone, f"alarms: {STEM}-nordmarkt-waiting isn't there"),
    "log": (log_for_ever, "harbour-coffee: its log is kept for ever"),
    "concurrency": (never_runs, "harbour-coffee: its concurrency is reserved as 0"),
    "archive": (no_archive, "archive: nothing reads the queue"),
    "half a deployment": (other_code, "functions: they don't all run the same code"),
}  # fmt: skip


@pytest.mark.usefixtures("ward")
def test_of_a_sound_stage_the_doctor_says_so_and_no_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert __main__.main(["doctor", "--stage", STAGE]) == 0
    assert "5 merchants looked at, all is sound" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("ward")
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_setting_is_found_with_its_remedy(what: str) -> None:
    spoil, reason = BROKEN[what]
    spoiled = spoil()
    next(spoiled)
    try:
        findings = list(doctor.examined(snapshot.look(STAGE)))
    finally:
        next(spoiled, None)
    told = [f"{one.about}: {one.reason}" for one in findings]
    assert any(one.startswith(reason) for one in told), told
    assert all(one.mend for one in findings)
    # A change of the policy is told from both sides, if it takes away and adds.
    assert len(told) == (2 if what == "other tenants' keys" else 1), told
    assert found() == []


@pytest.mark.usefixtures("ward")
def test_a_stage_that_is_not_deployed_is_one_finding() -> None:
    [finding] = doctor.examined(snapshot.look("nowhere"))
    assert finding.mend == "make deploy STAGE=nowhere"


def test_a_name_that_aws_would_refuse_is_found() -> None:
    one = merchants.declared("dev")[0]
    long = merchants.Declared("f" * 60, one.kind, one.source, one.merchant)
    stage = snapshot.Snapshot("dev", "r:a", "deploy", [], None, [], 0, {}, [], {}, {})
    reasons = [reason for reason, _ in checks.of_function(snapshot.Seen(long), stage)]
    assert any("longer than 64 characters" in reason for reason in reasons)
