"""The HTTPS door, for tills that can't speak AWS: it checks who calls, and queues.

All else is the merchant's function's affair.  A vendor's webhook is queued as it came: what is
signed but can't be read ends in quarantine, as a vendor that gets a 4xx may never send it again.
Our own tills are told at once which record is wrong.

Unsigned, wrongly signed, unknown merchant: one and the same 401, after one and the same work.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from typing import Any

from chalicelib import bodies, outbox
from chalicelib.bodies import Unreadable
from chalicelib.calls import attempt
from chalicelib.entries import NOBODY, VENDOR, Entry, two
from chalicelib.exchange import Answer, Request, problem, told
from chalicelib.gate import Gate, refused
from chalicelib.once import LONGEST_KEY, Once, State, fingerprint, item_key
from chalicelib.outbox import Outbox, Parcel

_log = logging.getLogger(__name__)
#: After how many seconds a call that failed for now may come again.
PATIENCE = 5
_FAILED = "it could not be done just now: nothing is lost if you send it again"
_NOT_NOW = "it could not be queued just now: nothing is lost if you send it again"


def health() -> Answer:
    """Answer that the door stands: it asks nobody."""
    return told(200, status="ok")


def safely(serve: Callable[[], Answer]) -> Answer:
    """Return what is answered; whatever goes wrong is a 503, which vendors and tills try again."""
    found = attempt(lambda _: serve(), None)
    return found if isinstance(found, Answer) else problem(503, _FAILED, wait=PATIENCE)


@dataclass(frozen=True)
class Door:
    """All that the door does, for every merchant."""

    gate: Gate
    outbox: Outbox
    once: Once
    #: Where a merchant's messages go: (sqs or sns, merchant) -> ARN.
    arn: Callable[[str, str], str]
    #: What is known of a transaction: (merchant, vendor, id) -> its state, None if nothing is.
    look: Callable[[str, str, str], Mapping[str, Any] | None]
    #: Puts what no queue carries into the stage's bucket: (merchant, body) -> the pointer to it.
    offload: Callable[[str, bytes], str]

    def webhook(self, request: Request, merchant: str) -> Answer:
        """Queue a vendor's webhook as it is: 200, as some vendors want no other."""
        entry = self.gate.entries.of(merchant)
        if not self._verified(request, merchant, entry):
            return self._greeted(request.body, entry) or refused()
        if refusal := self.gate.paced(merchant, entry):
            return refusal
        if not request.body:
            return told(200, accepted=0)
        parcel = outbox.raw(request.body, entry.source, partial(self.offload, merchant))
        if self.outbox.send(self.arn(entry.source, merchant), [parcel]):
            return problem(503, _NOT_NOW, wait=PATIENCE)
        return told(200, accepted=1)

    def transactions(self, request: Request, merchant: str) -> Answer:
        """Queue one record or many, or say which of them can't be read."""
        entry = self.gate.admit(request, merchant, f"POST /v1/{merchant}/transactions")
        if isinstance(entry, Answer):
            return entry
        try:
            found = _records(request, entry)
            put_away = partial(self.offload, merchant)
            parcels = list(outbox.parcels(found, entry.source, put_away))
        except Unreadable as reason:
            place = {"position": reason.position} if reason.position else {}
            return problem(reason.status, reason.reason, **place)
        if "idempotency-key" in request.headers:
            return self._queued_once(request, parcels, found, entry, merchant)
        return self._queued(parcels, len(found), entry, merchant)

    def transaction(self, request: Request, merchant: str, identity: str) -> Answer:
        """Tell what became of a transaction, as `ops trace` does."""
        found = self.gate.asked(request, merchant, "transactions", identity)
        if isinstance(found, Answer):
            return found
        meant, entry = found
        known = self.look(merchant, entry.vendor, meant)
        if known is None:
            return problem(404, "nothing is known of it (yet): it may be on its way")
        return told(200, transaction=meant, merchant=merchant, **known)

    def _verified(self, request: Request, merchant: str, entry: Entry) -> bool:
        """Return whether the vendor signed it.  Whatever goes wrong means no."""
        url = entry.url or f"/v1/{merchant}/webhook"
        now = self.gate.now_ms() // 1000
        try:
            verify = adapter(entry).verify
            signed = verify(request.once, request.body, url, two(entry.secrets), now)
        except Exception:  # noqa: BLE001 - a body that isn't what its vendor sends
            return False
        return bool(signed) and entry.known

    def _greeted(self, body: bytes, entry: Entry) -> Answer | None:
        """Answer what a vendor sends before there is a secret, and only for so long."""
        if not entry.known or entry.secrets:
            return None
        try:
            greeting = adapter(entry).handshake(body)
        except Exception:  # noqa: BLE001 - neither does it greet, nor has this vendor a greeting
            return None
        if greeting:
            _log.warning("greeting of %s: %s", entry.vendor, greeting)
        return told(200, accepted=0) if greeting else None

    def _queued(self, parcels: Sequence[Parcel], count: int, entry: Entry, merchant: str) -> Answer:
        left = self.outbox.send(self.arn(entry.source, merchant), parcels)
        if left:
            places = [[one.first, one.last] for one in left]
            return problem(503, _NOT_NOW, wait=PATIENCE, not_taken=places)
        return told(202, accepted=count, messages=len(parcels))

    def _queued_once(
        self, request: Request, parcels: Sequence[Parcel], found: Sequence[str], entry: Entry,
        merchant: str,
    ) -> Answer:  # fmt: skip
        """Queue it unless that was done under this key before."""
        key = request.once.get("idempotency-key", "")
        if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
            return problem(400, f"Idempotency-Key may have {LONGEST_KEY} printable characters")
        pk, body = item_key(merchant, key), fingerprint(found)
        state, answer = self.once.begin(pk, body, self.gate.now_ms())
        if state is State.OTHER_BODY:
            return problem(422, "this Idempotency-Key came with another body before")
        if state is State.AT_WORK:
            return problem(409, "a request with this Idempotency-Key is at work", wait=PATIENCE)
        if state is State.ANSWERED:
            before = Answer(**answer)
            return Answer(before.body, before.headers | {"Idempotency-Replayed": "true"}, 202)
        given = self._queued(parcels, len(found), entry, merchant)
        done = given.status_code == 202  # noqa: PLR2004
        # The answer is true whether it can be kept or not.
        attempt(lambda kept: self.once.end(pk, body, self.gate.now_ms(), kept),
                asdict(given) if done else None)  # fmt: skip
        return given


def adapter(entry: Entry) -> Any:
    """Import the vendor's adapter: its name is one of ours, or of nothing."""
    name = entry.vendor if VENDOR.fullmatch(entry.vendor) else NOBODY.vendor
    return import_module(f"chalicelib.adapters.{name}")


def _records(request: Request, entry: Entry) -> list[str]:
    if getattr(adapter(entry), "WHOLE", False):
        raise Unreadable(415, "this merchant's format has no records: post it to /webhook")
    once = request.once
    kind, coding = once.get("content-type", ""), once.get("content-encoding", "")
    return bodies.records(request.body, kind, coding)
