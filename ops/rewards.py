"""What rewards have beside their queue: the table, and what watches their function."""

from collections.abc import Collection
from typing import get_args

from chalicelib.model import Kind
from chalicelib.publish import TYPE
from ops import watch
from ops.parts import Resource, log_group, table

REWARDS = "rewards"
#: What a subscriber's queue gets of all that is published; the archive's gets everything.
FILTERS: dict[str, Resource] = {REWARDS: {"type": [TYPE], "kind": list(get_args(Kind))}}


def rewards(stage: str, functions: Collection[str]) -> Resource:
    """Return the table, which outlives the function, and what the function has if it is there."""
    name = f"tillbridge-{stage}"
    found = {"RewardsTable": table(f"{name}-{REWARDS}", sort="sk")}
    if REWARDS in functions:
        found["RewardsLog"] = log_group(f"{name}-{REWARDS}")
        found["RewardsOverdueAlarm"] = watch.overdue(stage, REWARDS)
        alarms = watch.of_service(name, REWARDS)
        found |= {f"Rewards{label}Alarm": alarm for label, alarm in alarms}
    return found
