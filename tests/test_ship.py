"""Both ways to ship a stage, as its operator goes them: nothing is lost on either."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import csv_export
from ops.emulator import ACCOUNT, REGION, Emulator
from ops.project import ROOT
from ops.tills import Sale, shopify_order, square_payment

APP = """
from chalice.app import Chalice, SNSEvent, SQSEvent

from chalicelib.adapters import csv_export, shopify, square
from chalicelib.mechanics import Mechanics
from chalicelib.model import Merchant
from chalicelib.wiring import APP, keep, named, relay, reward, unpack

app = Chalice(app_name=APP)


@app.on_sqs_message(queue=named("corner-shop"), batch_size=10)
def corner_shop(event: SQSEvent) -> None:
    relay(event, Merchant("corner-shop", square.adapt, personal="hash"))


@app.on_sns_message(topic=named("street-stall"))
def street_stall(event: SNSEvent) -> None:
    relay(event, Merchant("street-stall", shopify.adapt))


@app.on_sqs_message(queue=named("market-hall"), batch_size=10)
def market_hall(event: SQSEvent) -> None:
    relay(event, Merchant("market-hall", csv_export.adapt, currency="EUR"))


@app.on_sqs_message(queue=named("archive"), batch_size=10)
def archive(event: SQSEvent) -> None:
    keep(event)


@app.on_sqs_message(queue=named("files"), batch_size=1)
def files(event: SQSEvent) -> None:
    unpack(event)


@app.on_sqs_message(queue=named("rewards"), batch_size=10)
def rewards(event: SQSEvent) -> None:
    reward(event, {"corner-shop": Mechanics("GBP", "Europe/London")})
"""
PATIENCE_SECONDS = 60


class Shop:
    """A copy of the project with merchants of its own, and a stage of it on the emulator."""

    def __init__(self, emulator: Emulator, folder: Path, stage: str, app: str = APP) -> None:
        self.emulator, self.folder, self.stage = emulator, folder, stage
        for name in ("ops", "chalicelib", ".chalice"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.rmtree(folder / ".chalice" / "deployed", ignore_errors=True)
        shutil.copy(ROOT / "requirements.txt", folder)
        if (ROOT / ".local" / "wheels").exists():
            shutil.copytree(ROOT / ".local" / "wheels", folder / ".local" / "wheels")
        (folder / "app.py").write_text(app)

    def run(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        environment = os.environ | self.emulator.environment | {"COLUMNS": "200"}
        environment.pop("STAGE", None)
        done = subprocess.run(
            [sys.executable, "-m", "ops", *arguments, "--stage", self.stage],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
            input=typed,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def name(self, what: str) -> str:
        return f"tillbridge-{self.stage}-{what}"

    def queues(self) -> set[str]:
        urls = self.emulator.client("sqs").list_queues(QueueNamePrefix=self.name(""))
        return {url.rpartition("/")[2] for url in urls.get("QueueUrls", ())}

    def sell(self, number: int) -> None:
        """Sell something at the queue's till, and something at the topic's."""
        sqs = self.emulator.client("sqs")
        url = sqs.get_queue_url(QueueName=self.name("corner-shop"))["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=square_payment(Sale(number, 100)))
        till = {"till": {"DataType": "String", "StringValue": "x"}}
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{self.name('street-stall')}"
        self.emulator.client("sns").publish(
            TopicArn=topic, Subject="s", Message=shopify_order(Sale(number, 100)),
            MessageAttributes=till,
        )  # fmt: skip

    def observe(self) -> None:
        """Subscribe a queue that none of the functions reads."""
        sqs, name = self.emulator.client("sqs"), f"observer-of-{self.stage}"
        sqs.create_queue(QueueName=name)
        self.emulator.client("sns").subscribe(
            TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:{self.name('transactions')}", Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            Attributes={"RawMessageDelivery": "true"},
        )  # fmt: skip

    def rewarded(self) -> list[str]:
        """Return whose stories the rewards know, once there are any."""
        dynamodb, give_up = self.emulator.client("dynamodb"), time.monotonic() + PATIENCE_SECONDS
        found: list[str] = []
        while not found and time.monotonic() < give_up:
            items = dynamodb.scan(TableName=self.name("rewards"))["Items"]
            found = [item["pk"]["S"] for item in items if item["sk"]["S"] == "story"]
        return found

    def arrived(self, count: int, patience: int = PATIENCE_SECONDS) -> list[Any]:
        """Return the events that a subscriber gets, once there are so many."""
        sqs, found = self.emulator.client("sqs"), list[Any]()
        url = sqs.get_queue_url(QueueName=f"observer-of-{self.stage}")["QueueUrl"]
        give_up = time.monotonic() + patience
        while len(found) < count and time.monotonic() < give_up:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
            for message in answer.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def drop_buckets(self) -> None:
        """Delete the buckets: AWS takes them into a new stack, the emulator refuses to."""
        s3, bucket = self.emulator.client("s3"), self.name(f"archive-{ACCOUNT}-{REGION}")
        for key in self.archived():
            s3.delete_object(Bucket=bucket, Key=key)
        s3.delete_bucket(Bucket=bucket)
        s3.delete_bucket(Bucket=self.name(f"inbox-{ACCOUNT}-{REGION}"))

    def archived(self) -> list[str]:
        """Return the keys of the archive, once there are any."""
        bucket, s3 = self.name(f"archive-{ACCOUNT}-{REGION}"), self.emulator.client("s3")
        give_up, found = time.monotonic() + PATIENCE_SECONDS, list[str]()
        while not found and time.monotonic() < give_up:
            answer = s3.list_objects_v2(Bucket=bucket)
            found = [one["Key"] for one in answer.get("Contents", ())]
        return found


@pytest.fixture
def shop(emulator: Emulator, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    made = Shop(emulator, tmp_path / "shop", request.param)
    yield made
    made.run("destroy", "--yes")


def csv_file(count: int) -> str:
    """Return an export of so many sales, each of two rows."""
    names = list(dict.fromkeys(csv_export.DEFAULT.columns()))
    found = [",".join(names)]
    for number in range(count):
        head = {"id": f"R{number}", "kind": "sale", "date": "2026-11-23T10:00:00Z", "total": "5.00"}
        for line, amount in enumerate(("2.00", "3.00")):
            row = {"item": "Tea", "quantity": "1", "price": amount, "amount": amount}
            cells = dict.fromkeys(names, "") | head | row | {"line_id": str(line)}
            found.append(",".join(cells[name] for name in names))
    return "\n".join(found) + "\n"


def merchants(events: list[Any]) -> list[str]:
    return sorted(event["data"]["merchant"] for event in events)


KEPT = (
    "archive-dead", "corner-shop-dead", "files-dead", "market-hall-dead", "rewards-dead",
    "street-stall-dead", "undelivered",
)  # fmt: skip


@pytest.mark.parametrize("shop", ["plain"], indirect=True)
def test_resources_and_chalice_deploy(shop: Shop) -> None:
    status, printed = shop.run("deploy")
    assert status == 0, printed
    assert "5 stacks changed" in printed
    assert shop.run("doctor")[0] == 0
    shop.observe()
    shop.sell(1)
    assert merchants(shop.arrived(2)) == ["corner-shop", "street-stall"]
    assert shop.archived()
    assert [story.split("/")[2] for story in shop.rewarded()] == ["corner-shop"]

    built = shop.folder / ".local" / "deploy" / shop.stage / ".chalice"
    [uploaded] = (built / "deployments").glob("*.zip")
    assert b"/__pycache__/" in uploaded.read_bytes()
    state = shop.folder / ".chalice" / "deployed" / f"{shop.stage}.json"
    assert not (built / "config.json").exists()
    forgotten = state.read_text()
    state.unlink()
    status, printed = shop.run("deploy")
    assert (status, "bring it back" in printed) == (2, True)
    state.write_text(forgotten)

    status, printed = shop.run("destroy")  # no terminal to ask at
    assert (status, "give --yes" in printed) == (2, True)
    assert shop.run("destroy", "--yes")[0] == 0
    assert shop.queues() == {shop.name(one) for one in KEPT}
    assert shop.name("")[:-1] in shop.emulator.client("dynamodb").list_tables()["TableNames"]

    shop.drop_buckets()
    status, printed = shop.run("deploy")  # what was kept is taken in again
    assert status == 0, printed
    shop.observe()
    shop.sell(1)
    shop.sell(2)
    events = shop.arrived(2)
    assert {event["subject"][-1] for event in events} != {"1"}
    assert len(events) == 2  # the first sale is remembered


@pytest.mark.parametrize("shop", ["packed"], indirect=True)
def test_one_stack_of_cloudformation(shop: Shop) -> None:
    status, printed = shop.run("package", "out")
    assert status == 0, printed
    assert "Nothing was deployed" in printed
    template = json.loads((shop.folder / "out" / f"tillbridge-{shop.stage}.json").read_text())
    assert template["Globals"]["Function"]["LoggingConfig"] == {"LogFormat": "JSON"}
    assert "HashKey" in template["Parameters"]

    bucket = "tillbridge-packed-code"
    shop.emulator.client("s3").create_bucket(Bucket=bucket)
    for said in ("1 stacks changed: tillbridge-packed", "0 stacks changed: none"):
        status, printed = shop.run("package", "out", "--bucket", bucket)
        assert status == 0, printed
        assert f"stacks     {said}" in printed
    assert shop.run("doctor")[0] == 0
    shop.observe()
    shop.sell(1)
    assert merchants(shop.arrived(2)) == ["corner-shop", "street-stall"]
    assert [story.split("/")[2] for story in shop.rewarded()] == ["corner-shop"]

    (shop.folder / "day.csv").write_text(csv_file(450))
    status, printed = shop.run("upload", "market-hall", "day.csv", "--wait")
    assert status == 0, printed
    assert '"records": 900' in printed
    found = shop.arrived(450)
    assert len({event["subject"] for event in found}) == len(found) == 450
    assert {event["data"]["total"] for event in found} == {500}
    status, printed = shop.run("upload", "street-stall", "day.csv")
    assert (status, "has a topic" in printed) == (2, True)

    status, printed = shop.run("deploy")
    assert (status, "was shipped by `make package`" in printed) == (2, True)
