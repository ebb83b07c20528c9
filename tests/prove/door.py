"""The door under load: so many calls a second, and every record that was accepted is in its queue.

The door is the app's own, called as API Gateway calls it, in as many processes as there are cores;
queues and table are the embedded AWS's.  So the times are the door's and that emulator's, not
those of API Gateway and Lambda.
"""

import itertools
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from chalicelib.signatures import sign
from ops.emulator import ACCOUNT, REGION, Emulator, running
from ops.tills import Sale, square_payment
from tests.prove.figures import Figure, main

STAGE, SECRET = "load", "s" * 40
MERCHANTS = ("harbour-coffee", "elm-street-books", "nordmarkt", "sakura-bakery")
#: Calls a second, and for how many seconds; and of the small share.
FULL, QUICK = (200, 60), (50, 4)
WORKERS = 2
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tillbridge-{STAGE}"


@dataclass(frozen=True)
class Share:
    """What one process sends: calls at equal distances, from a common start."""

    environment: dict[str, str]
    start: float
    end: float
    rate: float
    numbers: range


def prove(quick: bool) -> Iterator[Figure]:
    """Send calls at a steady rate, or as many as the machine bears, and look for every record."""
    rate, seconds = QUICK if quick else FULL
    with running() as emulator:
        _prepare(emulator)
        start, count = time.time() + 5, rate * seconds  # until all processes have started
        shares = [
            Share(
                emulator.environment,
                start,
                start + seconds,
                rate / WORKERS,
                range(at, count, WORKERS),
            )
            for at in range(WORKERS)
        ]
        with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
            ended = list(itertools.chain.from_iterable(pool.map(_send, shares)))
        queued = _queued(emulator)
    yield from _figures(ended, queued, rate)


def _figures(
    ended: list[tuple[int, int, float, float]], queued: list[int], rate: int
) -> Iterator[Figure]:
    """Yield the figures of calls that ended: number, status, when (s) and after how long (ms)."""
    accepted = {number for number, status, _, _ in ended if status == 202}
    times = sorted(took for _, status, _, took in ended if status == 202)
    span = max(when for _, _, when, _ in ended) - min(when - ms / 1000 for _, _, when, ms in ended)
    real, share = len(ended) / span, len(accepted) / len(ended)
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    lost = len(accepted - set(queued))
    yield Figure("door", "calls a second", f"{real:.0f} of {rate}")
    yield Figure("door", "accepted", f"{share:.1%}", "100%", share == 1)
    yield Figure("door", "p50", f"{middle:.0f} ms")
    yield Figure("door", "p99", f"{late:.0f} ms")
    yield Figure("door", "accepted and not queued", str(lost), "0", lost == 0)
    yield Figure("door", "copies", str(len(queued) - len(set(queued))))


def _prepare(emulator: Emulator) -> None:
    for merchant in MERCHANTS:
        emulator.client("sqs").create_queue(QueueName=f"tillbridge-{STAGE}-{merchant}")
        entry = {"vendor": "square", "source": "sqs", "own": [SECRET], "rate": 1_000}
        emulator.client("ssm").put_parameter(
            Name=f"/tillbridge/{STAGE}/door/{merchant}", Value=json.dumps(entry),
            Type="SecureString",
        )  # fmt: skip
    emulator.client("dynamodb").create_table(
        TableName=f"tillbridge-{STAGE}", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )  # fmt: skip


def _send(share: Share) -> list[tuple[int, int, float, float]]:
    """Be one container: answer one call after the other, as they are due."""
    os.environ |= share.environment | {"STAGE": STAGE}
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - the door's log, for all of the process
    from app import app  # noqa: PLC0415 - it looks at STAGE

    context = SimpleNamespace(invoked_function_arn=ARN)
    ended = []
    for at, number in enumerate(share.numbers):
        time.sleep(max(share.start + at / share.rate - time.time(), 0))
        if (began := time.time()) > share.end:
            break  # the machine bears no more
        answer = app(_event(number), context)
        now = time.time()
        ended.append((number, answer["statusCode"], now, (now - began) * 1000))
    return ended


def _event(number: int) -> dict[str, Any]:
    merchant = MERCHANTS[number % len(MERCHANTS)]
    path, body = f"/v1/{merchant}/transactions", square_payment(Sale(number, 100))
    header = sign(SECRET, int(time.time()), f"POST {path}", body.encode())
    headers = {"Tillbridge-Signature": header, "Content-Type": "application/json"}
    return {
        "requestContext": {"httpMethod": "POST", "resourcePath": "/v1/{merchant}/transactions"},
        "headers": headers, "multiValueHeaders": {name: [it] for name, it in headers.items()},
        "multiValueQueryStringParameters": None, "pathParameters": {"merchant": merchant},
        "stageVariables": None, "body": body, "isBase64Encoded": False,
    }  # fmt: skip


def _queued(emulator: Emulator) -> list[int]:
    """Take everything out of the queues; return the numbers of the sales, copies included."""
    sqs, found = emulator.client("sqs"), list[int]()
    for merchant in MERCHANTS:
        url = sqs.get_queue_url(QueueName=f"tillbridge-{STAGE}-{merchant}")["QueueUrl"]
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [_number(one["Body"]) for one in got]
            done = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]}
                    for at, one in enumerate(got)]  # fmt: skip
            sqs.delete_message_batch(QueueUrl=url, Entries=done)
    return found


def _number(body: str) -> int:
    payment = json.loads(body)["data"]["object"]["payment"]
    return int("".join(filter(str.isdigit, payment["id"])))


if __name__ == "__main__":
    sys.exit(main(prove))
