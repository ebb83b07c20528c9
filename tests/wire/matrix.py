"""Runs rows of the fault matrix, side by side, and checks each where it would show."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from chalicelib.calls import attempt
from ops.collect import drain
from ops.emulator import Emulator
from ops.tills import Sale, square_payment
from tests.wire.burst import Burst, bursting
from tests.wire.judge import Events, Found, broken
from tests.wire.proxy import Proxy, proxying
from tests.wire.rows import Row
from tests.wire.shop import Shop, deployed
from tests.wire.strikes import Strike, striking

SALES = 10
PATIENCE_SECONDS = 300
#: Once its queue is empty, nothing of a row is on its way for long.
ARRIVAL_SECONDS = 15
POLL_SECONDS = 0.2
_numbers = count(1)
QUIET = Row("no fault", ())


@dataclass(frozen=True)
class Result:
    """What came of a row: nothing is broken if `broken` is empty."""

    found: Found
    broken: list[str]


class Subscriber:
    """Takes what arrives at both destinations."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._taken: dict[str, Events] = {"rewards": [], "ledger": []}
        self._lock = threading.Lock()

    def arrived(self, found: Found) -> dict[str, Events]:
        """Return what has arrived by now of a row's sales, by destination."""
        subjects = found.expected.keys()
        with self._lock:
            for queue, events in self._taken.items():
                messages = drain(self._shop.emulator.client("sqs"), self._shop.name(queue))
                events += [json.loads(message["Body"]) for message in messages]
            return {
                queue: [event for event in events if event["subject"] in subjects][
                    found.earlier.get(queue, 0) :
                ]
                for queue, events in self._taken.items()
            }


@dataclass(frozen=True)
class Bench:
    """The shop with everything that is between its functions and AWS."""

    shop: Shop
    proxy: Proxy
    burst: Burst
    subscriber: Subscriber
    #: Set when nobody waits for the rows any more.
    over: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def bench(emulator: Emulator, stage: str, lanes: int) -> Iterator[Bench]:
    """Deploy so many merchants, their functions behind the two proxies."""
    merchants = [f"shop-{lane:02}" for lane in range(lanes)]
    with bursting(emulator.endpoint) as burst, proxying(burst.endpoint) as proxy:
        with ThreadPoolExecutor() as pool:
            warm = pool.submit(_warm_up, proxy.endpoint)
            shop = deployed(emulator, stage, merchants)
            warm.result()
        shop.behind(proxy.endpoint)
        yield Bench(shop, proxy, burst, Subscriber(shop))


def _warm_up(endpoint: str) -> None:
    """Let microburst load what it knows of AWS, for which it keeps its first callers waiting."""
    through = Emulator(endpoint, Path(os.devnull))
    through.client("dynamodb").list_tables()
    through.client("sns").list_topics()
    through.client("sqs").list_queues()


def run(on: Bench, lanes: Sequence[Sequence[Row]]) -> Iterator[Result]:
    """Run the rows of each lane one after the other, and all lanes side by side."""
    results: SimpleQueue[Result | Exception] = SimpleQueue()

    def lane(merchant: str, rows: Sequence[Row]) -> None:
        for row in rows:
            if not on.over.is_set():
                results.put(attempt(lambda one: _trial(on, merchant, one), row))

    with ThreadPoolExecutor(len(lanes)) as pool:
        try:
            for merchant, rows in zip(on.shop.merchants, lanes, strict=True):
                pool.submit(lane, merchant, rows)
            for _ in range(sum(map(len, lanes))):
                result = results.get()
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            on.over.set()


def _trial(on: Bench, merchant: str, row: Row) -> Result:
    """Send ten sales through the row's faults, and wait until they have come to their end."""
    sales = [Sale(next(_numbers), 1000 + at) for at in range(SALES - row.poison)]
    on.shop.hide(merchant, row.hidden)
    earlier: dict[str, int] = {}
    if row.revised:
        first = Found(QUIET, merchant, sales, before=on.shop.log(merchant))
        _settle(on, first)
        earlier = {queue: len(events) for queue, events in first.arrived.items()}
        sales = [Sale(sale.number, sale.cents + 1, 1) for sale in sales]
    found = Found(row, merchant, sales, earlier, on.shop.log(merchant))
    before = on.proxy.given_up(merchant)
    with striking(on.proxy, on.burst, merchant, row.faults) as strikes:
        _settle(on, found, strikes if row.again else ())
        found.fired = [strike.fired() for strike in strikes]
        found.given_up = on.proxy.given_up(merchant) - before
    return Result(found, broken(found, on.shop))


def _settle(on: Bench, found: Found, held: Sequence[Strike] = ()) -> None:
    """Send the sales, and wait until they have come to their end.

    What is held is let go once the same messages, sent again, were found busy.
    """
    bodies = [square_payment(sale) for sale in found.sales]
    bodies += [f'{{"spoiled": {next(_numbers)}' for _ in range(found.row.poison)]
    _send(on, found, bodies)
    if held:
        _until(on, lambda: all(strike.fired() for strike in held))
        _send(on, found, bodies)
        _until(on, lambda: max(on.shop.receives(found.merchant)) > 1)
        for strike in held:
            strike.release()
    _until(on, lambda: _emptied(on, found))
    _until(on, lambda: _arrived(on, found), ARRIVAL_SECONDS)


def _send(on: Bench, found: Found, bodies: list[str]) -> None:
    with on.shop.paused(found.merchant):
        on.shop.send(found.merchant, bodies)
    found.sent += len(bodies)


def _emptied(on: Bench, found: Found) -> bool:
    found.most_receives = max(found.most_receives, *on.shop.receives(found.merchant), 0)
    return not on.shop.left(found.merchant)


def _arrived(on: Bench, found: Found) -> bool:
    """Whether everything is where it belongs, and was told of."""
    found.log = on.shop.log(found.merchant).since(found.before)
    found.arrived = on.subscriber.arrived(found)
    missing = any(found.expected.keys() - _subjects(events) for events in found.arrived.values())
    return (found.log.ended >= found.sent or found.unheard > 0) and not missing


def _subjects(events: Events) -> set[str]:
    return {event["subject"] for event in events}


def _until(on: Bench, holds: Callable[[], bool], patience: float = PATIENCE_SECONDS) -> None:
    """Wait until it holds, or give up: what is amiss then is the judge's to say."""
    give_up = time.monotonic() + patience
    while not holds() and time.monotonic() < give_up and not on.over.wait(POLL_SECONDS):
        pass
