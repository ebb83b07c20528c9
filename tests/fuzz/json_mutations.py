"""JSON values swapped, retyped, blown up, nested; and what JSON's writer never writes."""

import contextlib
import json
from random import Random
from typing import Any

from tests.fuzz.junk import TOKENS, VALUES

#: Stands for a token until the value is written.
_HELD = "\u0001token\u0001"
Place = tuple[Any, Any]


def mutated(text: str, random: Random, times: int = 1) -> str:
    """Return JSON, or JSON lines, with so many places of it changed."""
    try:
        return _mutated(text, random, times)
    except (ValueError, RecursionError):
        return _line_mutated(text, random)


def _mutated(text: str, random: Random, times: int) -> str:
    holder, token = [json.loads(text)], ""
    for _ in range(times):
        if holder:
            token = _changed(holder, random) or token
    written = json.dumps(holder[0] if holder else None, ensure_ascii=random.randrange(3) == 0)
    written = written.replace(json.dumps(_HELD), token)
    return _doubled_key(written, random) if random.randrange(20) == 0 else written


def grafted(one: str, other: str, random: Random) -> str:
    """Return one value with a part of another at some place of it."""
    holder, donor = [json.loads(one)], [json.loads(other)]
    parent, key = _place(holder, random)
    source, at = _place(donor, random)
    parent[key] = source[at]
    return json.dumps(holder[0], ensure_ascii=False)


def _line_mutated(text: str, random: Random) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            lines.insert(at, random.choice(lines))
        case 1:
            del lines[at]
        case 2:
            lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]
        case _:
            if lines[at].strip() and len(lines) > 1:
                with contextlib.suppress(ValueError, RecursionError):
                    lines[at] = _mutated(lines[at], random, 1).replace("\n", " ")
    return "\n".join(lines)


def _place(holder: list[Any], random: Random) -> Place:
    """Return (container, key) of a random place, as often deep down as near the top."""
    parent: Any = holder
    key: Any = 0
    while isinstance(parent[key], dict | list) and parent[key] and random.randrange(7):
        parent = parent[key]
        key = (
            random.choice(list(parent))
            if isinstance(parent, dict)
            else random.randrange(len(parent))
        )
    return parent, key


def _changed(holder: list[Any], random: Random) -> str:  # noqa: C901 - a list of changes
    """Change one place; return the token that is to stand where `_HELD` does."""
    parent, key = _place(holder, random)
    found = parent[key]
    match random.randrange(15):
        case 0:
            del parent[key]
        case 14 if isinstance(found, list) and found:
            parent[key] = [random.choice(found)]
        case 1:
            parent[key] = [found]
        case 2:
            parent[key] = {str(key): found}
        case 3:
            parent[key] = _HELD
            return random.choice(TOKENS)
        case 4:
            other, at = _place(holder, random)
            parent[key], other[at] = (
                json.loads(json.dumps(other[at])),
                json.loads(json.dumps(found)),
            )
        case 5 if isinstance(parent, list):
            parent.insert(key, found)
        case 5:
            parent[random.choice(("id", "type", "status", "", "amount", str(key).upper()))] = found
        case 6 | 7:
            parent[key] = retyped(found, random)
        case 8:
            parent[key] = nested(found, random.choice((3, 40, 99, 101, 400)))
        case 9 if isinstance(found, list):
            parent[key] = found * random.choice((2, 3, 20))
        case _:
            parent[key] = random.choice(VALUES)
    return ""


def retyped(found: Any, random: Random) -> Any:
    """Return the same as another type, or nearly the same."""
    if isinstance(found, bool) or found is None:
        return random.choice((str(found).lower(), int(bool(found)), not found))
    if isinstance(found, int | float):
        near = (found + 1, found - 1, -found, found * 100, found * 10**12, str(found), found // 3)
        return random.choice((*near, [found], {"amount": found}))
    if isinstance(found, str):
        cut = random.randrange(len(found) + 1)
        near = (found.upper(), found.lower(), f" {found} ", found[:cut], found * 2, found[cut:])
        return int(found) if found.isdecimal() and cut % 2 else random.choice(near)
    return list(found.items()) if isinstance(found, dict) else dict(enumerate(found))


def nested(found: Any, depth: int) -> Any:
    for level in range(depth):
        found = [found] if level % 2 else {"a": found}
    return found


def _doubled_key(text: str, random: Random) -> str:
    """Put a key in twice, the second time with something else."""
    places = [at for at, char in enumerate(text) if char == "{"]
    if not places or '"' not in text:
        return text
    at = random.choice(places) + 1
    name = text[at:].split('"')[1] if '"' in text[at:] else "id"
    return f'{text[:at]}"{name}": {random.choice(TOKENS[4:8])}, {text[at:]}'
