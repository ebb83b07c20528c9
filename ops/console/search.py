"""Finding a transaction, by its id or by the number on its receipt, and what happened to it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chalicelib.calls import batches, in_parallel
from chalicelib.errors import Misconfigured
from chalicelib.model import claim_key
from chalicelib.table import Table
from ops import trace
from ops.aws import client
from ops.console.place import Stage
from ops.merchants import Declared
from ops.replay import archived, bucket_of, keys_of

_OBJECTS_AT_ONCE, MOST_FOUND = 40, 20
#: Tills have local days, and are offline at times.
_ABOUT = timedelta(days=1)


@dataclass(frozen=True)
class Hit:
    """A transaction that may be meant; `event` is its event's data, where the archive was read."""

    one: Declared
    subject: str
    event: dict[str, Any] | None = None


@dataclass(frozen=True)
class Progress:
    """How many objects of the archive are read, of how many."""

    done: int
    total: int


def by_id(stage: Stage, merchants: Sequence[Declared], identity: str) -> list[Hit]:
    """Return the merchants that had a transaction of that id, as the relay remembers."""
    keys = {claim_key(one.merchant.id, one.vendor, identity): one for one in merchants}
    found = Table(client("dynamodb"), stage.prefix).read(keys)
    if missing := keys.keys() - found.keys():
        told = ", ".join(sorted(keys[key].merchant.id for key in missing))
        raise Misconfigured(
            f"the table {stage.prefix} can't be read for {told}: is stage {stage.name} deployed,"
            " and may your credentials read it (dynamodb:BatchGetItem)?"
        )
    return [Hit(one, identity) for key, one in keys.items() if found[key]]


def by_receipt(
    stage: Stage, merchants: Sequence[Declared], receipt: str, day: date
) -> Iterator[Hit | Progress]:
    """Read what was published about a day (UTC), and yield what bears the number.

    Progress comes between.  A transaction that was published again is found once.
    """
    bucket = bucket_of(stage.name)
    keys = list(keys_of(bucket, day - _ABOUT, day + _ABOUT))
    known, wanted = {one.merchant.id: one for one in merchants}, _number(receipt)
    seen: set[tuple[str, str]] = set()
    yield Progress(0, len(keys))
    for done, part in enumerate(batches(keys, _OBJECTS_AT_ONCE), 1):
        for answer in in_parallel(lambda key: _read(bucket, key), part):
            if isinstance(answer, Exception):
                raise answer
            for data in answer:
                name = (str(data["merchant"]), str(data["id"]))
                mine = name[0] in known and _number(data.get("receipt_number") or "") == wanted
                if mine and name not in seen:
                    seen.add(name)
                    yield Hit(known[name[0]], name[1], data)
        yield Progress(min(done * _OBJECTS_AT_ONCE, len(keys)), len(keys))


def timeline(stage: Stage, hit: Hit) -> dict[str, Any]:
    """Return what `ops trace` tells of it."""
    with stage.looks[hit.one.merchant.id]:
        return dict(trace.found(hit.one, stage.name, hit.subject))


def _read(bucket: str, key: str) -> list[dict[str, Any]]:
    return [json.loads(one.body)["data"] for one in archived(bucket, [key], "", lambda: None)]


def _number(receipt: str) -> str:
    """Return a receipt's number as it is compared: #1001 is what people call 1001."""
    return receipt.strip().lstrip("#").casefold()
