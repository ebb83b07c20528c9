"""A steady load on the deployed app: what is sent, what arrives and when, and how workers fare."""

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from ops.tills import TILLS, Sale, square_payment
from tests.wire.shop import Shop

DUPLICATES, REVISIONS = 0.10, 0.03
#: Messages on their way at a time: a till doesn't send a day's sales at once.
BACKLOG = 400
SAMPLE_SECONDS = 0.5
POLL_SECONDS = 0.05


def planned(count: int, seed: int = 1) -> list[Sale]:
    """Return so many messages: a tenth of them resends, some of them newer revisions."""
    chance = random.Random(seed)
    sales: list[Sale] = []
    number = 0
    while len(sales) < count:
        kind = chance.random() if sales else 1
        if kind < DUPLICATES:
            sales.append(chance.choice(sales))
        elif kind < DUPLICATES + REVISIONS:
            old = chance.choice(sales)
            sales.append(Sale(old.number, old.cents + 1, old.edits + 1))
        else:
            number += 1
            sales.append(Sale(number, chance.randrange(150, 25_000)))
    return sales


@dataclass
class Traffic:
    """Sends a plan, takes what arrives, and keeps both."""

    shop: Shop
    sales: list[Sale]
    #: When each sale's revision was first sent, in ms.
    sent_ms: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: int = 0
    #: How long it took to send everything.
    seconds: float = 0
    #: How many more may be sent before the queues are asked again.
    room: int = BACKLOG
    #: (id, amount) -> how often it arrived, and under which event ids.
    arrived: Counter[tuple[str, int]] = field(default_factory=Counter)
    ids: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    #: From sending to the subscriber's queue, in ms, of the first to arrive.
    lags: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def waiting(self) -> int:
        return sum(self.shop.left(merchant) for merchant in self.shop.merchants)

    def send(self) -> None:
        """Send everything, ten a call, to the merchants in turn, as fast as it is taken."""
        merchants, began = self.shop.merchants, time.monotonic()
        parts: dict[str, list[Sale]] = {merchant: [] for merchant in merchants}
        for sale in self.sales:
            if self.done.is_set():
                return
            merchant = merchants[sale.number % len(merchants)]
            parts[merchant].append(sale)
            if len(parts[merchant]) == 10:
                self._send(merchant, parts.pop(merchant))
                parts[merchant] = []
        for merchant, part in parts.items():
            self._send(merchant, part)
        self.seconds = time.monotonic() - began

    def _send(self, merchant: str, sales: list[Sale]) -> None:
        while self.room < len(sales) and not self.done.wait(POLL_SECONDS):
            self.room = BACKLOG - self.waiting()
        self.room -= len(sales)
        now = time.time_ns() // 1_000_000
        for sale in sales:
            self.sent_ms.setdefault(_about(sale), now)
        self.shop.send(merchant, [square_payment(sale) for sale in sales])
        self.sent += len(sales)

    def receive(self) -> None:
        """Take what arrives out of the subscriber's queue, until all is done and it is empty."""
        sqs, url = self.shop.emulator.client("sqs"), self.shop.url("rewards")
        while True:
            finishing = self.done.is_set()
            messages = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"]
            ).get("Messages", ())
            for message in messages:
                self._take(json.loads(message["Body"]), int(message["Attributes"]["SentTimestamp"]))
            if messages:
                receipts = [
                    {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                    for at, message in enumerate(messages)
                ]
                sqs.delete_message_batch(QueueUrl=url, Entries=receipts)
            elif finishing:
                return
            else:
                time.sleep(POLL_SECONDS)

    def _take(self, event: dict[str, object], at_ms: int) -> None:
        data = event["data"]
        assert isinstance(data, dict)
        about = (str(event["subject"]), data["total"])
        self.arrived[about] += 1
        self.ids.setdefault(about, set()).add(str(event["id"]))
        if self.arrived[about] == 1 and about in self.sent_ms:
            self.lags.append(at_ms - self.sent_ms[about])

    @property
    def newest(self) -> set[tuple[str, int]]:
        """What must have arrived: the newest revision of every sale."""
        newest: dict[int, Sale] = {}
        for sale in self.sales:
            if sale.edits >= newest.get(sale.number, sale).edits:
                newest[sale.number] = sale
        return {_about(sale) for sale in newest.values()}


@dataclass
class Workers:
    """The functions' processes: how much memory they have, and how some of them die."""

    shop: Shop
    done: threading.Event
    #: (seconds since the start, resident bytes of the largest worker)
    samples: list[tuple[float, int]] = field(default_factory=list)
    killed: int = 0

    def alive(self) -> list[psutil.Process]:
        """Return the workers of our own emulator, which is a child of this process."""
        prefix = self.shop.name("")
        found = []
        for process in psutil.Process().children(recursive=True):
            try:
                if process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "").startswith(prefix):
                    found.append(process)
            except psutil.Error:
                continue  # gone meanwhile
        return found

    def watch(self) -> None:
        """Take a sample twice a second until all is done."""
        began = time.monotonic()
        while not self.done.wait(SAMPLE_SECONDS):
            sizes = []
            for process in self.alive():
                try:
                    sizes.append(process.memory_info().rss)
                except psutil.Error:
                    continue
            if sizes:
                self.samples.append((time.monotonic() - began, max(sizes)))

    def kill_one(self, chance: random.Random) -> None:
        if found := self.alive():
            try:
                chance.choice(found).kill()
                self.killed += 1
            except psutil.Error:
                return

    def quarter(self, number: int) -> float:
        """Return the mean size of the largest worker in a quarter of the run, in MB."""
        size = len(self.samples) // 4
        part = self.samples[(number - 1) * size : number * size] or self.samples
        return sum(rss for _, rss in part) / len(part) / 1e6


def _about(sale: Sale) -> tuple[str, int]:
    return TILLS["harbour-coffee"].identify(sale), sale.cents
