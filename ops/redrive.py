"""Send what was set aside back to where it came from, or say beforehand what would come of it."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.calls import batches, text_attributes
from chalicelib.claims import Claim, Verdict, decide
from chalicelib.dedupe import marker_key, wall_clock
from chalicelib.errors import Ignored, Rejected
from chalicelib.model import Outcome, Transaction
from chalicelib.reading import read
from chalicelib.table import Table, parsed, uncovered
from ops.aws import client, place
from ops.deadletters import SIZES, Letter, Peek
from ops.merchants import Declared
from ops.resources import prefix

_MOST_BYTES = 1024 * 1024
_AHEAD = {
    Verdict.TAKE_OVER: "would be published",
    Verdict.ADVANCE: "would be a duplicate",
    Verdict.DUPLICATE: "would be a duplicate",
    Verdict.SUPERSEDED: "would be superseded",
    Verdict.CONFLICT: "would be refused again (conflict)",
    Verdict.BUSY: "is being worked on right now",
}


def foretold(letter: Letter, one: Declared, stage: str) -> Counter[str]:
    """Say what would come of each record of a message, by the claims that stand now."""
    try:
        outcomes = read(letter.body(), one.merchant)
    except Rejected as reason:
        outcomes = [reason]
    keys = {found.key for found in outcomes if isinstance(found, Transaction)}
    table = Table(client("dynamodb"), prefix(stage))
    claims = {key: parsed(item) for key, item in table.read(keys).items() if item}
    markers = table.read({marker_key(claim) for claim in claims.values()})
    committed = {
        key: marker is not None and key not in uncovered(marker)
        for key, claim in claims.items()
        for marker in [markers.get(marker_key(claim))]
    }
    return Counter(_ahead(found, claims, committed) for found in outcomes)


def _ahead(found: Outcome, claims: dict[str, Claim], committed: dict[str, bool]) -> str:
    if isinstance(found, Ignored):
        return "would be ignored"
    if isinstance(found, Rejected):
        return f"would be refused again ({found.code})"
    if (standing := claims.get(found.key)) is None:
        return "would be published"
    ours = Claim(found.key, "", found.revision, found.fingerprint, 0)
    return _AHEAD[decide(standing, ours, wall_clock(), committed=committed[found.key])]


def moved(peek: Peek, letters: list[Letter], one: Declared, rate: int) -> Iterator[int]:
    """Resend messages at `rate` a second, and yield how many are moved, batch by batch.

    The old ones are deleted only once the queue or topic has taken the new ones.
    """
    resend = _to_queue if one.kind == "sqs" else _to_topic
    for part in batches(letters, 10, lambda letter: len(letter.raw.encode()) + 1024, _MOST_BYTES):
        began = time.monotonic()
        tellable = [
            letter for letter in part if letter.tellable and peek.bodies.renewed(letter.message())
        ]
        taken = resend(tellable, one)
        if taken:
            peek.delete(taken)
        yield len(taken)
        time.sleep(max(0, len(part) / rate - (time.monotonic() - began)))


def _to_queue(letters: list[Letter], one: Declared) -> list[Letter]:
    sqs = client("sqs")
    entries = [
        {
            "Id": str(at),
            "MessageBody": letter.message().raw,
            "MessageAttributes": _attributes(letter.kept_attributes()),
        }
        for at, letter in enumerate(letters)
    ]
    url = sqs.get_queue_url(QueueName=one.source)["QueueUrl"]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries) if entries else {}
    return [letters[int(done["Id"])] for done in answer.get("Successful", ())]


def _to_topic(letters: list[Letter], one: Declared) -> list[Letter]:
    topic, sns = f"arn:aws:sns:{place()}:{one.source}", client("sns")
    for letter in letters:
        sns.publish(
            TopicArn=topic,
            Message=letter.message().raw,
            Subject="redriven",
            MessageAttributes=_attributes({"redriven": "true", **letter.kept_attributes()}),
        )
    return letters


def _attributes(values: dict[str, str]) -> dict[str, Any]:
    """Return attributes as they are sent: that of a pointer is a number."""
    found = text_attributes(values.items())
    for name in found.keys() & set(SIZES):
        found[name]["DataType"] = "Number"
    return found
