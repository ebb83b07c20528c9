"""The documents: what they point to is there, and each promise names tests that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(page for folder in (".", "docs", "benchmarks", "tests/prove")
               for page in (ROOT / folder).glob("*.md"))  # fmt: skip
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
_CODE = re.compile(r"`([^`]+)`")
#: A path in the tree, as the pages write one.
_PATH = re.compile(r"(?:tests|docs|chalicelib|ops|benchmarks)/[\w./-]+")
#: A part of a test's name, or a bug of the simulator's.
_NAME = re.compile(r"[\w.-]+")
_TEST = re.compile(r"def (test_\w+)\(")


def _named(page: Path) -> Iterator[Path]:
    text = page.read_text()
    for link in _LINK.findall(text):
        if "://" not in link:
            yield page.parent / link
    for code in _CODE.findall(text):
        if _PATH.fullmatch(code):
            yield ROOT / code


def _promises() -> list[str]:
    told = (ROOT / "docs/GUARANTEES.md").read_text().partition("## What shows each line")[2]
    rows = [row for row in told.partition("\n## ")[0].splitlines() if row.startswith("| ")]
    return rows[1:]


def _tests_named(promise: str) -> Iterator[tuple[Path, str]]:
    """Yield (file, name) of each test that a row names: `..._middle_of_its_name_...`."""
    file = ROOT
    for code in _CODE.findall(promise.split("|")[2]):
        if _PATH.fullmatch(code):
            file = ROOT / code
        elif _NAME.fullmatch(code):
            yield file, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_points_to_is_there(page: Path) -> None:
    assert not [str(path) for path in _named(page) if not path.exists()]


@pytest.mark.parametrize("promise", _promises())
def test_a_promise_names_tests_that_exist(promise: str) -> None:
    assert _PATH.search(promise.split("|")[2]), "no test is named"
    bugs = {bug.name for bug in BUGS}
    for file, name in _tests_named(promise):
        tests = bugs if file.is_dir() else _TEST.findall(file.read_text())
        middle = name.removeprefix("...").removesuffix("...")
        assert any(middle in test for test in tests), f"{name} is not in {file}"


def test_there_are_promises_and_pages() -> None:
    assert len(_promises()) >= 20
    assert len(PAGES) >= 14
