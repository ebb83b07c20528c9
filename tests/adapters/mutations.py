"""Payloads spoiled at random, to see that an adapter refuses them and spares their neighbours."""

import copy
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

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


def mutated_xml(random: Random, element: Element) -> Element:
    """Return a copy of an element with one place in it dropped, doubled, retyped or nested."""
    whole = copy.deepcopy(element)
    parents = [one for one in whole.iter() if len(one)]
    parent = random.choice(parents)
    place = random.randrange(len(parent))
    match random.randrange(5):
        case 0:
            parent.remove(parent[place])
        case 1:
            parent.append(copy.deepcopy(random.choice(parents)))
        case 2:
            parent[place].tag = random.choice([one.tag for one in whole.iter()])
        case 3:
            names = sorted(parent[place].attrib) or ["CancelFlag"]
            parent[place].set(random.choice(names), _junk_text(random))
        case _:
            parent[place].text = _junk_text(random)
    return whole


def _junk_text(random: Random) -> str:
    return random.choice([one for one in map(str, JUNK) if one.isprintable()])
