"""The door's gate: who comes in, and how often; whoever doesn't gets one and the same answer.

What is signed of a call are method, path and body, and the query of those few calls that have one.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from chalicelib import signatures
from chalicelib.entries import Entries, Entry, two
from chalicelib.exchange import Answer, Request, problem
from chalicelib.pace import Pace

#: A query that no call has.
NO_QUERY = re.compile("(?!)")


@dataclass(frozen=True)
class Gate:
    """Lets in who signs with a merchant's own secret, as often as the merchant may call."""

    entries: Entries
    pace: Pace
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def admit(self, request: Request, merchant: str, place: str) -> Entry | Answer:
        """Return the merchant's entry, or why the call is refused.

        `place` is method and path, as they are signed: "POST /v1/corner-shop/transactions".
        """
        entry = self._authorised(request, merchant, place, NO_QUERY)
        return refused() if entry is None else self.paced(merchant, entry) or entry

    def asked(
        self, request: Request, merchant: str, what: str, identity: str,
        query: re.Pattern[str] = NO_QUERY,
    ) -> tuple[str, Entry] | Answer:  # fmt: skip
        """Return which id is asked for, and the merchant's entry; or why the call is refused.

        Gateways differ in whether they undo escapes: the signature says which id is meant.
        """
        for meant in dict.fromkeys((identity, unquote(identity))):
            place = f"GET /v1/{merchant}/{what}/{meant}"
            if entry := self._authorised(request, merchant, place, query):
                return self.paced(merchant, entry) or (meant, entry)
        return refused()

    def paced(self, merchant: str, entry: Entry) -> Answer | None:
        """Count a call; return the answer to it if there were too many."""
        wait = self.pace.wait(merchant, entry.rate)
        return problem(429, f"{entry.rate} calls a second are allowed", wait=wait) if wait else None

    def _authorised(
        self, request: Request, merchant: str, place: str, query: re.Pattern[str]
    ) -> Entry | None:
        """Return the merchant's entry if the call is signed with a secret of its own tills.

        There may be no query but one that matches, and that is signed with the path.
        """
        entry = self.entries.of(merchant)
        line = f"{place}?{request.query}" if request.query else place
        now = self.now_ms() // 1000
        signed = signatures.own(request.once, request.body, line, two(entry.own), now)
        known = not request.query or query.fullmatch(request.query)
        return entry if signed and entry.known and known else None


def refused() -> Answer:
    """Answer whom nobody knows: it isn't told what was wrong."""
    return problem(401, "the signature is missing, wrong or too old, or there is no such merchant")
