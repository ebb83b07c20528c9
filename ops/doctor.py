"""`python -m ops doctor`: every setting of a stage that is unsafe, why, and what mends it."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from rich.console import Console
from rich.progress import Progress

from ops.checks import ENABLED, of_function, of_policy, of_source
from ops.checks_door import of_door
from ops.merchants import SERVICES, declared
from ops.resources import prefix, whole
from ops.snapshot import Data, Snapshot, look

CHECKS = (of_function, of_source, of_policy)


@dataclass(frozen=True)
class Finding:
    """A setting that is unsafe; `mend` is a command, or what else to do."""

    about: str
    reason: str
    mend: str


def doctor(options: argparse.Namespace) -> int:
    """Look a stage over, and say what is unsafe in it and how to mend that."""
    console, stage = Console(), options.stage
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("merchants", total=len(declared(stage)))
        snapshot = look(stage, lambda: progress.advance(task))
    found = list(examined(snapshot))
    if options.json:
        for one in found:
            print(json.dumps(vars(one)))
        return 1 if found else 0
    for one in found:
        console.print(f"[red]{one.about}[/]: {one.reason}", soft_wrap=True, highlight=False)
        console.print(f"  -> {one.mend}", soft_wrap=True, highlight=False)
    if found:
        console.print(f"\n{len(found)} findings in stage {stage}. Mend them, and run it again.")
        return 1
    count = len(snapshot.merchants)
    console.print(f"Stage {stage} in {snapshot.place}: {count} merchants looked at, all is sound.")
    if not snapshot.listeners:
        topic = f"arn:aws:sns:{snapshot.place}:{prefix(stage)}-alarms"
        console.print("Nobody hears its alarms yet:")
        command = f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint"
        console.print(f"  {command} YOU@EXAMPLE.COM", soft_wrap=True, highlight=False)
    return 0


def examined(found: Snapshot) -> Iterator[Finding]:
    """Yield what is unsafe in a stage as it stands.  Pure."""
    deploy = found.deploy
    if not found.table and not any(seen.function for seen in found.merchants):
        yield Finding(f"stage {found.stage}", f"it isn't deployed in {found.place}", deploy)
        return
    yield from _table(prefix(found.stage), "table", found.table, deploy)
    for label, table in found.tables.items():
        yield from _table(f"{prefix(found.stage)}-{label}", f"table of {label}", table, deploy)
    yield from _fan_out(found, deploy)
    yield from _alarms(found, deploy)
    for seen in found.merchants:
        for reason, mend in chain(*(check(seen, found) for check in CHECKS)):
            yield Finding(seen.one.merchant.id, reason, mend or deploy)
    for about, reason, mend in of_door(found):
        yield Finding(about, reason, mend or deploy)
    versions = {seen.function["CodeSha256"] for seen in found.merchants if seen.function}
    if len(versions) > 1:
        yield Finding("functions", "they don't all run the same code: a deployment broke off",
                      deploy)  # fmt: skip


def _table(name: str, about: str, table: Data | None, deploy: str) -> Iterator[Finding]:
    if table is None:
        yield Finding(about, f"{name} isn't there: nothing can be remembered", deploy)
        return
    if table["ttl"].get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        yield Finding(about, "what is remembered never expires, and it grows for ever", (
            f"aws dynamodb update-time-to-live --table-name {name}"
            " --time-to-live-specification Enabled=true,AttributeName=expiry"))  # fmt: skip
    elif table["ttl"].get("AttributeName") != "expiry":
        yield Finding(about, "it expires by another attribute than `expiry`", "ask for help")
    if table["recovery"].get("PointInTimeRecoveryStatus") != "ENABLED":
        yield Finding(about, "it can't be restored to a point in time", (
            f"aws dynamodb update-continuous-backups --table-name {name}"
            " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"))  # fmt: skip


def _fan_out(found: Snapshot, deploy: str) -> Iterator[Finding]:
    if not found.subscriptions:
        reason = "nobody is subscribed to the transactions: what is published is lost"
        yield Finding("topic", reason, deploy)
    for one in found.subscriptions:
        if one["SubscriptionArn"] == "PendingConfirmation":
            yield Finding("topic", f"{one['Endpoint']} never confirmed its subscription",
                          "confirm it, or unsubscribe it")  # fmt: skip
    for queue in found.queues:
        if queue.attributes is None:
            yield Finding(queue.name, "the queue isn't there", deploy)
    for service, mappings in found.services.items():
        if mappings is None:
            reason = f"its function isn't deployed: {SERVICES[service]}"
            yield Finding(service, reason, deploy)
        elif not any(one["State"] in ENABLED for one in mappings):
            yield Finding(service, f"nothing reads the queue: {SERVICES[service]}", deploy)


def _alarms(found: Snapshot, deploy: str) -> Iterator[Finding]:
    wanted = {one["Properties"]["AlarmName"] for one in whole(found.stage)["Resources"].values()
              if one["Type"] == "AWS::CloudWatch::Alarm"}  # fmt: skip
    for name in sorted(wanted - found.alarms.keys()):
        yield Finding("alarms", f"{name} isn't there", deploy)
    for name, alarm in found.alarms.items():
        if name in wanted and not (alarm.get("ActionsEnabled", True) and alarm["AlarmActions"]):
            yield Finding("alarms", f"{name} tells nobody",
                          f"aws cloudwatch enable-alarm-actions --alarm-names {name}")  # fmt: skip


def add(commands: Any) -> None:
    """Add the command."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("doctor", help=doctor.__doc__, description=doctor.__doc__)
    add_stage(parser)
    parser.add_argument("--json", action="store_true", help="JSON lines for machines")
    parser.set_defaults(command=doctor)
