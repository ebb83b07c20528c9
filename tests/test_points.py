"""The money test: after a month of everything that goes wrong, every balance is what is owed."""

import random
from collections import Counter as Counts
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.members import Claimed
from ops.emulator import Emulator
from tests.counter import Counter, create, wrong
from tests.faults import Answer, Killed, wire
from tests.memory import Memory
from tests.month import Month, month
from tests.world import _accounts


class Chaos:
    """A queue that delivers in any order and more than once, to workers that die at any call."""

    def __init__(self, counter: Counter, found: Month, seed: int) -> None:
        self.chance = random.Random(seed)
        self.counter, self.month, self.killed = counter, found, 0
        self.outcomes: Counts[str] = Counts()
        self.claims = list(found.claims)

    def run(self, *, deadly: float = 0.0) -> None:
        """Deliver all events, some again, and claim receipts meanwhile as their holders do."""
        bodies = [*self.month.bodies]
        bodies += self.chance.choices(bodies, k=len(bodies) // 4)
        self.chance.shuffle(bodies)
        with wire(self._fault(deadly)):
            while bodies:
                body = bodies.pop()
                try:
                    self.outcomes[self.counter.take(body)] += 1
                except Killed:
                    self.killed += 1
                    bodies.insert(self.chance.randrange(len(bodies) + 1), body)  # a redrive
                if self.chance.random() < 0.05:
                    self._claim()
        self._claim()
        assert self.counter.release() >= 0
        assert self.counter.inbox.waits() == []

    def _claim(self) -> None:
        left = []
        for shop, number, day, who in self.claims:
            try:
                said = self.counter.claim(shop, who, number=number, business_date=day)
            except Killed:
                said = Claimed.UNKNOWN  # its holder doesn't know either, and tries again
            if said is Claimed.UNKNOWN:
                left.append((shop, number, day, who))
        self.claims = left

    def _fault(self, deadly: float) -> Any:
        def fault(_: str, call: Callable[[], Answer]) -> Answer:
            dies = self.chance.random() < deadly
            if dies and self.chance.random() < 0.5:
                raise Killed
            answer = call()
            if dies:
                raise Killed
            return answer

        return fault


@pytest.mark.emulator
def test_a_month_of_everything_that_goes_wrong_ends_with_what_is_owed(emulator: Emulator) -> None:
    client = emulator.client("dynamodb", str(next(_accounts)))
    create(client)
    counter, found = Counter(client), month(count=350, members=30)
    chaos = Chaos(counter, found, seed=1)
    chaos.run(deadly=0.02)
    assert chaos.killed > 20
    assert min(chaos.outcomes[name] for name in ("applied", "duplicate", "waiting")) > 20
    assert wrong(counter, found) == {}
    assert any(balance < 0 for balance in counter.balances().values())


@pytest.mark.parametrize("seed", range(3))
def test_a_month_in_memory_ends_with_what_is_owed(seed: int) -> None:
    counter, found = Counter(Memory()), month(count=150, members=8, seed=seed)
    Chaos(counter, found, seed).run()
    assert wrong(counter, found) == {}


def test_a_point_that_is_missing_is_noticed() -> None:
    counter, found = Counter(Memory()), month(count=30, members=3)
    for body in found.bodies[1:]:
        counter.take(body)
    counter.release()
    assert wrong(counter, found)
