"""Soak and load: 50,000 messages through the deployed app, while workers are killed."""

import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import quantiles

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.emulator import running
from ops.logged import Log
from tests.prove.figures import Figure, main
from tests.wire.load import Traffic, Workers, planned
from tests.wire.shop import deployed

MESSAGES, QUICK = 50_000, 500
MERCHANTS = ("shop-a", "shop-b")
#: Kills, spread over the first half: what dead workers had is back before the end.
KILLS, KILLED_UNTIL = 20, 0.5
#: A function's batch: what one kill can leave published and not committed.
BATCH = 10
GROWTH_MB = 12
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Soak:
    """A run that has ended."""

    traffic: Traffic
    workers: Workers
    seconds: float
    left: int
    logs: list[Log]


def prove(quick: bool) -> Iterator[Figure]:
    """Send 50,000 messages, a tenth of them resends, and kill workers meanwhile."""
    count, kills = (QUICK, 0) if quick else (MESSAGES, KILLS)
    with running() as emulator:
        shop = deployed(emulator, "soak", MERCHANTS, also=())
        shop.behind(emulator.endpoint)
        traffic = Traffic(shop, planned(count))
        yield from figures(_run(traffic, Workers(shop, traffic.done), kills))


def _run(traffic: Traffic, workers: Workers, kills: int) -> Soak:
    began = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        sending = pool.submit(traffic.send)
        others = [pool.submit(traffic.receive), pool.submit(workers.watch)]
        try:
            took = _followed(traffic, workers, sending, kills) - began
        finally:
            traffic.done.set()
        for one in (sending, *others):
            one.result()
    logs = [traffic.shop.log(merchant) for merchant in MERCHANTS]
    return Soak(traffic, workers, took, traffic.waiting(), logs)


def _followed(traffic: Traffic, workers: Workers, sending: "Future[None]", kills: int) -> float:
    """Show how far it is, kill workers on the way, and return when the last message had ended."""
    chance, total = random.Random(1), len(traffic.sales)
    columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        sent, ended = (progress.add_task(name, total=total) for name in ("sent", "ended"))
        give_up = None
        while True:
            done = sending.done()
            left = traffic.waiting()
            progress.update(sent, completed=traffic.sent)
            progress.update(ended, completed=traffic.sent - left)
            if workers.killed < kills * min(traffic.sent / total / KILLED_UNTIL, 1):
                workers.kill_one(chance)
            give_up = give_up or (time.monotonic() + PATIENCE_SECONDS if done else None)
            if (done and not left) or (give_up and time.monotonic() > give_up):
                return time.monotonic()
            time.sleep(0.2)


def figures(soak: Soak) -> Iterator[Figure]:
    """Tell what was measured, and what must hold of it."""
    traffic, workers = soak.traffic, soak.workers
    newest = traffic.newest
    lost = len(newest - traffic.arrived.keys()) + soak.left
    strange = len(traffic.arrived.keys() - traffic.sent_ms.keys())
    renamed = sum(len(ids) > 1 for ids in traffic.ids.values())
    copies = traffic.arrived.total() - len(traffic.arrived)
    allowed = workers.killed * BATCH
    growth = workers.quarter(4) - workers.quarter(2)
    yield _figure("messages", f"{traffic.sent:,} of {len(newest):,} sales")
    yield _figure("workers killed", f"{workers.killed}")
    yield _figure("lost", f"{lost}", "0", holds=lost == 0)
    yield _figure("arrived that nobody sent", f"{strange}", "0", holds=strange == 0)
    yield _figure("copies", f"{copies}", f"<= {allowed}, {BATCH} a kill", holds=copies <= allowed)
    yield _figure("copies under another id", f"{renamed}", "0", holds=renamed == 0)
    yield from _logged(soak)
    yield _figure("messages a second, while sending", f"{traffic.sent / traffic.seconds:.0f}")
    yield _figure("until all had ended", f"{soak.seconds:.0f} s")
    cuts = quantiles(traffic.lags, n=100)
    for percent in (50, 95, 99):
        yield _figure(f"send to arrival, p{percent}", f"{cuts[percent - 1]:,.0f} ms")
    yield _figure("largest worker, last quarter", f"{workers.quarter(4):.1f} MB")
    if workers.killed:  # a short run sees its workers start, and no more
        yield _figure("its growth since the second", f"{growth:+.1f} MB", f"<= {GROWTH_MB} MB",
                      holds=growth <= GROWTH_MB)  # fmt: skip


def _logged(soak: Soak) -> Iterator[Figure]:
    """Judge the counts; an invocation that told nothing may have ended a whole batch."""
    conserved = all(log.conserved for log in soak.logs)
    ended, silent = (sum(getattr(log, name) for log in soak.logs) for name in ("ended", "silent"))
    least = soak.traffic.sent - silent * BATCH
    yield _figure("counts add up", str(conserved), "always", holds=conserved)
    yield _figure("invocations that told nothing", f"{silent}")
    yield _figure("logged as ended", f"{ended:,}", f">= {least:,}", holds=ended >= least)


def _figure(name: str, value: str, bound: str = "", *, holds: bool = True) -> Figure:
    return Figure("soak", name, value, bound, holds)


if __name__ == "__main__":
    sys.exit(main(prove))
