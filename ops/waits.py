"""`python -m ops waits`: returns and voids whose sale rewards were never told of."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalicelib.errors import Misconfigured
from chalicelib.shelf import Waiting
from chalicelib.state import moment
from ops.aws import client
from ops.console.place import Stage, staged
from ops.console.words import plain, span

#: What is looked through: far more than any stage should ever have.
_MOST = 10_000
_WHAT_NEXT = """\
Each counts as soon as its sale is told, or by itself once its time is over: nothing is lost.
If a sale was made, find out why it isn't told:
  ops trace {merchant} {original} --stage {stage}
  ops quarantine list {merchant} --stage {stage}
If many wait, ask whether a till or a queue of theirs has stopped: ops doctor --stage {stage}"""
_OVERDUE = """\
What is over its time counts with the next batch of events. If it stays, the function {function}
isn't running, or fails: ops doctor --stage {stage}"""


def waits(options: argparse.Namespace) -> int:
    """List returns and voids that wait for their sale: since when, until when, and for what."""
    stage = staged(options.stage)
    if options.merchant:
        stage.merchant(options.merchant)
    everything = _all(stage)
    found = [one for one in everything if options.merchant in {"", merchant_of(one)}]
    if options.json:
        for one in found:
            print(json.dumps(_told(one)))
        return 0
    console = Console()
    if not found:
        whose = f"of {options.merchant} " if options.merchant else ""
        console.print(f"nothing {whose}waits for its sale: every return and void has met its own")
        return 0
    console.print(_table(found[: options.limit], stage.now_ms()))
    more = len(everything) == _MOST
    console.print(f"{len(found)} wait{' (or more)' if more else ''}, the first due above all.")
    _advise(console, found, stage)
    return 0


def merchant_of(one: Waiting) -> str:
    """Return whose it is: a source is /tillbridge/<merchant>/<vendor>."""
    return one.source.split("/")[2]


def _all(stage: Stage) -> list[Waiting]:
    dynamodb = client("dynamodb")
    try:
        return stage.desk.inbox.waits(_MOST)
    except dynamodb.exceptions.ResourceNotFoundException as fault:
        raise Misconfigured(
            f"there is no table {stage.prefix}-rewards: is stage {stage.name} deployed?"
        ) from fault


def _table(found: list[Waiting], now: int) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("since", "until", "merchant", "transaction", "waits for"):
        table.add_column(head, overflow="fold")
    for one in found:
        left = "overdue" if one.due <= now else f"in {span(one.due - now)}"
        cells = (moment(one.since), f"{moment(one.due)} ({left})", merchant_of(one), one.subject)
        table.add_row(*(Text(plain(cell)) for cell in (*cells, one.original)))
    return table


def _advise(console: Console, found: list[Waiting], stage: Stage) -> None:
    first = found[0]
    names = {"merchant": merchant_of(first), "original": plain(first.original)}
    told = _WHAT_NEXT.format(stage=stage.name, **names)
    if first.due <= stage.now_ms():
        told += "\n" + _OVERDUE.format(stage=stage.name, function=f"{stage.prefix}-rewards")
    console.print(told, soft_wrap=True, markup=False, highlight=False)


def _told(one: Waiting) -> dict[str, Any]:
    times = {"since": one.since, "due": one.due}
    told = {name: datetime.fromtimestamp(ms / 1000, UTC).isoformat() for name, ms in times.items()}
    return {"merchant": merchant_of(one), **asdict(one), **told}


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("waits", help=waits.__doc__, description=waits.__doc__)
    add_stage(parser)
    parser.add_argument("merchant", nargs="?", default="", help="only this merchant's")
    parser.add_argument("--limit", type=int, default=100, help="so many lines at most (100)")
    parser.add_argument("--json", action="store_true", help="JSON lines for machines")
    parser.set_defaults(command=waits)
