"""The pure half of the path: a body becomes clean transactions, or the reasons why not.

It is the same each time, so that a message which comes again is not read again: tills resend, and
queues deliver twice.  What is remembered is clean, and the body itself only as its hash.
"""

import hashlib
from collections.abc import Iterator

from chalicelib import payload
from chalicelib.errors import Code, Rejected
from chalicelib.model import Merchant, Outcome, Transaction, discrepancies
from chalicelib.sanitise import sanitise

#: Messages of one transaction each, the latest last.
_known: dict[tuple[Merchant, bytes, bool, bytes], Transaction] = {}
REMEMBERED = 500
#: Bytes of a message that is remembered: all of them together are some ten megabytes.
LARGEST = 8 * 1024


def read(body: bytes | str, merchant: Merchant, hash_key: bytes = b"") -> list[Outcome]:
    """Adapt and sanitise a message's body; return what came of each record, in order."""
    encoded = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    key = (merchant, hash_key, isinstance(body, str), hashlib.sha256(encoded).digest())
    if found := _known.get(key):
        return [found]
    outcomes = _outcomes(body, merchant, hash_key)
    small = len(outcomes) == 1 and len(encoded) <= LARGEST
    if small and isinstance(outcomes[0], Transaction):
        _known[key] = outcomes[0]
        if len(_known) > REMEMBERED:
            del _known[next(iter(_known))]
    return outcomes


def _outcomes(body: bytes | str, merchant: Merchant, hash_key: bytes) -> list[Outcome]:
    try:
        outcomes = list(_read(body, merchant, hash_key))
    except Rejected as reason:
        return [reason]
    except Exception as fault:  # noqa: BLE001 - nothing here does I/O: a resend can't help
        return [payload.unexpected(fault)]
    return outcomes or [Rejected(Code.EMPTY, "the message holds no record")]


def _read(body: bytes | str, merchant: Merchant, hash_key: bytes) -> Iterator[Outcome]:
    for found in merchant.adapt(payload.text(body), merchant):
        yield _clean(found, merchant, hash_key) if isinstance(found, Transaction) else found


def _clean(found: Transaction, merchant: Merchant, hash_key: bytes) -> Transaction:
    named = discrepancies(found)
    if named != found.discrepancies:
        found = found.model_copy(update={"discrepancies": named})
    return sanitise(found, merchant.personal, hash_key)
