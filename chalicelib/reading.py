"""The pure half of the path: a body becomes clean transactions, or the reasons why not."""

from collections.abc import Iterator

from chalicelib import payload
from chalicelib.errors import Code, Rejected
from chalicelib.model import Merchant, Outcome, Transaction, discrepancies
from chalicelib.sanitise import sanitise


def read(body: bytes | str, merchant: Merchant, hash_key: bytes = b"") -> list[Outcome]:
    """Adapt and sanitise a message's body; return what came of each record, in order."""
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
