"""The only reader of the environment: it wires each function to its stage.

The stage names everything: `tillbridge-<stage>` is the table and the beginning of every other
name.  Region and account are those of the function itself.
"""

import gc
import hashlib
import hmac
import json
import os
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import archive
from chalicelib.acknowledge import acknowledge
from chalicelib.clients import CALLS, PUBLISHES, Later, client
from chalicelib.dedupe import Store, wall_clock
from chalicelib.errors import Misconfigured
from chalicelib.metrics import of_file
from chalicelib.model import Merchant
from chalicelib.pipeline import Pipeline
from chalicelib.publish import Destination, Publisher
from chalicelib.quarantine import Quarantine
from chalicelib.receive import Message, messages
from chalicelib.table import Table

if TYPE_CHECKING:
    from chalice.app import SNSEvent, SQSEvent

    from chalicelib.desk import Declaration, Desk
    from chalicelib.parcels import Pointer

APP = "tillbridge"
#: What is known of the merchants where no function of theirs runs; ops writes it beside this file.
DECLARED = "declared.json"
#: What functions make when they start, by their names after the stage's; the door's has none.
_FIRST = {
    "": (("dynamodb", CALLS), ("sqs", CALLS), ("ssm", CALLS)),
    "archive": (("s3", PUBLISHES),),
    "files": (("s3", PUBLISHES), ("sqs", PUBLISHES), ("dynamodb", CALLS)),
    "rewards": (("dynamodb", CALLS), ("sqs", CALLS)),
}
_MERCHANTS = (("dynamodb", CALLS), ("sns", PUBLISHES))


def stage() -> str:
    """Return the stage that this is: `STAGE` in .chalice/config.json."""
    return os.environ["STAGE"]


def named(what: str) -> str:
    """Return the name of a queue or a topic of this stage."""
    return f"{APP}-{stage()}-{what}"


def relay(event: "SQSEvent | SNSEvent", merchant: Merchant) -> None:
    """Bring a batch of the merchant's messages to its end; raises Retry for what is left."""
    context: Any = event.context
    deadline = wall_clock() + context.get_remaining_time_in_millis()
    arn = context.invoked_function_arn
    run = pipeline(merchant, arn).run
    run(messages(event.to_dict()), deadline, context.aws_request_id)


def keep(event: "SQSEvent") -> None:
    """Put a batch of published events into the archive."""
    context: Any = event.context
    place = place_of(context.invoked_function_arn)
    archive.keep(client("s3", PUBLISHES), bucket("archive", place), event.to_dict())


def unpack(event: "SQSEvent") -> None:
    """Take a file that was dropped into the inbox apart, into its merchant's queue."""
    from chalicelib.bulk.unpacking import Unpacker  # noqa: PLC0415 - merchants needn't pay for it

    context: Any = event.context
    place = place_of(context.invoked_function_arn)
    clients = client("s3", PUBLISHES), client("sqs", PUBLISHES), client("dynamodb", CALLS)
    unpacker = Unpacker(*clients, bucket("inbox", place), f"{APP}-{stage()}", place, _declared())
    deadline = wall_clock() + context.get_remaining_time_in_millis()
    notes = messages(event.to_dict())
    try:
        for told in (told for note in notes for told in unpacker.run(note.raw, deadline)):
            log(of_file(told, wall_clock()))
    except Exception:
        acknowledge(clients[1], done=[], left=notes)  # they come again soon, not only when hidden
        raise


def reward(event: "SQSEvent", declared: "Declaration") -> None:
    """Let a batch of published events earn points; raises Retry for what is left."""
    from chalicelib.subscriber import Subscriber  # noqa: PLC0415 - no merchant's function needs it

    context: Any = event.context
    place = place_of(context.invoked_function_arn)
    sqs, found = client("sqs", CALLS), desk(declared)
    dead = f"arn:aws:sqs:{place}:{named('rewards')}-dead"
    subscriber = Subscriber(
        name="rewards",
        inbox=found.inbox,
        effect_of=found.effect_of,
        quarantine=Quarantine(sqs, dead, "rewards"),
        acknowledge=partial(acknowledge, sqs),
        log=log,
        now_ms=wall_clock,
    )
    deadline = wall_clock() + context.get_remaining_time_in_millis()
    subscriber.run(messages(event.to_dict()), deadline, context.aws_request_id)


def desk(declared: "Declaration") -> "Desk":
    """Wire rewards to this stage's table: accounts, and claims by receipt."""
    from chalicelib.desk import Desk  # noqa: PLC0415 - no merchant's function needs it

    return Desk(client("dynamodb", CALLS), named("rewards"), declared, wall_clock)


def bucket(what: str, place: str) -> str:
    """Return the name of a bucket of the stage's: no two accounts may have the same."""
    region, account = place.split(":")
    return f"{APP}-{stage()}-{what}-{account}-{region}"


def place_of(function_arn: str) -> str:
    """Return region and account, as in an ARN."""
    return ":".join(function_arn.split(":")[3:5])


@cache
def _declared() -> dict[str, Any]:
    """Return what ops wrote down of each merchant in app.py, when it packaged this."""
    path = Path(__file__).with_name(DECLARED)
    if not path.exists():
        raise Misconfigured(
            f"chalicelib/{DECLARED} is missing: deploy with `make`, which writes it"
        )
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@cache
def pipeline(merchant: Merchant, function_arn: str) -> Pipeline:
    """Wire the merchant's path to this stage's table, topic and queues."""
    place = place_of(function_arn)
    sqs: Any = Later("sqs", CALLS)
    out: Any = client("sns", PUBLISHES), Later("sqs", PUBLISHES)
    hash_key = _hash_key(merchant)
    dead = f"arn:aws:sqs:{place}:{named(merchant.id)}-dead"
    return Pipeline(
        merchant=merchant,
        store=Store(Table(client("dynamodb", CALLS), f"{APP}-{stage()}")),
        publisher=Publisher([Destination(arn) for arn in destinations(merchant, place)], *out),
        quarantine=Quarantine(
            sqs, dead, merchant.id, merchant.personal, hash_key, partial(_offload, merchant, place)
        ),
        acknowledge=partial(acknowledge, sqs),
        log=log,
        hash_key=hash_key,
        fetch=partial(_fetched, merchant, place),
    )


def _fetched(merchant: Merchant, place: str, message: Message) -> Message:
    """Follow a pointer; whoever sends none pays neither for S3's client nor for the import."""
    if not message.may_point:
        return message
    from chalicelib import parcels  # noqa: PLC0415

    return parcels.fetched(client("s3", CALLS), bucket("inbox", place), merchant.id, message)


def _offload(merchant: Merchant, place: str, body: bytes) -> "Pointer":
    from chalicelib import parcels  # noqa: PLC0415

    return parcels.offload(client("s3", PUBLISHES), bucket("inbox", place), merchant.id, body)


def destinations(merchant: Merchant, place: str) -> list[str]:
    """Return the ARNs that the merchant's transactions go to: our topic, and what it adds.

    `place` is region and account, as in an ARN.
    """
    topic = f"arn:aws:sns:{place}:{named(os.environ.get('TOPIC', 'transactions'))}"
    extra = [name.removeprefix("topic:") for name in merchant.also]
    kinds = ["sns" if name.startswith("topic:") else "sqs" for name in merchant.also]
    pairs = zip(kinds, extra, strict=True)
    return [topic, *(f"arn:aws:{kind}:{place}:{named(name)}" for kind, name in pairs)]


def _hash_key(merchant: Merchant) -> bytes:
    if merchant.personal != "hash":
        return b""
    secret = os.environ.get("HASH_KEY", "")
    if not secret:
        raise Misconfigured(f"{merchant.id} hashes personal data: set HASH_KEY for its function")
    return hmac.new(secret.encode(), merchant.id.encode(), hashlib.sha256).digest()


def log(line: dict[str, Any]) -> None:
    """Write a line for people and for CloudWatch's metrics."""
    sys.stdout.write(json.dumps({"stage": stage(), **line}) + "\n")
    sys.stdout.flush()


def serves_door() -> bool:
    """Tell whether this is the function that the API calls: it has the stage's own name."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME") == f"{APP}-{stage()}"


def _begin(function: str) -> None:
    """Make what the function needs first: while it starts it has a whole CPU, later only a share.

    What is there by then stays, so that no collector has to look through it.
    """
    name = function.removeprefix(f"{APP}-{stage()}").removeprefix("-")
    for service, settings in _FIRST.get(name, _MERCHANTS):
        client(service, settings)
    gc.freeze()
    gc.set_threshold(10_000)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _begin(os.environ["AWS_LAMBDA_FUNCTION_NAME"])
