"""Transactions of SAP POSDM, of a retailer who set up codes for returns and voids.

A basket's number says how it is written: nested, as flat tables, as an IDoc.
"""

import json
from collections.abc import Callable
from xml.sax.saxutils import escape

from chalicelib.adapters import sap_posdm
from chalicelib.sap_posdm.codes import Codes
from tests.adapters.baskets import Basket, Item

KNOWS = frozenset({"discount", "included", "added", "several", "return", "paid back"})
PAIRS = sap_posdm.adapter(
    Codes(
        transactions={"1001": "sale", "1002": "return", "1003": "void", "1090": "training",
                      "1301": "control"},
        lines={"2001": "item", "2801": "return", "2500": "gift_card", "2600": "deposit",
               "2900": "loyalty"},
        tenders={"ZT01": "cash", "ZT13": "card", "ZT20": "gift_card"},
    )
)  # fmt: skip
CODES = {"cash": "ZT01", "card": "ZT13"}
Tables = dict[str, list[dict[str, object]]]


def write(basket: Basket) -> str:
    forms: tuple[Callable[[Basket], str], ...] = (nested, flat, idoc)
    return forms[basket.number % len(forms)](basket)


def flat(basket: Basket) -> str:
    return json.dumps(tables(basket))


def idoc(basket: Basket) -> str:
    """Write the tables as segments, a return's signs behind the numbers."""
    segments = "".join(
        f"<_-POSDW_-E1BP{table} SEGMENT='1'>{fields(row, basket)}</_-POSDW_-E1BP{table}>"
        for table, rows in tables(basket).items()
        for row in rows
    )
    return (
        "<_-POSDW_-POSTR_CREATEMULTIPLE03><IDOC BEGIN='1'><EDI_DC40><DOCNUM>1</DOCNUM></EDI_DC40>"
        f"<_-POSDW_-E1POSTR_CREATEMULTIP SEGMENT='1'>{segments}</_-POSDW_-E1POSTR_CREATEMULTIP>"
        "</IDOC></_-POSDW_-POSTR_CREATEMULTIPLE03>"
    )


def fields(row: dict[str, object], basket: Basket) -> str:
    turned = basket.returned and bool(basket.total)
    signed = {name: f"{one}-" if turned and name.endswith("AMOUNT") else one
              for name, one in row.items()}  # fmt: skip
    return "".join(f"<{name}>{escape(str(one))}</{name}>" for name, one in signed.items())


def tables(basket: Basket) -> Tables:
    key: dict[str, object] = {
        "RETAILSTOREID": "0747",
        "BUSINESSDAYDATE": "20260314",
        "TRANSACTIONTYPECODE": "1002" if basket.returned else "1001",
        "WORKSTATIONID": "7",
        "TRANSACTIONSEQUENCENUMBER": str(basket.number),
    }
    numbered = [(key | {"RETAILSEQUENCENUMBER": number}, item)
                for number, item in enumerate(basket.items, 1)]  # fmt: skip
    return {
        "TRANSACTION": [key | {"ENDDATETIMESTAMP": "20260314103000",
                               "TRANSACTIONCURRENCY_ISO": basket.currency}],
        "LINEITEMTAX": [
            line | {"TAXTYPECODE": "MWST", "TAXAMOUNT": basket.major(item.tax)}
            for line, item in numbered
        ],
        "LINEITEMDISCOUNT": [
            line | {"REDUCTIONAMOUNT": basket.major(item.discount)} for line, item in numbered
        ],
        "RETAILLINEITEM": [
            line
            | {"RETAILTYPECODE": "2001", "ITEMID": item.name, "RETAILQUANTITY": item.quantity}
            | {"SALESAMOUNT": basket.major(item.total)}
            for line, item in numbered
        ],
        "TENDER": [
            key | {"TENDERTYPECODE": CODES[kind], "TENDERAMOUNT": basket.major(amount)}
            for kind, amount in basket.tenders
        ],
    }  # fmt: skip


def nested(basket: Basket) -> str:
    def line(number: int, item: Item) -> dict[str, object]:
        return {
            "RETAILNUMBER": number,
            "RETAILTYPECODE": 2001,
            "ITEMID": number,
            "RETAILQUANTITY": item.quantity,
            "SALESAMOUNT": basket.major(item.total),
            "DISCOUNT": {"REDUCTIONAMOUNT": basket.major(item.discount)},
            "TAX": {"TAXTYPECODE": "MWST", "TAXAMOUNT": basket.major(item.tax)},
        }

    tenders = [
        {"TENDERTYPECODE": CODES[kind], "TENDERAMOUNT": basket.major(amount)}
        for kind, amount in basket.tenders
    ]
    return json.dumps(
        {
            "IT_TRANSACTION": {
                "RETAILSTOREID": "0747",
                "BUSINESSDAYDATE": 20260314,
                "TRANSTYPECODE": 1002 if basket.returned else 1001,
                "WORKSTATIONID": 7,
                "TRANSNUMBER": basket.number,
                "ENDTIMESTAMP": "20260314103000",
                "RETAILLINEITEM": [line(*each) for each in enumerate(basket.items, 1)],
                "TENDER": tenders[0] if len(tenders) == 1 else tenders,
                "EXTENSIONS": [{"FIELDNAME": "BASECURR", "FIELDVALUE": basket.currency}],
            }
        }
    )
