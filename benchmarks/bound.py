"""The lower bound: our protocol and our events, and nothing else.

No validation, no sanitising, no counting, no log, no second try: what any service would have to do
that claims by conditional write, publishes, and commits by the batch.
"""

import hashlib
import json
import time
import uuid
from typing import Any

from benchmarks import place, plain

_INSERT = (
    """INSERT INTO "{}" VALUE {{'pk': ?, 'batch_id': ?, 'revision': ?, 'fingerprint': ?, """
    """'lease_until': ?, 'owed': ?, 'expiry': ?}}"""
)
_SECONDS = 400 * 24 * 3600
_seen: set[str] = set()


def clients() -> list[Any]:
    return [place.client("dynamodb"), place.client("sns")]


def forget() -> None:
    """Forget what this container has seen."""
    _seen.clear()


def handle(event: dict[str, Any], context: Any) -> None:
    settle(event, context, *clients(), owner="bound")


def settle(event: dict[str, Any], context: Any, dynamodb: Any, sns: Any, *, owner: str) -> None:
    """Claim, publish and commit a batch; `owner` begins its keys."""
    found = [_event(json.loads(record["body"])["order"], owner) for record in event["Records"]]
    fresh = [one for one in found if one[0] not in _seen]
    if not fresh:
        return
    now, batch = time.time_ns() // 1_000_000, uuid.uuid4().hex
    lease = now + context.get_remaining_time_in_millis() + 5000
    statements = [_statement(one, batch, lease, now) for one in fresh]
    for start in range(0, len(fresh), 25):
        dynamodb.batch_execute_statement(Statements=statements[start : start + 25])
    for start in range(0, len(fresh), 10):
        entries = [
            {"Id": str(at), "Message": body, "MessageAttributes": attributes}
            for at, (_, _, _, body, attributes) in enumerate(fresh[start : start + 10])
        ]
        sns.publish_batch(TopicArn=place.topic(), PublishBatchRequestEntries=entries)
    marker = {"pk": {"S": f"{owner}#batch#{batch}"}, "expiry": _number(now + _SECONDS)}
    dynamodb.put_item(TableName=place.name(), Item=marker)
    _seen.update(one[0] for one in fresh)


def _event(order: dict[str, Any], owner: str) -> tuple[str, int, str, str, dict[str, Any]]:
    found = plain.transaction(order)
    key = f"{owner}#claim#6:square{len(found['id'])}:{found['id']}"
    fingerprint = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    identity = hashlib.sha256(f"{key}#{fingerprint}".encode()).hexdigest()[:40]
    revision = found["revision"]
    return key, revision, fingerprint, plain.body(found, identity), plain.attributes(found)


def _statement(one: tuple[Any, ...], batch: str, lease: int, now: int) -> dict[str, Any]:
    key, revision, fingerprint, *_ = one
    values = [
        {"S": key},
        {"S": batch},
        _number(revision),
        {"S": fingerprint},
        _number(lease),
        {"L": []},
        _number(now // 1000 + _SECONDS),
    ]
    return {"Statement": _INSERT.format(place.name()), "Parameters": values}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
