"""`python -m ops replay`: publish the archive again, to one destination, for a new subscriber."""

import argparse
import gzip
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.progress import Progress

from chalicelib.archive import PREFIX
from chalicelib.calls import batches
from chalicelib.errors import Misconfigured
from chalicelib.publish import Destination, Event, Publisher, restored
from ops.aws import client, place
from ops.resources import prefix


def replay(options: argparse.Namespace) -> int:
    """Publish events of the archive again, to one queue or topic, with the ids they had."""
    console, bucket = Console(), bucket_of(options.stage)
    keys = list(keys_of(bucket, options.first, options.last))
    destination = Destination(_arn(options.to, options.stage))
    console.print(f"archive    {len(keys)} objects, {options.first} to {options.last}")
    sent, refused = 0, 0
    publisher = Publisher([destination], client("sns"), client("sqs"))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("objects", total=len(keys))
        events = archived(bucket, keys, options.merchant, lambda: progress.advance(task))
        for part in batches(events, 100):
            began = time.monotonic()
            left = {} if options.dry_run else publisher.publish([(one, ()) for one in part])
            sent, refused = sent + len(part) - len(left), refused + len(left)
            if not options.dry_run:
                time.sleep(max(0, len(part) / options.rate - (time.monotonic() - began)))
    if options.dry_run:
        console.print(f"{sent} events would be sent to {destination.arn}", soft_wrap=True)
        return 0
    console.print(f"{sent} events sent to {destination.arn}", soft_wrap=True)
    if refused:
        console.print(f"[red]{refused} were refused: run it again, as ids stay the same.")
        return 1
    return 0


def archived(bucket: str, keys: list[str], merchant: str, read: Any) -> Iterator[Event]:
    """Yield each event of the objects once, whatever copies of it were kept."""
    seen: set[tuple[str, int]] = set()
    for key in keys:
        body = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        for line in filter(None, gzip.decompress(body).decode().split("\n")):
            found = restored(line)
            mine = not merchant or ("merchant", merchant) in found.attributes
            if mine and (found.id, found.revision) not in seen:
                seen.add((found.id, found.revision))
                yield found
        read()


def keys_of(bucket: str, first: date, last: date) -> Iterator[str]:
    """Yield the keys of the objects of these days, in the order of their hours."""
    pages = client("s3").get_paginator("list_objects_v2")
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for page in pages.paginate(Bucket=bucket, Prefix=f"{PREFIX}{day:%Y/%m/%d}/"):
            yield from (one["Key"] for one in page.get("Contents", ()))


def bucket_of(stage: str) -> str:
    """Return the name of a stage's archive."""
    region, account = place().split(":")
    name, s3 = f"{prefix(stage)}-archive-{account}-{region}", client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as fault:
        raise Misconfigured(f"there is no archive {name}: is stage {stage} deployed?") from fault
    return name


def _arn(to: str, stage: str) -> str:
    """Return the ARN of a destination, which may be given by its name alone: topic:NAME, NAME."""
    if to.startswith("arn:"):
        return to
    kind, _, bare = to.rpartition(":")
    return f"arn:aws:{'sns' if kind else 'sqs'}:{place()}:{prefix(stage)}-{bare}"


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("replay", help=replay.__doc__, description=replay.__doc__)
    add_stage(parser)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True,
                        help="the first day (UTC), such as 2026-11-01")  # fmt: skip
    parser.add_argument("--to-day", dest="last", type=date.fromisoformat, default=date.today(),  # noqa: DTZ011
                        help="the last day (default: today)")  # fmt: skip
    parser.add_argument("--merchant", default="", help="only this merchant's")
    parser.add_argument("--rate", type=int, default=100, help="events a second (100)")
    parser.add_argument("--dry-run", action="store_true", help="count, and send nothing")
    parser.add_argument("to", help="a queue's name, topic:NAME, or an ARN")
    parser.set_defaults(command=replay)
