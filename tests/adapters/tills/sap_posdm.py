"""Transactions of SAP POSDM, of a retailer who set up codes for returns and voids."""

import json

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


def write(basket: Basket) -> str:
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
