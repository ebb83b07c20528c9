"""Who may come in by the door: a merchant's secrets, out of Parameter Store, kept for a minute.

`/tillbridge/<stage>/door/<merchant>` is a SecureString that holds JSON: `vendor` (an adapter),
`source` (sqs or sns), `secrets` (of the vendor's webhooks), `own` (of tills and tools that sign in
our own way), `url` (as the vendor has it, for those that sign it) and `rate` (calls a second).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.calls import note
from chalicelib.errors import Misconfigured, Retry
from chalicelib.signatures import DUMMY

MERCHANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
VENDOR = re.compile(r"[a-z][a-z0-9_]{0,40}")
SOURCES = frozenset(("sqs", "sns"))
KEPT_MS = 60_000
#: Made-up names that are remembered.
REMEMBERED = 1_000
#: Names that may be looked up at once, and then a second: all merchants, but not what is made up.
LOOKUPS, LOOKUPS_A_SECOND = 100, 5
#: What one merchant may call a second, over all of the door.
RATE = 50


@dataclass(frozen=True)
class Entry:
    """What the door knows of a merchant.  Of one that isn't known, nothing is true."""

    vendor: str = "json_lines"
    source: str = "sqs"
    secrets: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    url: str = ""
    rate: int = RATE
    known: bool = True


NOBODY = Entry(known=False)


def two(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return two secrets, always: to check a signature takes the same time for everybody."""
    return (*secrets, DUMMY, DUMMY)[:2]


def parsed(text: str) -> Entry:
    """Return the entry that a parameter holds; raise Misconfigured if it holds none."""
    try:
        told = json.loads(text)
        secrets, own = (tuple(map(str, told.get(name) or ())) for name in ("secrets", "own"))
        url, rate = str(told.get("url") or ""), int(told.get("rate") or RATE)
        found = Entry(told["vendor"], told["source"], secrets, own, url, rate)
        sound = VENDOR.fullmatch(found.vendor) and found.source in SOURCES
    except (ValueError, TypeError, KeyError, AttributeError):
        sound = None
    if not sound or not all(found.secrets + found.own):
        raise Misconfigured("a parameter of the door can't be read: python -m ops secrets set")
    return found


class Entries:
    """A container's memory of entries, filled by `read`: a parameter's text, None if absent."""

    def __init__(self, read: Callable[[str], str | None], now_ms: Callable[[], int]) -> None:
        self._read, self._now_ms = read, now_ms
        self._known: dict[str, tuple[int, Entry]] = {}
        self._unknown: dict[str, int] = {}
        self._allowed, self._since = float(LOOKUPS), 0

    def of(self, merchant: str) -> Entry:
        """Return the merchant's entry, or NOBODY; raise Retry if nobody can say just now."""
        if not MERCHANT.fullmatch(merchant):
            return NOBODY
        now = self._now_ms()
        since, entry = self._known.get(merchant, (self._unknown.get(merchant, 0), NOBODY))
        if now - since < KEPT_MS:
            return entry
        try:
            text = self._look(merchant, now)
        except Exception as fault:
            note(f"{type(fault).__name__} when reading the entry of a merchant")
            if entry.known:
                return entry  # what was true a minute ago is better than to turn sales away
            raise Retry("it can't be said who this is") from fault
        return self._remember(merchant, parsed(text) if text is not None else NOBODY, now)

    def knows(self, merchant: str) -> bool:
        """Return whether the merchant is one of ours, as far as is remembered."""
        return merchant in self._known

    def _look(self, merchant: str, now: int) -> str | None:
        """Read a parameter, but not so often that made-up names could use Parameter Store up."""
        more = max(now - self._since, 0) * LOOKUPS_A_SECOND / 1000
        self._allowed, self._since = min(self._allowed + more, LOOKUPS), now
        if self._allowed < 1:
            raise Retry("too many names are looked up")
        self._allowed -= 1
        return self._read(merchant)

    def _remember(self, merchant: str, entry: Entry, now: int) -> Entry:
        self._known.pop(merchant, None)
        self._unknown.pop(merchant, None)
        if entry.known:
            self._known[merchant] = (now, entry)
            return entry
        self._unknown[merchant] = now
        if len(self._unknown) > REMEMBERED:
            del self._unknown[next(iter(self._unknown))]
        return entry
