"""What must hold after a day's trading, looked up where it would show: queues, table and logs."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.calls import in_parallel
from ops.day import CARDS, Day
from ops.deadletters import Letter, Peek
from ops.emulator import Emulator
from ops.local import STAGE
from ops.logged import logged
from ops.merchants import Declared
from ops.points import Points
from ops.resources import function_name

FATES = ("in", "published", "duplicate", "superseded", "ignored", "quarantined", "left")


@dataclass
class Found:
    """What the emulator holds when the day is over."""

    #: merchant -> the sums of what its function logged.
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    conserved: bool = True
    events: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    #: merchant -> records in quarantine.
    dead: Counter[str] = field(default_factory=Counter)
    #: Everything that was written anywhere, for the search for card numbers.
    texts: dict[str, list[str]] = field(default_factory=dict)
    #: (merchant, member's account) -> its balance.
    points: Points = field(default_factory=dict)
    #: Accounts whose balance isn't the sum of its entries.
    unbalanced: int = 0
    #: Events that earned nothing for want of being understood, and returns that still wait.
    unrewarded: int = 0


def collect(emulator: Emulator, merchants: list[Declared]) -> Found:
    """Read every queue, the table and every function's log."""
    found = Found()
    sqs = emulator.client("sqs")
    for one, letters in zip(merchants, in_parallel(partial(_aside, sqs), merchants), strict=True):
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


def _aside(sqs: Any, one: Declared) -> list[Letter]:
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


def failures(days: list[Day], found: Found) -> list[str]:
    """Return what doesn't hold, in words; nothing if all does."""
    wrong = [] if found.conserved else ["an invocation's counts did not add up"]
    for day in days:
        wrong += _miscounted(day, found)
        wrong += [f"{day.merchant}: {text}" for text in _misdelivered(day, found)]
    wrong += _card_numbers(found)
    return wrong


def _miscounted(day: Day, found: Found) -> Iterator[str]:
    counts, sent = found.counts[day.merchant], day.sent.total()
    if counts["in"] - counts["left"] != sent:
        yield f"{day.merchant}: {sent} were sent, {counts['in'] - counts['left']} came to an end"
    if not counts["quarantined"] == found.dead[day.merchant] == day.sent["malformed"]:
        yield (
            f"{day.merchant}: {day.sent['malformed']} were malformed, {counts['quarantined']} were "
            f"counted as quarantined and {found.dead[day.merchant]} are in its quarantine"
        )


def _misdelivered(day: Day, found: Found) -> Iterator[str]:
    """Look for every sale's newest revision, and for anything that is there but shouldn't be."""
    events = [e["data"] for e in found.events if e["data"]["merchant"] == day.merchant]
    seen = Counter((data["id"], data["total"]) for data in events)
    newest = {(name, cents[-1]) for name, cents in day.expected.items()}
    known = {(name, each) for name, cents in day.expected.items() for each in cents}
    if missing := newest - set(seen):
        yield f"{len(missing)} of {len(newest)} transactions never reached the subscriber"
    if twice := [name for name, times in seen.items() if times > 1]:
        yield f"{len(twice)} transactions reached the subscriber twice"
    if strange := set(seen) - known:
        yield f"{len(strange)} transactions reached the subscriber that nobody sent"
    if len(events) != found.counts[day.merchant]["published"]:
        yield f"{len(events)} events arrived, not as many as were counted as published"


def _card_numbers(found: Found) -> Iterator[str]:
    for place, texts in found.texts.items():
        for text in texts:
            if any(re.search(_spaced(card), text) for card in CARDS):
                yield f"a card number is in the {place}"
                break


def _spaced(card: str) -> str:
    return r"[\s.-]?".join(card)


def _logged(emulator: Emulator, one: Declared, found: Found) -> Counter[str]:
    counts: Counter[str] = Counter()
    lines = list(log_lines(emulator, one))
    found.texts.setdefault("logs", []).extend(lines)
    for line in lines:
        if line.startswith("{") and '"conserved"' in line:
            told = json.loads(line)
            counts.update({fate: told[fate] for fate in FATES})
            found.conserved &= told["conserved"]
    return counts


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


def wrong_points(owed: Points, found: Found) -> list[str]:
    """Return where members' points are not what their purchases come to, in words."""
    said = []
    if wrong := [one for one in owed.keys() | found.points.keys()
                 if owed.get(one, 0) != found.points.get(one, 0)]:  # fmt: skip
        said.append(f"{len(wrong)} of {len(owed)} members don't have the points they are owed")
    if found.unbalanced:
        said.append(f"{found.unbalanced} balances are not the sum of their entries")
    if found.unrewarded:
        said.append(f"{found.unrewarded} events wait or lie among the dead letters of rewards")
    return said
