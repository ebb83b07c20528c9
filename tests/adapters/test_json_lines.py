"""The oddities of JSON lines: wrapped records, flat rows, and other ways to count."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import payload
from chalicelib.adapters import json_lines
from chalicelib.errors import Code, Ignored, Misconfigured, Rejected
from chalicelib.mapping import Lines, Mapping, Tenders
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters.mutations import mutated

HERE = Path(__file__).parent / "json_lines"
WHEN = "2026-05-01T10:00:00Z"
#: What a data pipeline wraps around the record of a shop.
WRAPPED = Mapping(
    id=("data.shop.id", "data.number"),
    original=("data.shop.id", "data.refunds"),
    date="data.paid_at",
    date_format="epoch_ms",
    revision="data.version",
    kind="data.type",
    kinds={"SALE": "sale", "REFUND": "return"},
    currency="data.currency",
    total="data.amounts.total",
    minor_units=True,
    lines=Lines(path="data.basket.rows", description="title", quantity="qty", total="amounts.net"),
    tenders=Tenders(path="data.payments", type="method", types={"Pin": "card"}, amount="value"),
    skip=(("stream", "heartbeats"),),
)
#: Each line of the file is a line of a transaction.
FLAT = Mapping(
    id="receipt",
    date="sold_at",
    lines=Lines(description="item", total="net", tax_included="vat"),
    tenders=Tenders(type="paid_by", types={"Cash": "cash"}),
)


def outcomes(records: list[Any] | str, mapping: Mapping = json_lines.DEFAULT) -> list[Outcome]:
    text = records if isinstance(records, str) else "\n".join(map(json.dumps, records))
    return read(text, Merchant("elm-street", json_lines.adapter(mapping), currency="EUR"))


def wrapped(**data: Any) -> dict[str, Any]:
    basket = {"rows": [{"title": "Tulips", "qty": 2, "amounts": {"net": 1250}}]}
    return {
        "stream": "sales",
        "emitted_at": 1_780_000_000_000,
        "data": {
            "shop": {"id": "0042"},
            "number": 9_007_199_254_740_993,
            "paid_at": 1_779_613_200_000,
            "version": 3,
            "type": "SALE",
            "currency": "EUR",
            "amounts": {"total": 1250},
            "basket": basket,
            "payments": [{"method": "Pin", "value": 1250}],
        }
        | data,
    }


def flat(receipt: Any, net: Any) -> dict[str, Any]:
    return {"receipt": receipt, "sold_at": WHEN, "item": "Tea", "net": net, "vat": 0.1,
            "paid_by": "Cash"}  # fmt: skip


def test_paths_reach_into_wrapped_records() -> None:
    sale, refund = outcomes([wrapped(), wrapped(number=7, type="REFUND", refunds=6)], WRAPPED)
    assert isinstance(sale, Transaction)
    assert isinstance(refund, Transaction)
    assert (sale.id, sale.revision, sale.total) == ("0042/9007199254740993", 3, 1250)
    assert sale.occurred_at == "2026-05-24T09:00:00+00:00"
    assert (sale.lines[0].quantity, sale.tenders[0].type) == ("2", "card")
    assert (refund.id, refund.original, refund.total) == ("0042/7", "0042/6", -1250)
    assert refund.tenders[0].amount == -1250
    assert not sale.discrepancies
    assert not refund.discrepancies


def test_records_of_another_stream_are_left_out() -> None:
    [outcome] = outcomes([{"stream": "Heartbeats", "emitted_at": 1}], WRAPPED)
    assert isinstance(outcome, Ignored)


def test_a_fraction_of_a_cent_is_refused_where_cents_are_counted() -> None:
    [outcome] = outcomes([wrapped(amounts={"total": 12.5})], WRAPPED)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.BAD_MONEY


def test_something_else_on_the_way_of_a_path_is_refused() -> None:
    [outcome] = outcomes([wrapped(shop="0042")], WRAPPED)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.BAD_SHAPE
    assert "data.shop.id" in outcome.reason


def test_flat_rows_come_together_as_one_transaction() -> None:
    first, second = outcomes([flat(1, 1.1), flat(2, 5.0), flat(1, "2.20")], FLAT)
    assert isinstance(first, Transaction)
    assert isinstance(second, Transaction)
    assert [line.total for line in first.lines] == [110, 220]
    assert (first.total, first.taxes[0].amount, first.tenders[0].amount) == (330, 20, 330)
    assert second.total == 500


@pytest.mark.parametrize(
    "broken",
    [
        '{"receipt": 1, "sold_at": "2026-',
        '{"net": 2.20, "receipt" :"1"',
        json.dumps(flat(1, [2.2])),
        json.dumps(flat(1, "=2.2")),
    ],
)
def test_a_broken_line_refuses_its_transaction_and_no_other(broken: str) -> None:
    good = [json.dumps(flat(receipt, 1.1)) for receipt in (1, 2)]
    first, second = outcomes("\n".join([*good, broken]), FLAT)
    assert isinstance(first, Rejected)
    assert first.position == 1
    assert isinstance(second, Transaction)


def test_numbers_may_be_a_path_too() -> None:
    mapping = Mapping(id="id", date="times.0", date_format="epoch_s", total="sums.1.value")
    [sale] = outcomes([{"id": "a", "times": [1779613200], "sums": [{}, {"value": 3}]}], mapping)
    assert isinstance(sale, Transaction)
    assert (sale.total, sale.occurred_at) == (300, "2026-05-24T09:00:00+00:00")


def test_a_list_longer_than_allowed_is_refused() -> None:
    rows = [{"item": "x", "amount": 1}] * (payload.MAX_RECORDS + 1)
    [outcome] = outcomes([{"id": "a", "date": WHEN, "lines": rows}])
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.TOO_MANY


def test_a_mapping_makes_one_key_however_often_it_is_written() -> None:
    first = Merchant("m", json_lines.adapter(replace(WRAPPED)))
    second = Merchant("m", json_lines.adapter(replace(WRAPPED)))
    assert len({first, second, Merchant("m", json_lines.adapter(FLAT))}) == 2
    assert first.adapt.__module__ == "chalicelib.adapters.json_lines"


def test_a_mapping_with_a_header_is_for_csv() -> None:
    with pytest.raises(Misconfigured, match="only CSV"):
        json_lines.adapter(replace(FLAT, renamed={"net_amount": "net"}))


@given(random=st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_a_spoiled_flat_row_spares_its_neighbours(random: Random) -> None:
    bad = mutated(random, flat("Bad", 2.0))
    found = outcomes([flat("Before", 1), flat("Before", 1), bad, flat("After", 2)], FLAT)
    kept = {one.id: one.total for one in found if isinstance(one, Transaction)}
    assert kept.get("Before") == kept.get("After") == 200
    assert all(one.code != Code.ADAPTER_FAULT for one in found if isinstance(one, Rejected))
