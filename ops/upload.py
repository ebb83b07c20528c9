"""`python -m ops upload`: drop a file into the inbox, and see what became of it."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from chalicelib.bulk.unpacking import FILES, RESULTS, format_of
from chalicelib.errors import Misconfigured, Rejected
from ops.aws import client
from ops.bodies import inbox_bucket
from ops.merchants import Declared, named

_POLL_SECONDS = 1


def upload(one: Declared, options: argparse.Namespace) -> int:
    """Drop a file of sales into the inbox; with --wait, print its result once it is taken apart."""
    console, path, bucket = Console(), options.file, inbox_bucket(options.stage)
    if one.kind != "sqs":
        raise Misconfigured(f"{one.merchant.id} has a topic: files go to merchants with a queue")
    if not path.is_file():
        raise Misconfigured(f"{path} is no file")
    try:
        format_of(path.name, one.told())
    except Rejected as reason:
        raise Misconfigured(f"{path.name}: {reason.reason}") from reason
    key, result = (f"{part}{one.merchant.id}/{path.name}" for part in (FILES, RESULTS))
    before = _read(bucket, f"{result}.json")
    columns = (TextColumn("{task.description:10}"), BarColumn(), DownloadColumn(),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("uploaded", total=path.stat().st_size)
        client("s3").upload_file(
            str(path), bucket, key, Callback=lambda count: progress.advance(task, count)
        )
    console.print(f"uploaded   s3://{bucket}/{key}", soft_wrap=True)
    if not options.wait:
        console.print(f"Its result will be s3://{bucket}/{result}.json", soft_wrap=True)
        return 0
    with console.status(f"waiting, {options.patience} s at most, until it is taken apart"):
        told = _awaited(bucket, f"{result}.json", before, options.patience)
    if told is None:
        console.print(
            "[red]It isn't taken apart yet.[/] Is the function running? ops doctor tells;"
        )
        console.print(f"its result will be s3://{bucket}/{result}.json", soft_wrap=True)
        return 1
    print(json.dumps(told, indent=1, ensure_ascii=False))
    console.print(f"Next: ops quarantine list {one.merchant.id} shows what could not be read")
    return 0 if told["state"] == "done" and not told["refused"] else 1


def _awaited(bucket: str, key: str, before: Any, patience: int) -> Any:
    """Return the result once there is another than before, or None."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        if (found := _read(bucket, key)) not in (None, before):
            return found
        time.sleep(_POLL_SECONDS)
    return None


def _read(bucket: str, key: str) -> Any:
    try:
        return json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as fault:
        if fault.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise Misconfigured(f"{bucket}: {fault}: is the stage deployed?") from fault


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("upload", help=upload.__doc__, description=upload.__doc__)
    add_stage(parser)
    parser.add_argument("merchant")
    parser.add_argument("file", type=Path, help=".xml, .csv, .json, .ndjson or .jsonl, maybe .gz")
    parser.add_argument("--wait", action="store_true", help="until it is taken apart")
    parser.add_argument("--patience", type=int, default=900, help="seconds to wait (900)")
    parser.set_defaults(
        command=lambda options: upload(named(options.stage, options.merchant), options)
    )
