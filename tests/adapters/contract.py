"""Pairs of payload and expected outcome: how they are found, run and written.

`python -m tests.adapters.contract VENDOR...` writes what the adapter says today into the
`.expected.json` files that are missing, for a person to check line by line.  It overwrites none.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chalicelib import adapters
from chalicelib.errors import Ignored, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read

HERE = Path(__file__).parent
FEWEST_PAIRS = 12

#: Settings a pair needs: payload name -> {"timezone": ..., "currency": ...}
SETTINGS = "settings.json"


def vendors() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(adapters.__path__)]


def payloads(vendor: str) -> list[Path]:
    found = sorted((HERE / vendor).glob("*"))
    return [
        path for path in found if path.name != SETTINGS and not path.name.endswith(".expected.json")
    ]


def expected_path(payload: Path) -> Path:
    return payload.with_name(f"{payload.stem}.expected.json")


def settings(payload: Path) -> dict[str, Any]:
    shared = payload.with_name(SETTINGS)
    return json.loads(shared.read_text()).get(payload.name, {}) if shared.exists() else {}


def adapter(vendor: str) -> Callable[[str, Merchant], Iterator[Outcome]]:
    """Return the vendor's adapter, or the one that its till has set up for the pairs."""
    till = importlib.import_module(f"tests.adapters.tills.{vendor}")
    module = importlib.import_module(f"chalicelib.adapters.{vendor}")
    return getattr(till, "PAIRS", None) or module.adapt


def found(vendor: str, payload: Path) -> list[Outcome]:
    merchant = Merchant(id="harbour-coffee", adapt=adapter(vendor), **settings(payload))
    return read(payload.read_bytes(), merchant)


def outcomes(vendor: str, payload: Path) -> list[dict[str, Any]]:
    return [_told(outcome) for outcome in found(vendor, payload)]


def identities(vendor: str, payload: Path) -> list[tuple[str, str]]:
    return [
        (outcome.key, outcome.fingerprint)
        for outcome in found(vendor, payload)
        if isinstance(outcome, Transaction)
    ]


def _told(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Ignored):
        return {"ignored": outcome.reason, "position": outcome.position}
    if isinstance(outcome, Rejected):
        told = {"rejected": outcome.code.value, "reason": outcome.reason}
        return told | {"position": outcome.position}
    return json.loads(outcome.model_dump_json(exclude_defaults=True))


def main() -> None:
    for vendor in sys.argv[1:] or vendors():
        for payload in payloads(vendor):
            path = expected_path(payload)
            if not path.exists():
                told = json.dumps(outcomes(vendor, payload), indent=2, ensure_ascii=False)
                path.write_text(told + "\n")
                print(f"written, now check it: {path.relative_to(HERE)}")  # noqa: T201


if __name__ == "__main__":
    main()
