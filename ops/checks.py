"""What is checked of a merchant's function, source, mapping and policy.  Pure.

Each check yields reasons, and with each the command that mends it: empty where deploying does.
"""

import json
from collections.abc import Iterator
from typing import Any

from ops.permissions import policy
from ops.resources import function_name, lambda_timeout
from ops.snapshot import Data, Seen, Snapshot

LONGEST_NAME, LEAST_RECEIVES = 64, 5
ENABLED = {"Enabled", "Enabling", "Creating", "Updating"}


def of_function(seen: Seen, found: Snapshot) -> Iterator[tuple[str, str]]:
    """Check the function itself."""
    one, function = seen.one, seen.function
    full = function_name(found.stage, one)
    if len(full) > LONGEST_NAME:
        yield (
            f"{full} is longer than {LONGEST_NAME} characters: AWS refuses it",
            ("give the merchant a shorter name"),
        )
    if not function:
        yield f"the function {full} isn't deployed", ""
        return
    if function["Handler"] != f"app.{one.function}":
        yield (
            f"its handler is {function['Handler']}, which app.py doesn't have",
            (
                f"aws lambda update-function-configuration --function-name {full}"
                f" --handler app.{one.function}"
            ),
        )
    variables: Data = function.get("Environment", {}).get("Variables", {})
    if variables.get("STAGE") != found.stage:
        yield f"it runs as stage {variables.get('STAGE')!r}, and uses that stage's table", ""
    if one.merchant.personal == "hash" and not variables.get("HASH_KEY"):
        yield "it hashes personal data and has no HASH_KEY: every batch fails", ""
    if function["Timeout"] != lambda_timeout():
        yield f"its time limit is {function['Timeout']} s, not {lambda_timeout()} s", ""
    if seen.concurrency == 0:
        yield (
            "its concurrency is reserved as 0: it never runs",
            (f"aws lambda delete-function-concurrency --function-name {full}"),
        )
    if not seen.log_days:
        yield (
            "its log is kept for ever, or has no group",
            (
                f"aws logs put-retention-policy --log-group-name /aws/lambda/{full}"
                " --retention-in-days 30"
            ),
        )


def of_source(seen: Seen, found: Snapshot) -> Iterator[tuple[str, str]]:
    """Check the queue or topic, its dead letters, and how the function hangs on it."""
    dead, name = seen.dead, seen.one.source
    if dead is None:
        yield f"{name}-dead isn't there: what is set aside has no place to go", ""
    if seen.source is None:
        yield f"the {'queue' if seen.one.kind == 'sqs' else 'topic'} {name} isn't there", ""
    elif seen.one.kind == "sqs":
        yield from _queue(seen.source, dead or {}, name)
        yield from _mapping(seen, found)
    elif seen.function:
        if seen.function["FunctionArn"] not in seen.subscribed:
            yield f"the function isn't subscribed to {name}: sales are lost", ""
        if not any(target.endswith(f":{name}-dead") for target in seen.on_failure):
            yield "what the function fails at is lost after three tries", ""


def _queue(queue: Data, dead: Data, name: str) -> Iterator[tuple[str, str]]:
    def mend(**attributes: object) -> str:
        told = json.dumps({key: str(value) for key, value in attributes.items()})
        url = f"$(aws sqs get-queue-url --queue-name {name} --output text)"
        return f"aws sqs set-queue-attributes --queue-url {url} --attributes '{told}'"

    hidden, needed = int(queue["VisibilityTimeout"]), 6 * lambda_timeout()
    if hidden < needed:
        yield (f"messages come back after {hidden} s, while the function may still be at them",
               mend(VisibilityTimeout=needed))  # fmt: skip
    redrive = json.loads(queue.get("RedrivePolicy") or "{}")
    if not redrive.get("deadLetterTargetArn", "").endswith(f":{name}-dead"):
        yield "it has no dead-letter queue: what always fails goes round for ever", ""
    elif int(redrive["maxReceiveCount"]) < LEAST_RECEIVES:
        yield f"it gives up after {redrive['maxReceiveCount']} tries: a throttle can do that", ""
    kept = int(queue["MessageRetentionPeriod"])
    if dead and int(dead["MessageRetentionPeriod"]) <= kept:
        yield "dead letters are kept no longer than messages, counted from when they were sent", ""
    if "aws:SecureTransport" not in queue.get("Policy", ""):
        yield "it takes messages without TLS", ""
    if queue.get("SqsManagedSseEnabled", "true").lower() != "true" and not queue.get(
        "KmsMasterKeyId"
    ):
        yield "it isn't encrypted", mend(SqsManagedSseEnabled="true")


def _mapping(seen: Seen, found: Snapshot) -> Iterator[tuple[str, str]]:
    if not seen.function:
        return
    source = f"arn:aws:sqs:{found.place}:{seen.one.source}"
    mine = [one for one in seen.mappings if one["EventSourceArn"] == source]
    for one in seen.mappings:
        if one["EventSourceArn"] != source:
            yield (
                f"it also reads {one['EventSourceArn']}, which isn't its own",
                (f"aws lambda delete-event-source-mapping --uuid {one['UUID']}"),
            )
    if not mine:
        yield f"nothing reads the queue {seen.one.source}", ""
    for one in mine[1:]:
        yield (
            "two mappings read its queue",
            (f"aws lambda delete-event-source-mapping --uuid {one['UUID']}"),
        )
    for one in mine[:1]:
        if one["State"] not in ENABLED:
            yield (
                f"the mapping of its queue is {one['State']}",
                (f"aws lambda update-event-source-mapping --uuid {one['UUID']} --enabled"),
            )
        if one["BatchSize"] != seen.one.batch_size:
            yield (
                f"its batches are of {one['BatchSize']}, and app.py says {seen.one.batch_size}",
                "",
            )


def of_policy(seen: Seen, found: Snapshot) -> Iterator[tuple[str, str]]:
    """Check that the function's role may do what it needs, and nothing else."""
    if not seen.function:
        return
    wanted = _grants(policy(seen.one, found.stage, found.place)["Statement"])
    granted = _grants(seen.statements)
    if missing := wanted - granted:
        yield f"its role may not: {_short(missing)}", ""
    if more := granted - wanted:
        yield f"its role may do what it needn't: {_short(more)}", ""
    for name in seen.attached:
        yield f"the policy {name} is attached to its role, and grants more than it needs", ""


def _grants(statements: list[Data]) -> set[tuple[str, str, str]]:
    """Return each single grant: action, resource, condition."""
    return {
        (action, resource, json.dumps(one.get("Condition", {}), sort_keys=True))
        for one in statements
        for action in _many(one["Action"])
        for resource in _many(one["Resource"])
    }


def _many(found: Any) -> list[str]:
    return found if isinstance(found, list) else [found]


def _short(grants: set[tuple[str, str, str]]) -> str:
    return ", ".join(sorted(f"{action} on {resource.rpartition(':')[2]}"
                            for action, resource, _ in grants))  # fmt: skip
