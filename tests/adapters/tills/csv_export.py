"""CSV with a row for each line, and a column for each tender."""

import csv
import io

from chalicelib.adapters import csv_export
from chalicelib.mapping import Lines, Mapping, Tenders
from tests.adapters.baskets import WHEN, Basket

KNOWS = frozenset({"discount", "tip", "included", "added", "several", "return", "paid back"})
ADAPT = csv_export.adapter(
    Mapping(
        id="Receipt", date="Date", kind="Type", total="Total", tip="Tip",
        kinds={"S": "sale", "R": "return"},
        lines=Lines(description="Item", quantity="Qty", unit_price="Price", discount="Off",
                    total="Net", tax_included="Tax in", tax="Tax on top"),
        tenders=Tenders(amounts={"Cash": "cash", "Card": "card"}),
    )
)  # fmt: skip
HEADER = ("Receipt", "Date", "Type", "Total", "Tip", "Cash", "Card",
          "Item", "Qty", "Price", "Off", "Net", "Tax in", "Tax on top")  # fmt: skip


def write(basket: Basket) -> str:
    paid = {"cash": 0, "card": 0} | dict(basket.tenders)
    whole = [basket.total, basket.tip, paid["cash"], paid["card"]]
    head = [f"{basket.number:012}", WHEN, "R" if basket.returned else "S"]
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(HEADER)
    for item in basket.items:
        taxes = (item.tax, 0) if basket.included else (0, item.tax)
        amounts = [basket.major(one) for one in (item.price, item.discount, item.total, *taxes)]
        rows.writerow([*head, *map(basket.major, whole), item.name, item.quantity, *amounts])
    return text.getvalue()
