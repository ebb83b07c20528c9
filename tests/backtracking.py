"""How many steps a regular expression takes: Python's matcher played slowly, and counted.

It reads the tree that `re` itself makes of a pattern, and tries what `re` tries in the same order,
without its shortcuts.  So a pattern whose steps grow faster than its text does is found without a
clock.
"""

import re
import sys
from collections.abc import Callable, Iterator
from re import _constants as op  # type: ignore[attr-defined] - the tree is nowhere else
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Then = Callable[[int], bool]
Node = Callable[[int, Then], bool]
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal, op.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    op.CATEGORY_SPACE: str.isspace, op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}  # fmt: skip


class Counter:
    """Searches a text as `finditer` does; `steps` is what that took."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.tree = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE & ~re.DEBUG)
        self.flags = pattern.flags
        self.match = self._sequence(list(self.tree))
        self.text, self.steps = "", 0
        self.groups: dict[int, tuple[int, int]] = {}

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where it matches."""
        self.text, at, ends = text, 0, []
        while at <= len(text):
            self.groups = {}
            if self.match(at, lambda end: not ends.append(end)):  # type: ignore[func-returns-value]
                end = ends.pop()
                yield at, end
                at = end if end > at else at + 1
            else:
                at += 1

    def _sequence(self, items: list[Any]) -> Node:
        nodes = [self._node(kind, value) for kind, value in items]

        def match(at: int, then: Then, first: int = 0) -> bool:
            if first == len(nodes):
                return then(at)
            return nodes[first](at, lambda end: match(end, then, first + 1))

        return match

    def _node(self, kind: Any, value: Any) -> Node:
        if test := self._char(kind, value):
            return self._one(test)
        name = str(kind).lower()
        made: Node = getattr(self, f"_{name}")(value)
        return made

    def _one(self, test: Callable[[str], bool]) -> Node:
        def match(at: int, then: Then) -> bool:
            self.steps += 1
            return at < len(self.text) and test(self.text[at]) and then(at + 1)

        return match

    def _char(self, kind: Any, value: Any) -> Callable[[str], bool] | None:
        """Return the test of one character, if that is what it is."""
        fold = bool(self.flags & re.IGNORECASE)
        if kind is op.LITERAL:
            char = chr(value)
            return lambda c: c == char or (fold and c.lower() == char.lower())
        if kind is op.NOT_LITERAL:
            return lambda c: c != chr(value)
        if kind is op.ANY:
            return lambda c: c != "\n"
        return self._set(value, fold=fold) if kind is op.IN else None

    def _set(self, items: list[Any], *, fold: bool) -> Callable[[str], bool]:
        negated = items[0][0] is op.NEGATE

        def within(char: str) -> bool:
            for kind, value in items[negated:]:
                if kind is op.CATEGORY and CATEGORIES[value](char):
                    return True
                low, high = value if kind is op.RANGE else (value, value)
                if kind is not op.CATEGORY and low <= ord(char) <= high:
                    return True
            return False

        def test(char: str) -> bool:
            forms = {char, char.lower(), char.upper()} if fold else {char}
            return any(map(within, (c for c in forms if len(c) == 1))) is not negated

        return test

    def _branch(self, value: Any) -> Node:
        nodes = [self._sequence(list(items)) for items in value[1]]
        return lambda at, then: any(node(at, then) for node in nodes)

    def _subpattern(self, value: Any) -> Node:
        number, inside = value[0], self._sequence(list(value[3]))

        def match(at: int, then: Then) -> bool:
            def ended(end: int) -> bool:
                before = self.groups.get(number, (-1, -1))
                self.groups[number] = at, end
                return then(end) or bool(self.groups.update({number: before}))

            return inside(at, ended)

        return match

    def _max_repeat(self, value: Any) -> Node:
        return self._repeat(value, greedy=True)

    def _min_repeat(self, value: Any) -> Node:
        return self._repeat(value, greedy=False)

    def _possessive_repeat(self, value: Any) -> Node:
        return self._alone(self._repeat(value, greedy=True))

    def _atomic_group(self, value: Any) -> Node:
        return self._alone(self._sequence(list(value)))

    def _alone(self, inside: Node) -> Node:
        """Take the first way through, and no other."""

        def match(at: int, then: Then) -> bool:
            ends: list[int] = []
            found = inside(at, lambda end: not ends.append(end))  # type: ignore[func-returns-value]
            return found and then(ends[0])

        return match

    def _repeat(self, value: Any, *, greedy: bool) -> Node:
        least, most, items = value
        inside = self._sequence(list(items))

        def match(at: int, then: Then, count: int = 0) -> bool:
            self.steps += 1

            def more(end: int) -> bool:
                return (end > at or count < least) and match(end, then, count + 1)

            if count < least:
                return inside(at, more)
            can = count < (sys.maxsize if most is op.MAXREPEAT else most)
            if greedy:
                return (can and inside(at, more)) or then(at)
            return then(at) or (can and inside(at, more))

        return match

    def _at(self, value: Any) -> Node:
        def match(at: int, then: Then) -> bool:
            self.steps += 1
            around = self.text[at - 1 : at] if at else "", self.text[at : at + 1]
            words = [bool(c) and CATEGORIES[op.CATEGORY_WORD](c) for c in around]
            holds = {
                op.AT_BEGINNING: at == 0, op.AT_BEGINNING_STRING: at == 0,
                op.AT_END: self.text[at:] in ("", "\n"), op.AT_END_STRING: at == len(self.text),
                op.AT_BOUNDARY: words[0] != words[1],
            }  # fmt: skip
            return holds[value] and then(at)

        return match

    def _assert(self, value: Any) -> Node:
        return self._looked(value, wanted=True)

    def _assert_not(self, value: Any) -> Node:
        return self._looked(value, wanted=False)

    def _looked(self, value: Any, *, wanted: bool) -> Node:
        way, items = value
        inside, width = self._sequence(list(items)), items.getwidth()[0]

        def match(at: int, then: Then) -> bool:
            self.steps += 1
            start = at - width if way < 0 else at
            found = start >= 0 and inside(start, lambda _: True)
            return found is wanted and then(at)

        return match

    def _groupref(self, value: Any) -> Node:
        def match(at: int, then: Then) -> bool:
            self.steps += 1
            start, end = self.groups.get(value, (-1, -1))
            told = self.text[start:end]
            return start >= 0 and self.text.startswith(told, at) and then(at + len(told))

        return match

    def _groupref_exists(self, value: Any) -> Node:
        number, *ways = value
        nodes = [self._sequence(list(items)) if items else None for items in ways]

        def match(at: int, then: Then) -> bool:
            node = nodes[self.groups.get(number, (-1, -1))[0] < 0]
            return node(at, then) if node else then(at)

        return match
