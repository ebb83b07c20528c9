"""The main job, shown: the real app, deployed to the embedded AWS, through a day's trading."""

import secrets
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chalicelib.calls import batches
from ops import summary
from ops.check import failures, wrong_points
from ops.collect import collect, log_lines
from ops.day import Day, trading
from ops.emulator import REGION, Emulator, running, stop_kept
from ops.local import STAGE, deploy, observe
from ops.logged import Log
from ops.merchants import Declared, declared, load
from ops.points import account, owed

#: A topic calls its function once a message, and the emulator starts a process for each that
#: can't wait; so the till that sends by topic sends as fast as a busy till, not all at once.
TOPIC_PACE = 0.02
PATIENCE_SECONDS = 300
_ATTRIBUTES = {"till": {"DataType": "String", "StringValue": "made up"}}


def run(count: int, *, keep: bool) -> int:
    """Run a day's trading of about `count` transactions; return the exit status."""
    console = Console()
    if kept := stop_kept():
        console.print(f"stopped the emulator that was kept at {kept}")
    began = time.monotonic()
    with running(keep=keep) as emulator:
        console.print(f"emulator   up at {emulator.endpoint}, on this machine only")
        key = secrets.token_hex(16)
        size = deploy(emulator, key)
        observe(emulator)
        merchants = declared(STAGE)
        console.print("resources  queues, dead-letter queues, topics, table: created from app.py")
        console.print(f"functions  {len(merchants)} merchants deployed, {size / 1e6:.1f} MB zip")
        days = trading(count)
        _trade(emulator, merchants, days, console)
        found = collect(emulator, merchants)
        owed_ = {
            (merchant, account(merchant, member, key)): points
            for (merchant, member), points in owed(days, load(STAGE).REWARDS).items()
        }
        wrong = failures(days, found) + wrong_points(owed_, found)
        console.print(summary.table(days, found))
        if not wrong:
            summary.members(console, found)
        summary.verdict(console, days, wrong, time.monotonic() - began)
        if keep and not wrong:
            _addresses(console, emulator)
    return 1 if wrong else 0


def _trade(
    emulator: Emulator, merchants: list[Declared], days: list[Day], console: Console
) -> None:
    """Send everything through the real queues and topics, and wait until all of it has ended."""
    columns = (
        TextColumn("{task.description:10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    by_name = {one.merchant.id: one for one in merchants}
    total = sum(len(day.bodies) + len(day.resends) for day in days)
    with Progress(*columns, console=console) as progress:
        sending = progress.add_task("sent", total=total)
        ending = progress.add_task("processed", total=total)
        for day in days:
            _send(
                emulator, by_name[day.merchant], day.bodies, lambda n: progress.advance(sending, n)
            )
        for day in days:
            _send(
                emulator, by_name[day.merchant], day.resends, lambda n: progress.advance(sending, n)
            )
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (left := sum(_left(emulator, by_name[d.merchant], d) for d in days)) > 0:
            progress.update(ending, completed=total - left)
            if time.monotonic() > give_up:
                console.print(
                    f"[red]{left} messages were still on their way after {PATIENCE_SECONDS} s"
                )
                break
            time.sleep(0.25)
        progress.update(ending, completed=total - left)
        _reward(emulator, progress, give_up)


def _reward(emulator: Emulator, progress: Progress, give_up: float) -> None:
    """Wait until every event that was published has earned its points."""
    first = left = _waiting(emulator, f"tillbridge-{STAGE}-rewards")
    earning = progress.add_task("rewarded", total=first or 1)
    while left and time.monotonic() < give_up:
        progress.update(earning, completed=first - left)
        time.sleep(0.25)
        left = _waiting(emulator, f"tillbridge-{STAGE}-rewards")
    if left:
        progress.console.print(f"[red]{left} events had not earned their points in time")
    progress.update(earning, completed=(first or 1) - left)


def _send(emulator: Emulator, one: Declared, bodies: list[str], sent: Any) -> None:
    if one.kind == "sns":
        sns, topic = emulator.client("sns"), _arn("sns", one.source)
        for body in bodies:
            # The emulator leaves Subject and attributes out unless they are given; AWS never does.
            sns.publish(TopicArn=topic, Message=body, Subject="sale", MessageAttributes=_ATTRIBUTES)
            sent(1)
            while body is bodies[0] and not any(log_lines(emulator, one)):
                time.sleep(TOPIC_PACE)  # until its first worker is up
            time.sleep(TOPIC_PACE)
        return
    sqs = emulator.client("sqs")
    url = sqs.get_queue_url(QueueName=one.source)["QueueUrl"]
    for part in batches(bodies, 10, lambda body: len(body.encode()), 1024 * 1024):
        entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(part)]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"the queue refused messages: {answer['Failed'][0]['Message']}")
        sent(len(part))


def _left(emulator: Emulator, one: Declared, day: Day) -> int:
    """Return how many messages of a merchant have not come to an end."""
    if one.kind == "sns":
        return len(day.bodies) + len(day.resends) - len(Log.of(log_lines(emulator, one)).began)
    return _waiting(emulator, one.source)


def _waiting(emulator: Emulator, name: str) -> int:
    """Return how many messages of a queue are still to be deleted."""
    sqs = emulator.client("sqs")
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    return sum(int(found[name]) for name in counts)


def _addresses(console: Console, emulator: Emulator) -> None:
    console.print("\nIt stays up until `make stop`.  To look around, open the console:")
    console.print("  make console\nor the command line:")
    for name, value in emulator.environment.items():
        console.print(f"  export {name}={value}", soft_wrap=True)
    for one in declared(STAGE):
        console.print(f"  {one.merchant.id}: {_arn(one.kind, one.source)}", soft_wrap=True)
    for name in ("transactions", "observer"):
        kind = "sns" if name == "transactions" else "sqs"
        console.print(f"  {name}: {_arn(kind, f'tillbridge-{STAGE}-{name}')}", soft_wrap=True)


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:000000000000:{name}"
