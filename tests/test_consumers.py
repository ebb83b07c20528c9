"""What docs/CONSUMERS.md shows to consumers does what it says."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chalicelib import publish, story
from chalicelib.dedupe import wall_clock
from chalicelib.inbox import Inbox
from chalicelib.publish import event
from chalicelib.shelf import Shelf
from ops.emulator import Emulator
from tests.counter import create
from tests.test_mechanics import back, sold
from tests.world import _accounts

TEXT = Path("docs/CONSUMERS.md").read_text()
DAY = {"business_date": "2026-11-23"}
TOLD = [
    event(one).body
    for one in (
        back(400, **DAY), sold(1000, revision=2, **DAY), sold(1100, revision=1, **DAY),
        sold(2000, id="b", **DAY), back(400, **DAY),
    )
]  # fmt: skip


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_the_contract_is_one() -> None:
    assert story.TYPE == publish.TYPE


def test_a_consumer_elsewhere_needs_four_files() -> None:
    for name in ("inbox", "shelf", "story", "errors"):
        text = Path(f"chalicelib/{name}.py").read_text()
        needed = set(re.findall(r"^from chalicelib\.(\w+) import", text, re.MULTILINE))
        assert needed <= {"inbox", "shelf", "story", "errors"}
        assert f"`{name}.py`" in TEXT


@pytest.mark.emulator
def test_the_ten_lines_add_sales_up(emulator: Emulator) -> None:
    client = emulator.client("dynamodb", str(next(_accounts)))
    create(client, "sales-by-day")
    known: dict[str, Any] = {"Inbox": Inbox, "Shelf": Shelf, "told": story.told,
                             "wall_clock": wall_clock, "dynamodb": client}  # fmt: skip
    exec(block("python"), known)  # noqa: S102 - it is our own documentation
    known["handler"]({"Records": [{"body": body} for body in TOLD]}, None)
    day = {"pk": {"S": "day"}, "sk": {"S": "2026-11-23"}}
    assert client.get_item(TableName="sales-by-day", Key=day)["Item"]["net"] == {"N": "2600"}


def test_the_sql_keeps_the_newest_revision_and_says_what_is_none() -> None:
    database = sqlite3.connect(":memory:")
    made, kept = block("sql").replace("BEGIN;\n", "").split("\n\n")
    database.execute(made)
    insert = kept.partition("\n--")[0].rstrip(";")
    changed = []
    for body in TOLD:
        found = story.told(body)
        row = {"source": found.source, "subject": found.subject, "revision": found.revision,
               "id": found.id, "data": str(found.data["total"])}  # fmt: skip
        changed.append(database.execute(insert, row).rowcount)
    assert changed == [1, 1, 0, 1, 0]
    rows = database.execute("SELECT subject, data FROM told ORDER BY subject").fetchall()
    assert rows == [("a", 1000), ("b", 2000), ("r", -400)]
