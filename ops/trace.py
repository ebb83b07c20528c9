"""`python -m ops trace`: what happened to one transaction, and in which invocation."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from chalicelib.dedupe import wall_clock
from chalicelib.model import claim_key
from chalicelib.state import look, moment
from chalicelib.table import Table
from ops.aws import client
from ops.deadletters import Peek
from ops.merchants import Declared, named
from ops.resources import function_name, prefix

_UNKNOWN = """
Nothing is known of {id}. Is it the id that events have in `subject`, prefix and all,
such as order:1001 or payment:abc? Was it sent to another merchant, or to another stage?
Was it sent longer ago than the table remembers?"""


def trace(one: Declared, options: argparse.Namespace) -> int:
    """Tell what became of a transaction, by its id as events have it in `subject`."""
    told = dict(found(one, options.stage, options.id))
    if options.json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            print(f"{name:<12} {value}")
    if "state" in told:
        return 0
    print(_UNKNOWN.format(id=options.id))
    return 1


def found(one: Declared, stage: str, identity: str) -> Iterator[tuple[str, Any]]:
    """Yield what is known, under its name: `state` is among it if there is a claim."""
    key = claim_key(one.merchant.id, one.vendor, identity)
    yield "transaction", f"{identity} ({one.merchant.id}, {one.vendor})"
    known = look(Table(client("dynamodb"), prefix(stage)), key, wall_clock())
    if known:
        yield from known.items()
        yield "invocation", _invocation(one, stage, known["batch"])
    aside = [letter.id for letter in _aside(one, stage, identity)]
    if aside:
        yield "quarantine", f"named in {', '.join(aside)}: ops quarantine show {one.merchant.id} ID"


def _aside(one: Declared, stage: str, identity: str) -> list[Any]:
    with Peek(one, stage) as peek:
        return [
            letter
            for letter in peek.letters()
            if any(reason.get("transaction") == identity for reason in letter.reasons)
        ]


def _invocation(one: Declared, stage: str, batch: str) -> str:
    """Return which invocation had a batch, by the line that it logged."""
    logs, group = client("logs"), f"/aws/lambda/{function_name(stage, one)}"
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{batch}"'
        )
        for page in pages:
            for event in page["events"]:
                if batch in event["message"] and "request_id" in event["message"]:
                    line = json.loads(event["message"])
                    return f"{line['request_id']} at {moment(event['timestamp'])}"
    except (logs.exceptions.ResourceNotFoundException, ValueError):
        pass
    return f"no line in {group} names its batch (any more)"


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("trace", help=trace.__doc__, description=trace.__doc__)
    add_stage(parser)
    parser.add_argument("merchant")
    parser.add_argument("id", help="the transaction's id, such as order:1001")
    parser.add_argument("--json", action="store_true", help="JSON for machines")
    parser.set_defaults(
        command=lambda options: trace(named(options.stage, options.merchant), options)
    )
