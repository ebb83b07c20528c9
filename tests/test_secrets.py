"""`ops secrets`: who may come in, stored and rotated, and never printed."""

import io
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.entries import parsed
from ops import aws, merchants, snapshot
from ops.checks_door import of_door
from ops.entries import stored
from tests.operator import STAGE, Operator

LONG = "a-secret-of-tills-of-our-own-0001"
URL = "https://pos.example.com/v1/harbour-coffee/webhook"


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the next command find something on standard input."""

    def type_(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))

    return type_


def entry(merchant: str = "harbour-coffee") -> dict[str, Any]:
    return stored(STAGE)[merchant][0]


def test_a_secret_is_stored_rotated_and_never_printed(operator: Operator, typing: Any) -> None:
    typing("square-key-1")
    status, printed = operator.run("secrets", "set", "harbour-coffee", "--url", URL)
    assert status == 0, printed
    assert URL in printed
    assert "signature key" in printed
    typing("square-key-2")
    status, again = operator.run("secrets", "rotate", "harbour-coffee")
    assert status == 0, again
    typing(LONG)
    status, own = operator.run("secrets", "set", "harbour-coffee", "--own")
    assert status == 0, own
    status, listed = operator.run("secrets", "show-status")
    assert status == 0
    assert f"harbour-coffee square 2 1 {datetime.now(UTC):%Y}" in listed
    for secret in ("square-key", LONG):
        assert secret not in printed + again + own + listed
    assert entry() == {"vendor": "square", "source": "sqs", "url": URL,
                       "secrets": ["square-key-2", "square-key-1"], "own": [LONG]}  # fmt: skip
    assert parsed(json.dumps(entry())).secrets == ("square-key-2", "square-key-1")
    found = aws.client("ssm").describe_parameters()["Parameters"]
    assert [one["Type"] for one in found if "/door/" in one["Name"]] == ["SecureString"]
    typing("square-key-3")
    operator.run("secrets", "rotate", "harbour-coffee")
    assert entry()["secrets"] == ["square-key-3", "square-key-2"]


def test_a_secret_of_our_own_can_be_made(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    arguments = ("secrets", "set", "nordmarkt", "--generate", str(file))
    status, printed = operator.run(*arguments)
    assert status == 0, printed
    made = file.read_text().strip()
    assert (len(made), stat.S_IMODE(file.stat().st_mode)) == (64, 0o600)
    assert made not in printed
    assert entry("nordmarkt")["secrets"] == [made]
    status, printed = operator.run(*arguments)
    assert (status, "is there already" in printed) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("set", "harbour-coffee"), "key", "deploy the door first, or give --url"),
        (("set", "harbour-coffee", "--url", URL), "", "no secret was given"),
        (("set", "harbour-coffee", "--own"), "short", "less than 32 characters"),
        (("set", "harbour-coffee", "--generate", "x"), "", "makes its secret itself"),
        (("rotate", "harbour-coffee"), "key", "has none yet"),
        (("set", "nobody"), "key", "app.py has no merchant"),
    ],
)  # fmt: skip
def test_what_can_t_be_stored_is_refused_with_the_reason(
    operator: Operator, typing: Any, arguments: tuple[str, ...], typed: str, said: str
) -> None:
    typing(typed)
    status, printed = operator.run("secrets", *arguments)
    assert (status, said in printed) == (2, True), printed
    assert stored(STAGE) == {}


def test_rotating_to_the_same_secret_is_refused(operator: Operator, typing: Any) -> None:
    typing("key")
    operator.run("secrets", "set", "harbour-coffee", "--url", URL)
    typing("key")
    status, printed = operator.run("secrets", "rotate", "harbour-coffee")
    assert (status, "stored already" in printed) == (2, True)


def findings(operator: Operator, entries: Any, **more: Any) -> list[str]:
    """Return what the doctor finds at the door, with such entries and such a function."""
    merchants.load(STAGE)
    seen = [snapshot.Seen(one) for one in merchants.declared(STAGE)]
    function = {"Handler": "app.app"}
    settings = {"door": function, "doors_api": "https://x/api", "entries": entries} | more
    # All that it looks at: what else a snapshot has is no affair of the door's.
    found: Any = SimpleNamespace(stage=STAGE, merchants=seen, **settings)
    assert operator
    return [f"{about}: {reason} -> {mend}" for about, reason, mend in of_door(found)]


GOOD = {"vendor": "square", "source": "sqs", "secrets": ["a", "b"], "own": ["c"]}
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("name", "entry", "age", "said"),
    [
        ("harbour-coffee", GOOD, 1, ""),
        ("harbour-coffee", GOOD | {"vendor": "toast"}, 1, "another vendor"),
        ("harbour-coffee", GOOD | {"source": "sns"}, 1, "another vendor's, or sends elsewhere"),
        ("harbour-coffee", GOOD | {"secrets": ["a", "b", "c"]}, 1, "only two are good"),
        ("harbour-coffee", GOOD | {"own": []}, 400, "over a year old -> python -m ops secrets rot"),
        ("gone-shop", GOOD, 1, "delete-parameter --name /tillbridge/dev/door/gone-shop"),
    ],
)  # fmt: skip
def test_the_doctor_looks_at_who_may_come_in(
    operator: Operator, name: str, entry: Any, age: int, said: str
) -> None:
    found = findings(operator, {name: (entry, NOW - timedelta(days=age))})
    assert [said in one for one in found] == ([True] if said else []), found


def test_the_doctor_looks_whether_there_is_a_door(operator: Operator) -> None:
    entries = {"harbour-coffee": (GOOD, NOW)}
    for more, said in (
        ({"door": None}, "no routes"), ({"door": {}}, "isn't deployed"), ({"doors_api": ""}, "API"),
        ({"door": {"Handler": "app.api"}}, "not app.app"),
    ):  # fmt: skip
        [one] = findings(operator, entries, **more)
        assert said in one
    assert findings(operator, {}, door={}) == []  # nobody comes in, so nothing is missing
