"""The oddities of CSV: other people's columns, ways to write numbers, and rows that are broken."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import payload
from chalicelib.adapters import csv_export
from chalicelib.errors import Code, Ignored, Misconfigured, Rejected
from chalicelib.mapping import Lines, Mapping, Tenders
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters.mutations import JUNK

HERE = Path(__file__).parent / "csv_export"
#: One row for each payment or refund of an item; no total, no tender, no id of a line.
SQUARE_ITEMS = Mapping(
    id=("Transaction ID", "Payment ID"),
    date="Date",
    time="Time",
    date_format="%Y-%m-%d %H:%M:%S",
    zone="Time Zone",
    zones={"Eastern Time (US & Canada)": "America/New_York"},
    kind="Event Type",
    kinds={"Payment": "sale", "Refund": "return"},
    store="Location",
    register="Device Name",
    customer="Customer ID",
    loyalty="Customer Reference ID",
    lines=Lines(
        sku="SKU",
        description="Item",
        category="Category",
        quantity="Qty",
        discount="Discounts",
        tax="Tax",
        total="Net Sales",
    ),
)
SQUARE_FILE = """\
Date,Time,Time Zone,Category,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,\
Payment ID,Device Name,Event Type,Location,Customer ID,Customer Reference ID,Notes
2026-07-04,18:42:10,Eastern Time (US & Canada),Candles,Beeswax candle,2.0,BW-2,$24.00,-$1.00,\
$23.00,$1.84,tXa1,pXa1,Ava\u2019s iPhone,Payment,Pier 4,CU1,L-0009,
2026-07-04,18:42:10,Eastern Time (US & Canada),Candles,Wick,1.0,,"$1,149.00 ",$0.00,\
"$1,149.00 ",$91.92,tXa1,pXa1,Ava\u2019s iPhone,Payment,Pier 4,CU1,L-0009,
2026-07-05,09:10:00,Eastern Time (US & Canada),Candles,Beeswax candle,-1.0,BW-2,($12.00),$0.50,\
($11.50),($0.92),tXa2,pXa2,Till,Refund,Pier 4,CU1,L-0009,
"""
#: One row for each receipt, whose items are text; refunds with positive gross and negative net.
LOYVERSE_RECEIPTS = Mapping(
    id="Receipt number",
    date="Date",
    date_format="%m/%d/%y %I:%M %p",
    kind="Receipt type",
    kinds={"Sale": "sale", "Refund": "return"},
    status="Status",
    statuses={"Closed": "final", "Cancelled": "cancelled"},
    store="Store",
    register="POS",
    subtotal="Net sales",
    tax="Taxes",
    total="Total collected",
    tenders=Tenders(type="Payment type", types={"Efectivo": "cash", "Card": "card"}),
)
LOYVERSE_FILE = """\
Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales,Taxes,Total collected,\
Cost of goods,Payment type,Description,POS,Store,Customer name,Status
7/28/26 1:33\u202fPM,1-1006,Sale,25.00,5.00,20.00,2.00,22.00,8.10,Efectivo,"2 x Soap, 1 x Brush",\
POS 1,Plaza,Ines,Closed
7/28/26 1:40 PM,1-1007,Refund,10.00,0.00,-10.00,-1.00,-11.00,4.00,Card,1 x Brush,POS 1,Plaza,,Closed
7/28/26 1:41 PM,1-1008,Sale,10.00,0.00,10.00,1.00,11.00,4.00,Card,1 x Brush,POS 1,Plaza,,Cancelled
"""
PLAIN = Mapping(id="id", date="date", lines=Lines(description="item", total="amount"))
WHEN = "2026-05-01T10:00:00Z"


def outcomes(text: str, mapping: Mapping = csv_export.DEFAULT) -> list[Outcome]:
    adapt = csv_export.adapter(mapping)
    return read(text, Merchant("elm-street", adapt, "America/Mexico_City", "USD"))


def totals(text: str, mapping: Mapping = csv_export.DEFAULT) -> dict[str, int]:
    found = outcomes(text, mapping)
    return {one.id: one.total for one in found if isinstance(one, Transaction)}


def test_an_items_export_of_square_has_its_totals_summed() -> None:
    sale, refund = outcomes(SQUARE_FILE, SQUARE_ITEMS)
    assert isinstance(sale, Transaction)
    assert isinstance(refund, Transaction)
    assert (sale.id, sale.kind, sale.total) == ("tXa1/pXa1", "sale", 126576)
    assert [(line.quantity, line.discount, line.total) for line in sale.lines] == [
        ("2", 100, 2300),
        ("1", 0, 114900),
    ]
    assert sale.occurred_at == "2026-07-04T18:42:10-04:00"
    assert (refund.kind, refund.total, refund.lines[0].discount) == ("return", -1242, -50)
    assert not sale.discrepancies
    assert not refund.discrepancies


def test_a_receipts_export_of_loyverse_needs_no_lines() -> None:
    sale, refund, cancelled = outcomes(LOYVERSE_FILE, LOYVERSE_RECEIPTS)
    assert isinstance(sale, Transaction)
    assert isinstance(refund, Transaction)
    assert isinstance(cancelled, Ignored)
    assert (sale.id, sale.total, sale.tenders[0].type) == ("1-1006", 2200, "cash")
    assert sale.occurred_at == "2026-07-28T13:33:00-06:00"
    assert (refund.kind, refund.subtotal, refund.total) == ("return", -1000, -1100)
    assert refund.taxes[0].amount == -100
    assert not sale.discrepancies
    assert not refund.discrepancies


def test_an_export_of_another_continent_writes_commas_for_points() -> None:
    mapping = replace(PLAIN, delimiter=";", decimal=",", date_format="%d.%m.%Y %H:%M")
    text = (
        "Item;Amount;ID;Date\n"
        "Sofa;1.013,00 €;A;1.5.2026 9:05\n"
        "Lamp;19,9;B;1.5.2026 9:06\n"
        "Rug;2 500,00;C;1.5.2026 9:07\n"
        "Cup;1.99;D;1.5.2026 9:08\n"
    )
    found = read(text, Merchant("m", csv_export.adapter(mapping), "Europe/Berlin", "EUR"))
    amounts = [one.total if isinstance(one, Transaction) else one for one in found]
    assert amounts[:3] == [101300, 1990, 250000]
    assert isinstance(amounts[3], Rejected)
    assert amounts[3].code == Code.BAD_MONEY


def test_a_column_of_amounts_for_each_tender() -> None:
    by_column = Tenders(amounts={"Card": "card", "Cash": "cash", "Square Gift Card": "gift_card"})
    mapping = Mapping(id="Payment ID", date="Date", total="Total", tenders=by_column)
    text = (
        "Payment ID,Date,Total,Card,Cash,Square Gift Card\n"
        f"P1,{WHEN},$10.00,$6.00,$0.00,$4.00\n"
        f"P2,{WHEN},($33.62),$33.62,,\n"
    )
    sale, refund = outcomes(text, mapping)
    assert isinstance(sale, Transaction)
    assert isinstance(refund, Transaction)
    tenders = [(one.type, one.amount) for one in sale.tenders]
    assert tenders == [("card", 600), ("gift_card", 400)]
    assert [(one.type, one.amount) for one in refund.tenders] == [("card", -3362)]


def test_rows_that_the_mapping_leaves_out_are_no_part_of_a_sale() -> None:
    mapping = replace(PLAIN, skip=(("Void?", "true"), ("id", "Total")))
    text = (
        "id,date,item,amount,Void?\n"
        f"T1,{WHEN},Soup,7.00,false\n"
        f"T1,{WHEN},Bread,2.00,TRUE\n"
        "Total,9.00\n"
    )
    sale, void, footer = outcomes(text, mapping)
    assert isinstance(sale, Transaction)
    assert sale.total == 700
    assert isinstance(void, Ignored)
    assert isinstance(footer, Ignored)
    assert [void.position, footer.position] == [2, 3]


def test_amounts_may_be_counted_in_cents() -> None:
    mapping = replace(PLAIN, minor_units=True)
    text = f"id,date,item,amount\nA,{WHEN},Tea,1250\nB,{WHEN},Tea,12.50\n"
    assert totals(text, mapping) == {"A": 1250}


def test_a_column_may_have_had_other_names() -> None:
    mapping = replace(PLAIN, renamed={"Amt": "amount"})
    assert totals(f"id,date,item,AMT\nA,{WHEN},Tea,1.00\n", mapping) == {"A": 100}


@pytest.mark.parametrize(
    "broken",
    [
        "Mug, large,T2,{when},3.00",  # shifted by one
        "T2",  # cut off before the id could be read
        '"Mug" large,T2,{when},3.00',
        "=1+1,T2,{when},3.00",
        "Mug,T2,{when},3.00,",
        'Mug,T2,{when},"3.00',
        "Mug,T2,{when},\0",
        "Mug,,{when},3.00",
    ],
)
def test_a_transaction_is_refused_as_a_whole_and_its_neighbours_are_not(broken: str) -> None:
    text = "\n".join(
        ["item,id,date,amount"]
        + [f"Mug,T{n},{WHEN},{n}.00" for n in (1, 2)]
        + [broken.format(when=WHEN)]
        + [f"Mug,T{n},{WHEN},{n}.00" for n in (2, 3)]
    )
    first, second, third = outcomes(text, PLAIN)
    assert isinstance(first, Transaction)
    assert isinstance(second, Rejected)
    assert isinstance(third, Transaction)
    assert second.position == 2
    assert "row 3" in second.reason
    assert [first.total, third.total] == [100, 300]


def test_a_broken_row_is_found_by_its_id_far_from_the_others() -> None:
    text = (
        "store,id,date,item,amount\n"
        f"north,1,{WHEN},Mug,1.00\n"
        f"south,1,{WHEN},Mug,2.00\n"
        f"east,1,{WHEN},Mug,3.00\n"
        f"north,1,{WHEN},Mug, large,1.00\n"
        f"south,1,{WHEN},Mug\n"
    )
    found = outcomes(text, replace(PLAIN, id=("store", "id")))
    assert [isinstance(one, Transaction) for one in found] == [False, False, True]
    assert [one.position for one in found if isinstance(one, Rejected)] == [1, 2]


def test_a_quote_that_is_never_closed_eats_no_row() -> None:
    rows = "".join(f"T{n},{WHEN},Mug,1.00\n" for n in range(500))
    text = f'id,date,item,amount\nX,{WHEN},"Mug,1.00\n{rows}'
    assert len(totals(text, PLAIN)) == 500


def test_more_rows_than_allowed_are_refused_together() -> None:
    text = "id,date,total\n" + f"A,{WHEN},1\n" * (payload.MAX_RECORDS + 1)
    [outcome] = outcomes(text)
    assert isinstance(outcome, Rejected)
    assert outcome.code == Code.TOO_MANY


def test_a_mapping_makes_one_key_however_often_it_is_written() -> None:
    first = Merchant("m", csv_export.adapter(replace(SQUARE_ITEMS)))
    second = Merchant("m", csv_export.adapter(replace(SQUARE_ITEMS)))
    other = Merchant("m", csv_export.adapter(replace(SQUARE_ITEMS, kinds={"Payment": "sale"})))
    assert len({first, second}) == 1
    assert first != other
    assert first.adapt.__module__ == csv_export.adapt.__module__ == "chalicelib.adapters.csv_export"


def test_a_mapping_cannot_be_changed_afterwards() -> None:
    kinds = {"Payment": "sale"}
    mapping = replace(PLAIN, kind="Event", kinds=kinds)
    kinds["Refund"] = "sale"
    assert dict(mapping.kinds) == {"payment": "sale"}
    with pytest.raises(TypeError):
        mapping.kinds["refund"] = "sale"  # type: ignore[index]


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"id": ()}, "id: name"),
        ({"id": ["store", "id"]}, "in a tuple"),
        ({"required": ["id"]}, "in a tuple"),
        ({"date": ""}, "date: name"),
        ({"lines": None}, "total: name"),
        ({"original": ("a", "b")}, "original: name as many"),
        ({"kind": "Event"}, "kind: name column and words"),
        ({"kinds": {"Refund": "return"}}, "kind: name column and words"),
        ({"kind": "Event", "kinds": {"Refund": "refund"}}, "sale, return, exchange, void"),
        ({"status": "S", "statuses": {"Closed": "done"}}, "final, voided, open"),
        ({"zones": {"Eastern": "Eastern Time"}}, "no IANA"),
        ({"date_format": "%Y-%m-%d"}, "a day alone is no instant: name a time column"),
        ({"date_format": "%Y-%Q"}, "strptime doesn't know"),
        ({"decimal": "·"}, "decimal: write"),
        ({"delimiter": ",,"}, "delimiter: write"),
        ({"required": ("total",)}, "required: every column"),
        ({"renamed": {"Amt": "amonut"}}, "renamed: 'Amt' must stand for"),
    ],
)
def test_a_wrong_mapping_says_what_to_mend(wrong: dict[str, object], remedy: str) -> None:
    with pytest.raises(Misconfigured, match=remedy):
        replace(PLAIN, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "remedy"),
    [
        (lambda: Lines(description="item"), "lines: name the column of total"),
        (lambda: Lines(total="t", kinds={"x": "thing"}), "item, gift_card"),
        (Tenders, "either type or amounts"),
        (lambda: Tenders(type="t", amounts={"Cash": "cash"}), "either type or amounts"),
        (lambda: Tenders(amount="a", amounts={"Cash": "cash"}), "amount goes with type"),
        (lambda: Tenders(amounts={"Cash": "coins"}), "cash, card"),
        (lambda: csv_export.adapter(replace(PLAIN, lines=Lines(total="t", path="l"))), "no list"),
    ],
)
def test_a_wrong_part_of_a_mapping_says_what_to_mend(part: object, remedy: str) -> None:
    with pytest.raises(Misconfigured, match=remedy):
        part()  # type: ignore[operator]


SPOILERS = ('"', '""', '"x', 'x"y', "\n", '\n"', "\0", ",", "\r", "=1+1", "@", "1.3E+18", "-", '",')


def spoiled(random: Random, row: list[str]) -> str:
    cells = list(row)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(cells) + 1)
        junk = str(random.choice((*SPOILERS, *JUNK)))
        cells[place : place + random.randrange(3)] = [junk] * random.randrange(3)
    if random.random() < 0.5:
        return ",".join(cells)  # as a careless exporter writes it
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().rstrip("\r\n")


@given(random=st.randoms(use_true_random=False), pair=st.sampled_from(sorted(HERE.glob("*.csv"))))
@settings(max_examples=200, deadline=None)
def test_a_spoiled_row_spares_its_neighbours(random: Random, pair: Path) -> None:
    header, *rows = csv.reader(io.StringIO(pair.read_text(encoding="utf-8-sig"), newline=""))
    header = [name.strip().lower() for name in header]
    if not {"id", "date", "amount"} <= set(header) or not rows:
        return

    def good(name: str, item: str) -> str:
        cells = {"id": name, "date": WHEN, "item": f'"{item}"', "amount": "2.00", "total": "4.00"}
        return ",".join(cells.get(column, "") for column in header)

    bad = spoiled(random, random.choice([row for row in rows if row]))
    before, after = ([good(name, "a"), good(name, "b, c")] for name in ("Before", "After"))
    found = outcomes("\r\n".join([",".join(header), *before, bad, *after]))
    kept = {one.id: one.total for one in found if isinstance(one, Transaction)}
    assert kept.get("Before") == kept.get("After") == 400, (bad, found)
    codes = {one.code for one in found if isinstance(one, Rejected)}
    assert Code.ADAPTER_FAULT not in codes
