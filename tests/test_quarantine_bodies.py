"""What is in quarantine may lie in the bucket: the commands follow it there."""

import json
from typing import Any

import pytest

from chalicelib import parcels
from chalicelib.errors import Code, Rejected
from chalicelib.receive import Message
from ops import aws
from ops.bodies import inbox_bucket
from ops.tills import Sale, square_payment
from tests.operator import STAGE, Operator

SHOP = "harbour-coffee"
REASON = Rejected(Code.UNKNOWN_STATUS, "unknown status")


@pytest.fixture
def large(operator: Operator) -> parcels.Pointer:
    """A message in quarantine whose body lies in the bucket: one good sale, one unknown."""
    bodies = [square_payment(Sale(1, 100)), square_payment(Sale(2, 100), status="ODD")]
    body = f"[{', '.join(bodies)}]"
    found = parcels.offload(aws.client("s3"), inbox_bucket(STAGE), SHOP, body)
    lie(operator, found)
    return found


def lie(operator: Operator, found: parcels.Pointer) -> None:
    """Put a pointer among the dead letters as the function does."""
    operator.set_aside(SHOP, found.body, REASON)
    url = operator.url(f"{SHOP}-dead")
    [one] = operator.messages(f"{SHOP}-dead")
    aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    told: dict[str, Any] = one["MessageAttributes"] | found.attributes
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=found.body, MessageAttributes=told)


def run(operator: Operator, *arguments: str) -> tuple[int, str]:
    return operator.run("quarantine", *arguments, "--stage", STAGE)


@pytest.mark.usefixtures("large")
def test_a_body_is_shown_from_the_bucket(operator: Operator) -> None:
    status, printed = run(operator, "show", SHOP, "")
    assert (status, "PAY000000002" in printed) == (0, True)
    assert "@example.com" not in printed


@pytest.mark.usefixtures("large")
def test_what_a_redrive_would_do_is_foretold_from_the_bucket(operator: Operator) -> None:
    status, printed = run(operator, "redrive", SHOP, "--dry-run")
    assert status == 0
    assert "1 would be published" in printed
    assert "1 would be refused again (unknown_status)" in printed


def test_a_redrive_sends_the_pointer_and_renews_what_it_leads_to(
    operator: Operator, large: parcels.Pointer
) -> None:
    s3, where = aws.client("s3"), {"Bucket": large.bucket, "Key": large.key}
    s3.put_object(**where, Body=s3.get_object(**where)["Body"].read(), Metadata={"old": "yes"})
    status, printed = run(operator, "redrive", SHOP, "--yes")
    assert status == 0, printed
    [sent] = operator.messages(SHOP)
    assert sent["Body"] == large.body
    assert sent["MessageAttributes"] == large.attributes
    assert s3.head_object(**where)["Metadata"] == {}  # written anew, with a new expiry
    message = Message("m", sent["Body"])
    assert json.loads(parcels.fetched(s3, large.bucket, SHOP, message).body())


def test_what_is_lost_is_not_moved_and_said_so(operator: Operator, large: parcels.Pointer) -> None:
    aws.client("s3").delete_object(Bucket=large.bucket, Key=large.key)
    status, printed = run(operator, "show", SHOP, "")
    assert (status, "S3 doesn't have what the pointer leads to" in printed) == (0, True)
    status, printed = run(operator, "redrive", SHOP, "--yes")
    assert (status, "stay in quarantine" in printed) == (1, True)
    assert operator.messages(SHOP) == []
    assert len(operator.messages(f"{SHOP}-dead")) == 1


def test_the_quarantine_of_a_foreign_pointer_asks_for_nothing(operator: Operator) -> None:
    lie(operator, parcels.Pointer("theirs", "large/harbour-coffee/x", 1))
    status, printed = run(operator, "show", SHOP, "")
    assert (status, "leads elsewhere" in printed) == (0, True)
