"""What a day's trading has left in the embedded AWS: queues, quarantine, tables and logs."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from chalicelib.calls import in_parallel
from ops.check import Found
from ops.deadletters import Letter, Peek
from ops.emulator import Emulator
from ops.local import STAGE
from ops.logged import Log, logged
from ops.merchants import Declared
from ops.resources import function_name


def collect(emulator: Emulator, merchants: list[Declared]) -> Found:
    """Read every queue, the table and every function's log."""
    found = Found()
    sqs = emulator.client("sqs")
    for one, letters in zip(merchants, in_parallel(partial(aside, sqs), merchants), strict=True):
        name = one.merchant.id
        found.counts[name] = _logged(emulator, one, found)
        if isinstance(letters, Exception):
            raise letters
        found.dead[name] = sum(letter.rejected for letter in letters)
        told = [text for letter in letters for text in (letter.raw, str(letter.attributes))]
        found.texts.setdefault("quarantine", []).extend(told)
    bodies = [message["Body"] for message in drain(sqs, f"tillbridge-{STAGE}-observer")]
    found.events = [json.loads(body) for body in bodies]
    ledger = [message["Body"] for message in drain(sqs, f"tillbridge-{STAGE}-ledger")]
    found.ledger = [json.loads(body) for body in ledger]
    found.texts["queues"] = bodies + ledger
    found.texts["table"] = [json.dumps(item) for item in _items(emulator)]
    rewards = list(_items(emulator, "-rewards"))
    found.texts["rewards' table"] = [str(item) for item in rewards]
    found.unrewarded = len(list(drain(sqs, f"tillbridge-{STAGE}-rewards-dead")))
    _accounts(rewards, found)
    found.texts["emulator's log"] = [emulator.log.read_text(errors="replace")]
    return found


def aside(sqs: Any, one: Declared) -> list[Letter]:
    """Look into a merchant's quarantine, and leave all of it there for whoever looks around."""
    with Peek(one, STAGE, sqs) as peek:
        return list(peek.letters())


def drain(sqs: Any, name: str) -> Iterator[dict[str, Any]]:
    """Take every message out of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        yield from messages
        receipts = [
            {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
            for at, message in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=receipts)


def log_lines(emulator: Emulator, one: Declared) -> Iterator[str]:
    """Return every line that a merchant's function wrote."""
    return logged(emulator.client("logs"), f"/aws/lambda/{function_name(STAGE, one)}")


def _logged(emulator: Emulator, one: Declared, found: Found) -> Counter[str]:
    lines = list(log_lines(emulator, one))
    found.texts.setdefault("logs", []).extend(lines)
    log = Log.of(lines)
    found.conserved &= log.conserved
    found.silent[one.merchant.id] = log.silent
    return log.counts


def _items(emulator: Emulator, table: str = "") -> Iterator[dict[str, Any]]:
    pages = emulator.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=f"tillbridge-{STAGE}{table}"):
        yield from page["Items"]


def _accounts(items: list[dict[str, Any]], found: Found) -> None:
    """Read every member's balance out of the rewards' table, and add the entries up."""
    sums: Counter[str] = Counter()
    for item in items:
        owner, place = item["pk"]["S"], item["sk"]["S"]
        found.unrewarded += owner.startswith("waiting#")
        if place.startswith("entry#"):
            sums[owner] += int(item["points"]["N"])
        if place == "account":
            merchant, _, member = owner.split("#", 2)
            found.points[merchant, member] = int(item["balance"]["N"])
    found.unbalanced = sum(sums[f"{m}#member#{who}"] != held for (m, who), held in
                           found.points.items())  # fmt: skip
