"""One input once more: what breaks with it, and how it becomes a payload pair."""

import json
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from chalicelib import payload
from tests.adapters import contract
from tests.fuzz.targets import SETTINGS


def tried(check: Callable[[bytes], None], file: Path) -> None:
    """Check one input, and tell what an adapter hadn't foreseen."""
    unexpected = payload.unexpected

    def telling(fault: Exception, position: int = 0) -> payload.Rejected:
        traceback.print_exception(fault)
        return unexpected(fault, position)

    payload.unexpected = telling
    check(file.read_bytes())
    sys.stdout.write(f"{file}: all that must hold of it holds\n")


def paired(vendor: str, file: Path, name: str) -> None:
    """Make a pair of an input: the payload, its settings, and what the adapter says of it."""
    suffix = contract.payloads(vendor)[0].suffix
    path = contract.HERE / vendor / f"{name}{suffix}"
    if path.exists():
        sys.exit(f"{path} exists: choose another name")
    shutil.copy(file, path)
    settings = path.with_name(contract.SETTINGS)
    told = json.loads(settings.read_text()) if settings.exists() else {}
    settings.write_text(json.dumps(told | {path.name: SETTINGS}, indent=2) + "\n")
    expected = json.dumps(contract.outcomes(vendor, path), indent=2, ensure_ascii=False)
    contract.expected_path(path).write_text(expected + "\n")
    sys.stdout.write(f"written, now check it: {contract.expected_path(path)}\n")
