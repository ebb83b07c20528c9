"""No regular expression of ours takes more than a few steps by the character, whatever it meets."""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalicelib
from tests.backtracking import Counter

#: Characters that our patterns tell apart.
ALPHABET = "1a=\"\\'<>&:[]{%,. -*/^Be\n\t!u0;#xpin"
#: What a pattern may have matched before the text that it can't match goes on for long.
BEFORE = ("", '"a":"', "%B4111111111111111^A/B^")
#: Twice the text may take twice the steps, and what bounded repeats need to reach their bounds.
GROWTH, SHORT, LONG = 2.3, 16, 110


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every compiled pattern of every module, wherever it is kept."""
    found = {}
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        for name, value in vars(importlib.import_module(module.name)).items():
            for pattern in inside(value):
                if isinstance(pattern.pattern, str):
                    found[f"{name}: {pattern.pattern}"[:60]] = pattern
    return found


def inside(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict | tuple | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from inside(one)


PATTERNS = patterns()
#: Where every repeat has a bound, so has the work at each character.
UNBOUNDED = [name for name, one in PATTERNS.items() if "MAXREPEAT" in repr(Counter(one).tree)]


def steps(counter: Counter, text: str) -> int:
    counter.steps = 0
    list(counter.spans(text))
    return counter.steps


def grows(counter: Counter, before: str, pump: str) -> bool:
    """Tell whether the steps grow faster than the text, once it is longer than any bound."""
    for size in (SHORT, LONG):
        less, more = (steps(counter, f"{before}{pump * times}!") for times in (size, 2 * size))
        if more < GROWTH * less + 100:
            return False
    return True


@pytest.fixture(autouse=True)
def _deep() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("name", UNBOUNDED)
def test_steps_grow_no_faster_than_the_text(name: str) -> None:
    counter = Counter(PATTERNS[name])
    known = "".join(c for c in ALPHABET if c in PATTERNS[name].pattern or c in '1a "')
    pumps = [*known[:8], known[:2]]
    worst = [(b, p) for b in BEFORE for p in pumps if grows(counter, b, p)]
    assert not worst


@pytest.mark.parametrize(
    ("pattern", "pump"), [("a*a*x", "a"), (r"\d+\d+x", "1"), (r"\s*:?\s*x", " "), ("a+$", "a")]
)
def test_patterns_that_grow_faster_are_found(pattern: str, pump: str) -> None:
    assert grows(Counter(re.compile(pattern)), "", pump)


@given(name=st.sampled_from(sorted(PATTERNS)), text=st.text(ALPHABET, max_size=60))
@settings(max_examples=150, deadline=None)
def test_the_slow_matcher_agrees_with_the_quick_one(name: str, text: str) -> None:
    pattern = PATTERNS[name]
    expected = [found.span() for found in pattern.finditer(text)]
    assert list(Counter(pattern).spans(text)) == expected
