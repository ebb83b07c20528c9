"""The door, wired to this stage with the clients that wiring makes."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from chalicelib import state
from chalicelib.dedupe import wall_clock
from chalicelib.door import Door, health, safely
from chalicelib.entries import Entries
from chalicelib.exchange import Answer, heard
from chalicelib.metrics import of_door
from chalicelib.model import claim_key
from chalicelib.once import Once
from chalicelib.outbox import Outbox
from chalicelib.pace import Pace
from chalicelib.table import Table
from chalicelib.wiring import APP, CALLS, PUBLISHES, bucket, client, log, named, stage

#: How a call at the door ended, by its status.
_ENDED = {200: "accepted", 202: "accepted", 401: "refused", 429: "throttled"}


def knock(what: str, event: Mapping[str, Any], arn: str, **names: str) -> Answer:
    """Answer a call: `what` is a method of the door, `names` are those in the path.

    `arn` is the function's; `chalice local` has none.
    """
    if what == "health":
        return health()
    began = wall_clock()
    found = safely(lambda: getattr(door(arn), what)(heard(event), **names))
    merchant, now = names["merchant"], wall_clock()
    line: dict[str, Any] = {"door": what, "status": found.status_code, "ms": now - began}
    if what != "transaction" and door(arn).entries.knows(merchant):  # made-up names are not told
        ended = _ENDED.get(found.status_code, "failed" if found.status_code >= 500 else "wrong")  # noqa: PLR2004
        line = of_door(line | {"merchant": merchant}, ended, now)
    log(line)
    return found


@cache
def door(arn: str) -> Door:
    """Wire the door to this stage's parameters, table, queues and topics."""
    place = ":".join(arn.split(":")[3:5]) if arn else _account()
    table, dynamodb = f"{APP}-{stage()}", client("dynamodb", CALLS)

    def look(merchant: str, vendor: str, identity: str) -> dict[str, Any] | None:
        key = claim_key(merchant, vendor, identity)
        known = state.look(Table(dynamodb, table), key, wall_clock())
        return known and {name.replace(" ", "_"): value for name, value in known.items()}

    return Door(
        entries=Entries(_parameter, wall_clock),
        outbox=Outbox(client("sqs", CALLS), client("sns", CALLS)),
        once=Once(dynamodb, table),
        pace=Pace(dynamodb, table, wall_clock),
        arn=lambda source, merchant: f"arn:aws:{source}:{place}:{named(merchant)}",
        look=look,
        offload=partial(_offload, place),
    )


def _offload(place: str, merchant: str, body: bytes) -> str:
    """Put a body away; only who sends such a body pays for the import."""
    from chalicelib import parcels  # noqa: PLC0415

    inbox = bucket("inbox", place)
    return parcels.offload(client("s3", PUBLISHES), inbox, merchant, body).body


def _parameter(merchant: str) -> str | None:
    ssm = client("ssm", CALLS)
    try:
        name = f"/{APP}/{stage()}/door/{merchant}"
        return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def _account() -> str:
    """Return region and account where no ARN says them."""
    sts = client("sts", CALLS)
    return f"{sts.meta.region_name}:{sts.get_caller_identity()['Account']}"
