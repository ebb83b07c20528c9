"""Payloads spoiled at random, to see that an adapter refuses them and spares their neighbours."""

import copy
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    None, "", " ", "x", "0", "-1", "NaN", "1e400", "\u202e", "é" * 300, 0, -1, 10**30, 2**63, 0.1,
    True, False, [], {}, [[]], [None], {"": None}, {"amount": {}}, "2026-02-30T25:61:00Z",
)  # fmt: skip


def mutated(random: Random, value: Any) -> Any:
    """Return a copy of a JSON value with one place in it dropped, retyped, blown up or nested."""
    whole = copy.deepcopy(value)
    places = list(_places(whole))
    if not places:
        return random.choice(JUNK)
    parent, key = random.choice(places)
    match random.randrange(4):
        case 0:
            del parent[key]
        case 1:
            parent[key] = [parent[key]]
        case 2:
            parent[key] = {str(key): parent[key]}
        case _:
            parent[key] = copy.deepcopy(random.choice(JUNK))
    return whole


def _places(value: Any) -> Any:
    """Yield (container, key) of everything inside."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from _places(value[key])
