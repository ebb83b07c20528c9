"""The dry run for people who bring a new POS: the very code that runs in Lambda, without AWS."""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from chalicelib import adapters
from chalicelib.cards import mask
from chalicelib.errors import Ignored, Rejected
from chalicelib.model import Merchant
from chalicelib.reading import read
from chalicelib.times import zone
from ops.merchants import declared

HASH_KEY = b"the dry run's own key"
GOOD, SOME_REJECTED, USAGE = 0, 1, 2


def vendors() -> list[str]:
    """Return the vendors that there is an adapter for."""
    return sorted(module.name for module in iter_modules(adapters.__path__))


def merchant(vendor: str, name: str, timezone: str | None, currency: str | None) -> Merchant:
    """Return the merchant's own settings where app.py has it, and what the options say over it."""
    adapt = import_module(f"chalicelib.adapters.{vendor}").adapt
    known = {one.merchant.id: one.merchant for one in declared("local")}
    settings = known.get(name, Merchant(name, adapt))
    if timezone:
        zone(timezone)
    return replace(
        settings,
        adapt=settings.adapt if _vendor_of(settings) == vendor else adapt,
        timezone=timezone or settings.timezone,
        currency=currency or settings.currency,
    )


def adapt_files(files: list[str], whose: Merchant) -> int:
    """Print each transaction as a line of JSON, and the rest on stderr; return the exit status."""
    unreadable = [name for name in files if name != "-" and not Path(name).is_file()]
    if unreadable:
        print(f"no such file: {', '.join(unreadable)}", file=sys.stderr)
        return USAGE
    rejected = 0
    for name in files:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        for outcome in read(body, whose, HASH_KEY):
            if isinstance(outcome, Ignored):
                print(f"ignored: {outcome.reason}", file=sys.stderr)
            elif isinstance(outcome, Rejected):
                rejected += 1
                where = f"{name}#{outcome.position}"
                reason = mask(outcome.reason)
                print(f"rejected: {where}: {outcome.code}: {reason}", file=sys.stderr)
            else:
                print(outcome.model_dump_json(exclude_none=True))
    return SOME_REJECTED if rejected else GOOD


def _vendor_of(whose: Merchant) -> str:
    return whose.adapt.__module__.rpartition(".")[2]
