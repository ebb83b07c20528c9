"""The door, wired to this stage: who comes in is received by a method of it."""

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from chalicelib import state
from chalicelib.clients import CALLS, PUBLISHES, client
from chalicelib.dedupe import wall_clock
from chalicelib.door import Door, health, safely
from chalicelib.entries import Entries
from chalicelib.exchange import Answer, heard
from chalicelib.gate import Gate
from chalicelib.metrics import of_door
from chalicelib.model import claim_key
from chalicelib.once import Once
from chalicelib.outbox import Outbox
from chalicelib.pace import Pace
from chalicelib.table import Table
from chalicelib.wiring import APP, bucket, desk, log, named, place_of, stage

if TYPE_CHECKING:
    from chalicelib.desk import Declaration
    from chalicelib.door_members import MembersDoor

#: How a call at the door ended, by its status.
_ENDED = {200: "accepted", 202: "accepted", 401: "refused", 429: "throttled"}
#: What is asked of members, by their merchant's app.
_OF_MEMBERS = frozenset(("member", "claims"))
#: Who only looks is not counted.
_LOOKS = frozenset(("transaction", "member"))


def answered(
    what: str, event: Mapping[str, Any], arn: str, rewards: "Declaration", **names: str
) -> Answer:
    """Answer a call, as `doorway.knock` has it, and log it."""
    if what == "health":
        return health()
    began = wall_clock()
    found = safely(lambda: getattr(_opened(what, arn, rewards), what)(heard(event), **names))
    merchant, now = names["merchant"], wall_clock()
    line: dict[str, Any] = {"door": what, "status": found.status_code, "ms": now - began}
    if what not in _LOOKS and door(arn).gate.entries.knows(merchant):  # made-up names are not told
        ended = _ENDED.get(found.status_code, "failed" if found.status_code >= 500 else "wrong")  # noqa: PLR2004
        line = of_door(line | {"merchant": merchant}, ended, now)
    log(line)
    return found


def _opened(what: str, arn: str, rewards: "Declaration") -> "Door | MembersDoor":
    """Return whose method a call is; only who asks for a member pays for what rewards import."""
    if what not in _OF_MEMBERS:
        return door(arn)
    from chalicelib.door_members import MembersDoor  # noqa: PLC0415
    from chalicelib.tries import Tries  # noqa: PLC0415

    tries = Tries(client("dynamodb", CALLS), f"{APP}-{stage()}", wall_clock)
    return MembersDoor(door(arn).gate, desk(rewards), tries)


@cache
def door(arn: str) -> Door:
    """Wire the door to this stage's parameters, table, queues and topics."""
    place = place_of(arn) if arn else _account()
    table, dynamodb = f"{APP}-{stage()}", client("dynamodb", CALLS)

    def look(merchant: str, vendor: str, identity: str) -> dict[str, Any] | None:
        key = claim_key(merchant, vendor, identity)
        known = state.look(Table(dynamodb, table), key, wall_clock())
        return known and {name.replace(" ", "_"): value for name, value in known.items()}

    return Door(
        gate=Gate(Entries(_parameter, wall_clock), Pace(dynamodb, table, wall_clock), wall_clock),
        outbox=Outbox(client("sqs", CALLS), client("sns", CALLS)),
        once=Once(dynamodb, table),
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
