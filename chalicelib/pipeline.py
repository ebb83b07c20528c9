"""The one path every transaction takes."""

from collections.abc import Iterator

from chalicelib import payload
from chalicelib.errors import Rejected
from chalicelib.model import Merchant, Outcome, Transaction, discrepancies
from chalicelib.sanitise import sanitise


def read(body: bytes | str, merchant: Merchant) -> list[Outcome]:
    """Turn a message's body into clean transactions and refusals, in order.  Pure."""
    try:
        return list(_read(body, merchant))
    except Rejected as reason:
        return [reason]
    except Exception as fault:  # noqa: BLE001 - nothing here does I/O: a resend can't help
        return [payload.unexpected(fault)]


def _read(body: bytes | str, merchant: Merchant) -> Iterator[Outcome]:
    for outcome in merchant.adapt(payload.text(body), merchant):
        if isinstance(outcome, Transaction):
            named = discrepancies(outcome)
            if named != outcome.discrepancies:
                outcome = outcome.model_copy(update={"discrepancies": named})  # noqa: PLW2901
            yield sanitise(outcome, merchant)
        else:
            yield outcome
