"""What a batch costs: CPU, wall time, AWS calls, write units; and the latency of a network."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

#: Seconds a call, as measured from Lambda by many: given here, the same for all variants.
LATENCY = {"dynamodb": 0.005, "sns": 0.012}


@dataclass
class Meter:
    """Listens at clients, by botocore's own events, whoever made them."""

    calls: Counter[str] = field(default_factory=Counter)
    units: float = 0
    #: Adding it to requests changes what they cost, so it is asked for in runs of their own.
    with_units: bool = False
    latency: bool = False

    def listen(self, clients: Iterable[Any]) -> None:
        for client in clients:
            events, service = client.meta.events, client.meta.service_model.service_name
            events.register("before-send.*.*", self._sent)
            if self.latency:
                seconds = LATENCY[service]
                events.register("before-send.*.*", lambda s=seconds, **_: time.sleep(s))
            if self.with_units and service == "dynamodb":
                events.register("provide-client-params.dynamodb.*", _ask_units)
                events.register("after-call.dynamodb.*", self._add_units)

    def measured(self, run: Callable[[], object]) -> dict[str, float]:
        """Run once; return milliseconds of CPU (all threads) and of wall, calls and units."""
        self.calls.clear()
        self.units = 0
        cpu, wall = time.process_time_ns(), time.monotonic_ns()
        run()
        cpu, wall = time.process_time_ns() - cpu, time.monotonic_ns() - wall
        calls = self.calls.total()
        return {"cpu": cpu / 1e6, "wall": wall / 1e6, "calls": calls, "units": self.units}

    def _sent(self, event_name: str, **_: Any) -> None:
        self.calls[event_name] += 1

    def _add_units(self, parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        listed = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(one["CapacityUnits"] for one in listed)


def _ask_units(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"
