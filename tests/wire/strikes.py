"""Faults made to strike one merchant's calls: by microburst where it can, else by our own proxy."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.wire.burst import Burst
from tests.wire.proxy import Proxy
from tests.wire.rows import SERVICES, Fault
from tests.wire.rules import Act, Rule


@dataclass(frozen=True)
class Strike:
    """A fault that has been set: exactly one of `rule` and `number` says where."""

    burst: Burst
    rule: Rule | None = None
    number: int = 0

    def fired(self) -> int:
        return self.rule.fired if self.rule else self.burst.fired(self.number)

    def release(self) -> None:
        """Let go what is held."""
        if self.rule:
            self.rule.released.set()


@contextlib.contextmanager
def striking(
    proxy: Proxy, burst: Burst, merchant: str, faults: Sequence[Fault]
) -> Iterator[list[Strike]]:
    """Set the faults for a merchant's calls, and lift them after the block."""
    strikes = [_strike(proxy, burst, merchant, fault) for fault in faults]
    try:
        yield strikes
    finally:
        for strike in strikes:
            strike.release()
            if strike.rule:
                proxy.rules.remove(strike.rule)
            else:
                burst.lift(strike.number)


def _strike(proxy: Proxy, burst: Burst, merchant: str, fault: Fault) -> Strike:
    if isinstance(fault.does, Act):
        rule = Rule(fault.operation, fault.does, merchant, fault.times, fault.places, fault.code)
        proxy.rules.append(rule)
        return Strike(burst, rule)
    about = f"contains(to_string(@), '{merchant}')"
    if fault.where:
        about += f" && contains(to_string(@), '{fault.where}')"
    named = {"service": SERVICES[fault.operation], "operation": fault.operation, "body": about}
    return Strike(burst, number=burst.add({**named, "times": fault.times, **fault.does}))
