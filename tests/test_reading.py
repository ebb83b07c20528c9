"""What was read once is not read again, and comes out the same."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib import reading
from chalicelib.adapters import square
from chalicelib.errors import Rejected
from chalicelib.model import Merchant, Outcome
from ops.tills import Sale, square_order, square_payment

SHOP = Merchant("corner-shop", square.adapt, personal="keep")


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    reading._known.clear()
    yield
    reading._known.clear()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies that an adapter gets to see."""
    seen: list[str] = []

    def adapt(text: str, merchant: Merchant, by: str = "") -> Iterator[Outcome]:
        seen.append(text)
        return real(text, merchant, by)

    real = square.adapt
    monkeypatch.setattr(square, "adapt", adapt)
    return seen


def shop(**settings: object) -> Merchant:
    return replace(SHOP, adapt=square.adapt, **settings)


def test_a_message_that_comes_again_is_not_read_again(readings: list[str]) -> None:
    body = square_order(Sale(1, 100))
    first, again = reading.read(body, shop()), reading.read(body, shop())
    assert first == again
    assert readings == [body]


def test_another_message_merchant_policy_or_key_is_read_by_itself(readings: list[str]) -> None:
    body = square_payment(Sale(1, 100))
    told = [
        reading.read(body, shop()),
        reading.read(square_payment(Sale(1, 101)), shop()),
        reading.read(body, shop(id="other-shop")),
        reading.read(body, shop(personal="drop")),
        reading.read(body, shop(personal="hash"), b"one"),
        reading.read(body, shop(personal="hash"), b"two"),
        reading.read(body.encode(), shop()),
    ]
    assert len(readings) == len(told)
    found = [one for [one] in told if not isinstance(one, Rejected)]
    assert len({repr(one) for one in found}) == len(told) - 1  # bytes say what the text says


@pytest.mark.parametrize("body", ["not json", square_order(Sale(1, 100), state="OPEN"), "\ud800"])
def test_what_gave_no_transaction_is_read_again(body: str) -> None:
    for _ in range(2):
        [outcome] = reading.read(body, SHOP)
        assert isinstance(outcome, Exception)
    assert not reading._known


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "REMEMBERED", 3)
    for number in range(10):
        reading.read(square_order(Sale(number, 100)), SHOP)
    assert [one.id[-1] for one in reading._known.values()] == ["7", "8", "9"]


def test_no_body_is_remembered() -> None:
    reading.read(square_order(Sale(1, 100, note="4111 1111 1111 1111")), SHOP)
    assert reading._known
    assert "4111 1111" not in repr(reading._known)


def test_no_large_message_is_remembered() -> None:
    body = square_order(Sale(1, 100, note="x" * reading.LARGEST))
    [found] = reading.read(body, SHOP)
    assert not isinstance(found, Exception)
    assert not reading._known
