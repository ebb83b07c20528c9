"""Files dropped into the bucket of the deployed app: every sale comes out, once."""

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import parcels
from chalicelib.adapters import csv_export
from ops import local, merchants
from ops.emulator import ACCOUNT, REGION, Emulator, running
from ops.tills import Sale, poslog, poslog_transaction, square_payment

PATIENCE_SECONDS = 240
BUCKET = f"tillbridge-{local.STAGE}-inbox-{ACCOUNT}-{REGION}"


@pytest.fixture(scope="module")
def deployed() -> Iterator[Emulator]:
    with running() as emulator:
        local.deploy(emulator, "00" * 16)
        local.observe(emulator)
        merchants.load(local.STAGE)
        yield emulator


def arrived(emulator: Emulator, count: int) -> Counter[str]:
    """Return what a subscriber gets, once there is so much; and a moment later, if more comes."""
    sqs, found = emulator.client("sqs"), Counter[str]()
    url = sqs.get_queue_url(QueueName=f"tillbridge-{local.STAGE}-observer")["QueueUrl"]
    give_up, empty = time.monotonic() + PATIENCE_SECONDS, 0
    while time.monotonic() < give_up and (found.total() < count or empty < 1):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        taken = answer.get("Messages", ())
        empty = 0 if taken else empty + 1
        found.update(json.loads(one["Body"])["subject"] for one in taken)
        for one in taken:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return found


def result(emulator: Emulator, key: str) -> dict[str, Any]:
    s3, give_up = emulator.client("s3"), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        answer = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"results/{key}.json")
        if answer.get("KeyCount"):
            body = s3.get_object(Bucket=BUCKET, Key=f"results/{key}.json")["Body"].read()
            found: dict[str, Any] = json.loads(body)
            return found
        time.sleep(0.2)
    raise AssertionError(f"no result of {key}")


@pytest.mark.emulator
def test_a_poslog_of_5000_transactions_comes_out_once(deployed: Emulator) -> None:
    text = poslog(*(poslog_transaction(Sale(number, 100)) for number in range(5_000)))
    deployed.client("s3").put_object(
        Bucket=BUCKET, Key="files/nordmarkt/day 1.xml", Body=text.encode()
    )
    told = result(deployed, "nordmarkt/day 1.xml")
    assert (told["state"], told["records"], told["refused"]) == ("done", 5_000, 0)
    found = arrived(deployed, 5_000)
    assert (len(found), found.total()) == (5_000, 5_000)


@pytest.mark.emulator
def test_packed_json_lines_come_out_once_whichever_copy_is_dropped(deployed: Emulator) -> None:
    text = "\n".join(square_payment(Sale(number, 100)) for number in range(1_000))
    for name in ("day.ndjson.gz", "day again.ndjson.gz"):
        key = f"harbour-coffee/{name}"
        deployed.client("s3").put_object(
            Bucket=BUCKET, Key=f"files/{key}", Body=gzip.compress(text.encode())
        )
        assert result(deployed, key)["records"] == 1_000
    found = arrived(deployed, 1_000)
    assert (len(found), found.total()) == (1_000, 1_000)


@pytest.mark.emulator
def test_a_csv_file_goes_to_the_merchants_function_which_answers_for_it(deployed: Emulator) -> None:
    """No merchant of app.py reads CSV; what comes of it stands in test_bulk_formats."""
    names = list(dict.fromkeys(csv_export.DEFAULT.columns()))
    rows = [",".join(names), *(f"{number}" + "," * (len(names) - 1) for number in range(300))]
    key = "sakura-bakery/day.csv"
    deployed.client("s3").put_object(
        Bucket=BUCKET, Key=f"files/{key}", Body="\n".join(rows).encode()
    )
    told = result(deployed, key)
    assert (told["state"], told["records"], told["messages"]) == ("done", 300, 2)


@pytest.mark.emulator
def test_a_large_message_is_followed_into_the_bucket_by_the_function(deployed: Emulator) -> None:
    sales = [json.loads(square_payment(Sale(number, 100, note="x" * 500)))
             for number in range(5_000, 6_000)]  # fmt: skip
    found = parcels.offload(deployed.client("s3"), BUCKET, "harbour-coffee", json.dumps(sales))
    assert found.size > 1_000_000
    sqs = deployed.client("sqs")
    url = sqs.get_queue_url(QueueName=f"tillbridge-{local.STAGE}-harbour-coffee")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=found.body, MessageAttributes=found.attributes)
    assert arrived(deployed, 1_000).total() == 1_000
