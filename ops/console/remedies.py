"""What each code of quarantine means and what to do: as docs/QUARANTINE.md has it, in one place."""

import re
from pathlib import Path

from ops.deadletters import FAILED

DOCUMENT = Path(__file__).parents[2] / "docs" / "QUARANTINE.md"
_ROW = re.compile(r"\| (?P<codes>`\w+`(?:, `\w+`)*) \| (?P<means>.+?) \| (?P<do>.+?) \|")
_FAILED = (
    "it failed too often, and SQS or Lambda gave it up",
    "look into the function's log first; then send it again",
)


def remedies(document: Path = DOCUMENT) -> dict[str, tuple[str, str]]:
    """Return what each code means, and what to do about it."""
    found = {FAILED: _FAILED}
    for row in filter(None, map(_ROW.fullmatch, document.read_text("utf-8").splitlines())):
        for code in re.findall(r"\w+", row["codes"]):
            found[code] = (row["means"], row["do"])
    return found
