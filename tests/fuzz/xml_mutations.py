"""XML with elements dropped, doubled, renamed or filled, and with what tills shouldn't write."""

import copy
import re
from random import Random
from xml.etree import ElementTree as ET

from tests.fuzz.junk import DECLARED, TEXTS, TIMES, XML_PARTS

_TEXTS = [text for text in (*TEXTS, *TIMES) if text.isprintable()]
_BETWEEN = re.compile("[<>]")


def mutated(text: str, random: Random, times: int = 1) -> str:
    """Return XML with so many places of it changed."""
    choice = random.randrange(8)
    if choice == 0:
        return _inserted(text, random)
    if choice == 1:
        return _declared(text, random)
    try:
        root = ET.fromstring(text)  # noqa: S314 - ours
    except (ET.ParseError, ValueError):
        return _inserted(text, random)
    for _ in range(times):
        _changed(root, random)
    return ET.tostring(root, encoding="unicode")


def _inserted(text: str, random: Random) -> str:
    places = [found.start() for found in _BETWEEN.finditer(text)] or [0]
    at = random.choice(places) + random.randrange(2)
    return text[:at] + random.choice(XML_PARTS) + text[at:]


def _declared(text: str, random: Random) -> str:
    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    return f'<?xml version="1.0" encoding="{random.choice(DECLARED)}"?>{bare}'


def _changed(root: ET.Element, random: Random) -> None:  # noqa: C901 - a list of changes
    everything = list(root.iter())
    parents = [one for one in everything if len(one)]
    if not parents:
        root.text = random.choice(_TEXTS)
        return
    parent = random.choice(parents)
    at = random.randrange(len(parent))
    one, other = parent[at], random.choice(everything)
    match random.randrange(9):
        case 0:
            parent.remove(one)
        case 1:
            parent.insert(at, copy.deepcopy(one))
        case 2:
            one.tag = other.tag
        case 3:
            names = sorted({name for each in everything for name in each.attrib}) or ["CancelFlag"]
            one.set(random.choice(names), random.choice([*_TEXTS, "true", "-1", other.text or ""]))
        case 4:
            one.text, other.text = other.text, one.text
        case 5 if other is not root:
            parent.append(copy.deepcopy(other))
        case 6:
            one.text = (one.text or "") + random.choice(("0", "-", " ", "E9", ".", "\u00a0"))
        case 7:
            for _ in range(random.choice((3, 99, 101))):
                inner = ET.SubElement(one, one.tag)
                one = inner
        case _:
            one.text = random.choice(_TEXTS)
