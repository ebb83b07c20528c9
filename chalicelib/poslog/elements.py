"""How POSLog's elements are read: as children, by local name, and empty ones as if left out."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from chalicelib import money
from chalicelib.errors import Code, Rejected


def strip_namespaces(root: Element) -> None:
    """Leave local names alone: producers differ in namespaces.  No extension hides a name."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if name.startswith("{")]:
            element.attrib.setdefault(name.rpartition("}")[2], element.attrib.pop(name))


def text(place: Element, *paths: str) -> str | None:
    """Return what stands in the first of these elements (after @: attributes) that isn't empty."""
    for path in paths:
        element, _, attribute = path.partition("@")
        found = place.find(element or ".")
        written = None if found is None else found.get(attribute) if attribute else found.text
        if written and written.strip():
            return written.strip()
    return None


def word(place: Element, *paths: str) -> str:
    """Return a word of an enumeration without the prefix that extensions have: X:Rounding."""
    return (text(place, *paths) or "").rpartition(":")[2]


def flagged(place: Element, *names: str) -> bool:
    """Tell whether one of these flags is set, be it an attribute or an element."""
    return any((text(place, f"@{name}", name) or "").lower() in ("true", "1") for name in names)


def present(place: Element, name: str) -> list[Element]:
    """Return the children of that name, without those that were voided on the spot."""
    return [child for child in place.findall(name) if not flagged(child, "VoidFlag")]


class Till:
    """What all parts of a transaction share: its currency, and notes of what was odd in it."""

    def __init__(self, currency: str | None) -> None:
        self.exponent = money.exponent(currency)
        self.currency = str(currency)
        self.noted: dict[str, None] = {}

    def amount(self, place: Element, path: str = ".") -> int | None:
        """Return an amount in minor units, or None if it is left out or left empty."""
        found = place.find(path)
        if found is None or not (written := text(found, ".")):
            return None
        currency = text(found, "@Currency", "@CurrencyCode")
        if currency not in (None, "XXX", self.currency):
            raise Rejected(Code.MIXED_CURRENCY, "not all amounts are of the same currency")
        return money.minor(written, self.currency)

    def known(self, table: Mapping[str, str], found: str, what: str) -> Any:
        """Look up a word that moves no money.  An unknown one is "other", and is noted."""
        if found not in table:
            self.noted[f"unknown_{what}"] = None
        return table.get(found, "other")
