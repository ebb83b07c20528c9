"""IAM asked about every call: a merchant's role reaches its own things, and nobody else's.

The emulator knows nothing of `dynamodb:LeadingKeys`, so that keys are fenced off in test_resources.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops import merchants, resources, stack
from ops.emulator import ACCOUNT, REGION, Emulator, running
from ops.permissions import policy

STAGE = "dev"
#: The same, but that its queues may be used without TLS, which the emulator hasn't got.
OPEN = "open"
Role = Callable[[str], Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def strict() -> Iterator[Emulator]:
    with running(auth=True) as emulator:
        stacks = unnoted(resources.stacks(STAGE)) | opened(resources.stacks(OPEN))
        for name, template in stacks.items():
            stack.apply(emulator.client("cloudformation"), name, template)
        yield emulator


def unnoted(stacks: dict[str, Any]) -> dict[str, Any]:
    """Let the bucket tell of nothing: the emulator's S3 has no TLS to tell it by."""
    for template in stacks.values():
        if found := template["Resources"].get("InboxBucket"):
            del found["Properties"]["NotificationConfiguration"]
    return stacks


def opened(stacks: dict[str, Any]) -> dict[str, Any]:
    for template in stacks.values():
        template["Resources"] = {
            name: {
                key: value
                for key, value in one.items()
                if key != "DependsOn" or name == "InboxBucket"
            }
            for name, one in template["Resources"].items()
            if one["Type"] != "AWS::SQS::QueuePolicy" or name == "FilesPolicy"
        }
        template["Resources"].pop("InboxBucketPolicy", None)
        if notes := template["Resources"].get("FilesPolicy"):
            document = notes["Properties"]["PolicyDocument"]
            document["Statement"] = [
                one for one in document["Statement"] if one["Effect"] == "Allow"
            ]
    return stacks


@pytest.fixture(scope="module")
def harbour(strict: Emulator) -> Role:
    """Return clients in the role of harbour-coffee's function."""
    statements = [
        statement
        for stage in (STAGE, OPEN)
        for one in [merchants.named(stage, "harbour-coffee")]
        for statement in policy(one, stage, f"{REGION}:{ACCOUNT}")["Statement"]
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    iam = strict.client("iam")
    iam.create_role(RoleName="harbour", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="harbour", PolicyName="p", PolicyDocument=json.dumps(document))
    answer = strict.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/harbour", RoleSessionName="test"
    )
    keys = answer["Credentials"]

    def client(service: str) -> Any:
        session: Any = boto3.session.Session()
        return session.client(
            service, endpoint_url=strict.endpoint, region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )  # fmt: skip

    return client


def url(strict: Emulator, name: str, stage: str = OPEN) -> str:
    return f"{strict.endpoint}/{ACCOUNT}/tillbridge-{stage}-{name}"


def refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as fault:
        code = fault.response["Error"]["Code"]
        assert code.startswith(("AccessDenied", "AuthorizationError")), code
        return True
    return False


def test_nothing_goes_without_tls(strict: Emulator, harbour: Role) -> None:
    mine = url(strict, "harbour-coffee", STAGE)
    assert refused(lambda: harbour("sqs").receive_message(QueueUrl=mine))
    assert refused(lambda: strict.client("sqs").receive_message(QueueUrl=mine))


@pytest.mark.parametrize("name", ["nordmarkt", "nordmarkt-dead", "rewards", "archive", "ledger"])
def test_a_merchants_role_reaches_no_queue_but_its_own(
    strict: Emulator, harbour: Role, name: str
) -> None:
    sqs = harbour("sqs")
    assert not refused(lambda: sqs.receive_message(QueueUrl=url(strict, "harbour-coffee")))
    body = {"QueueUrl": url(strict, "harbour-coffee-dead"), "MessageBody": "x"}
    assert not refused(lambda: sqs.send_message(**body))
    assert refused(lambda: sqs.receive_message(QueueUrl=url(strict, name)))
    assert refused(lambda: sqs.send_message(QueueUrl=url(strict, name), MessageBody="x"))
    assert refused(lambda: sqs.purge_queue(QueueUrl=url(strict, "harbour-coffee")))
    # What it set aside it can't read again: that is the operator's.
    assert refused(lambda: sqs.receive_message(QueueUrl=url(strict, "harbour-coffee-dead")))


@pytest.mark.parametrize("topic", ["alarms", "night-market"])
def test_a_merchants_role_publishes_to_no_other_topic(harbour: Role, topic: str) -> None:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:tillbridge-{STAGE}-{topic}"
    assert refused(lambda: harbour("sns").publish(TopicArn=arn, Message="x"))


def test_a_merchants_role_reads_no_table_no_secret_and_no_archive(harbour: Role) -> None:
    table, key = f"tillbridge-{STAGE}", {"pk": {"S": "nordmarkt#claim#x"}}
    dynamodb = harbour("dynamodb")
    assert refused(lambda: dynamodb.scan(TableName=table))
    assert refused(lambda: dynamodb.get_item(TableName=table, Key=key))
    assert refused(lambda: dynamodb.delete_item(TableName=table, Key=key))
    secret = f"/tillbridge/{STAGE}/hash-key"
    assert refused(lambda: harbour("ssm").get_parameter(Name=secret, WithDecryption=True))
    bucket = f"tillbridge-{STAGE}-archive-{ACCOUNT}-{REGION}"
    assert refused(lambda: harbour("s3").list_objects_v2(Bucket=bucket))


def test_a_merchants_role_reads_its_own_large_bodies_and_no_file(
    strict: Emulator, harbour: Role
) -> None:
    s3, mine = strict.client("s3"), harbour("s3")
    bucket = f"tillbridge-{OPEN}-inbox-{ACCOUNT}-{REGION}"
    for key in ("large/harbour-coffee/x", "large/nordmarkt/x", "files/harbour-coffee/x"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert mine.get_object(Bucket=bucket, Key="large/harbour-coffee/x")
    assert mine.put_object(Bucket=bucket, Key="large/harbour-coffee/y", Body=b"y")
    for key in ("large/nordmarkt/x", "files/harbour-coffee/x", "results/harbour-coffee/x"):
        assert refused(lambda key=key: mine.get_object(Bucket=bucket, Key=key))
        assert refused(lambda key=key: mine.put_object(Bucket=bucket, Key=key, Body=b""))
    assert refused(lambda: mine.list_objects_v2(Bucket=bucket))
    assert refused(lambda: mine.delete_object(Bucket=bucket, Key="large/harbour-coffee/x"))
