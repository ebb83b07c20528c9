"""SAP's oddities: codes of the retailer's own, lists that are none, tables, no total, no zone."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import sap_posdm
from chalicelib.errors import Code, Misconfigured, Rejected
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from chalicelib.sap_posdm.codes import Codes
from chalicelib.sap_posdm.fields import flagged, signed
from tests.adapters import contract

HERE = Path(__file__).parent / "sap_posdm"
SALE = "sale-with-discounts-already-in-its-lines"


def payload(name: str = SALE, **changed: Any) -> Any:
    body = json.loads((HERE / f"{name}.json").read_text())
    found: dict[str, Any] = body["IT_TRANSACTION"]
    return found | changed


def outcome(body: Any, adapt: Any = None) -> Outcome:
    adapt = adapt or contract.adapter("sap_posdm")
    [found] = read(json.dumps(body), Merchant("quay-store", adapt, timezone="Europe/Berlin"))
    return found


def transaction(body: Any, adapt: Any = None) -> Transaction:
    found = outcome(body, adapt)
    assert isinstance(found, Transaction), found
    return found


def test_one_of_something_needs_no_list() -> None:
    listed = payload()
    one = payload("sale-of-one-line-without-lists")
    assert isinstance(listed["RETAILLINEITEM"], list)
    assert isinstance(one["RETAILLINEITEM"], dict)
    wrapped = one | {"RETAILLINEITEM": [one["RETAILLINEITEM"]], "TENDER": [one["TENDER"]]}
    assert transaction(wrapped) == transaction(one)


def test_an_envelope_may_be_left_out() -> None:
    assert transaction({"IT_TRANSACTION": payload()}) == transaction(payload())


@pytest.mark.parametrize(("field", "code"), [("TRANSTYPECODE", 1005), ("RETAILTYPECODE", "2002")])
def test_a_code_that_nobody_declared_is_refused_with_its_remedy(field: str, code: Any) -> None:
    body = payload()
    target = body if field == "TRANSTYPECODE" else body["RETAILLINEITEM"][0]
    target[field] = code
    found = outcome(body)
    assert isinstance(found, Rejected)
    assert found.code == Code.UNKNOWN_VALUE
    assert found.reason == f"{field}: declare what it means in Codes"


def test_a_retailer_declares_its_own_codes() -> None:
    codes = Codes({"4711": "return"}, {"99": "gift_card"}, {"CASH": "cash"})
    body = payload("sale-of-one-line-without-lists", TRANSTYPECODE="4711")
    body["RETAILLINEITEM"]["RETAILTYPECODE"] = 99
    body["TENDER"]["TENDERTYPECODE"] = "CASH"
    found = transaction(body, sap_posdm.adapter(codes))
    assert (found.kind, found.total) == ("return", -900)
    assert (found.lines[0].kind, found.tenders[0].type) == ("gift_card", "cash")


@pytest.mark.parametrize("wrong", [{"transactions": {"1": "sold"}}, {"lines": {"1": "thing"}},
                                   {"tenders": {"1": "shells"}}])  # fmt: skip
def test_a_wrong_meaning_says_what_may_stand_there(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="1 must stand for one of"):
        Codes(**wrong)


def test_without_codes_it_reads_what_sap_delivers() -> None:
    found = transaction(payload(), sap_posdm.adapt)
    assert found.total == 2378
    assert found.discrepancies == ("unknown_tender_type",)
    refused = outcome(payload("return-in-positive-amounts"), sap_posdm.adapt)
    assert isinstance(refused, Rejected)


def test_points_are_no_goods_even_under_the_code_of_goods() -> None:
    sale = transaction(payload("points-that-are-told-as-a-line"))
    assert [line.total for line in sale.lines] == [500]


def test_a_negative_line_in_a_sale_came_back() -> None:
    body = payload()
    body["RETAILLINEITEM"][2]["SALESAMOUNT"] = -3.41
    body["TENDER"]["TENDERAMOUNT"] = 16.96
    found = transaction(body)
    assert (found.kind, found.total, found.discrepancies) == ("exchange", 1696, ())
    assert found.lines[2].quantity == "-1"


def test_a_post_void_takes_away_what_its_victim_brought() -> None:
    void = transaction(payload("post-void-of-a-sale"))
    sale = transaction(payload())
    assert void.original == sale.id
    assert void.kind == "void"
    assert void.total < 0


def test_a_loyalty_card_and_a_store_keep_their_zeros_as_text() -> None:
    body = payload(RETAILSTOREID="0747")
    body["LOYALTY"]["CUSTCARDNUMBER"] = "0000000046216381"
    found = transaction(body)
    assert found.id.startswith("0747/")
    assert found.customer
    assert found.customer.loyalty_id == "0000000046216381"


def test_neither_the_cashier_nor_a_cards_digits_get_out() -> None:
    told = transaction(payload()).model_dump_json()
    assert "40139" not in told
    assert "400000" not in told


FLAT = "sales-in-flat-tables"


def flat() -> Any:
    return json.loads((HERE / f"{FLAT}.json").read_text())


def found_in(body: str) -> list[Outcome]:
    merchant = Merchant("quay-store", contract.adapter("sap_posdm"), timezone="Europe/Berlin")
    return read(body, merchant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("12.50-", "-12.50"), (" 12.50- ", "-12.50"), ("-12.50", "-12.50"), (12, 12), (None, None),
     ("-1-", "--1"), ("1,5-", "-1,5"), ("-", "-")],
)  # fmt: skip
def test_a_sign_behind_a_number_is_put_in_front(written: Any, meant: Any) -> None:
    assert signed(written) == meant


@pytest.mark.parametrize("amount", ["6.40--", "-6.40-", "6,40", "1.006,40", "-", "6.4 0-"])
def test_an_amount_that_is_no_number_is_refused(amount: str) -> None:
    body = flat()
    body["RETAILLINEITEM"][0]["SALESAMOUNT"] = amount
    refused, good = found_in(json.dumps(body))
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.position) == (Code.BAD_MONEY, 1)
    assert isinstance(good, Transaction)


@pytest.mark.parametrize(("told", "meant"), [("X", True), ("x", True), (1, True), (True, True),
    ("", False), (" ", False), ("0", False), (None, False), ("false", False)])  # fmt: skip
def test_a_flag_is_set_by_what_stands_in_it(told: Any, meant: bool) -> None:
    assert flagged({"TRAININGFLAG": told}, "TRAININGFLAG") is meant


@pytest.mark.parametrize("field", ["BUSINESSDAYDATE", "ENDDATETIMESTAMP"])
def test_a_date_of_zeros_is_none(field: str) -> None:
    body = json.dumps(flat())
    if field == "ENDDATETIMESTAMP":
        body = body.replace("20260314101500", "0" * 14).replace("20260314101730", "0" * 14)
    else:
        body = body.replace('"20260314"', '"00000000"')
    assert {one.code for one in found_in(body) if isinstance(one, Rejected)} == {Code.BAD_TIME}


@pytest.mark.parametrize("around", [1, 3])
def test_tables_may_stand_in_envelopes(around: int) -> None:
    body = flat()
    for _ in range(around):
        body = {"soap": "x", "body": body}
    assert found_in(json.dumps(body)) == found_in(json.dumps(flat()))


def test_tables_that_stand_too_deep_are_refused() -> None:
    body = flat()
    for _ in range(9):
        body = {"body": [body]}
    [refused] = found_in(json.dumps(body))
    assert isinstance(refused, Rejected)
    assert refused.code == Code.UNKNOWN_EVENT


def test_a_transaction_in_two_sets_of_tables_is_the_same_twice() -> None:
    first, second, *again = found_in(json.dumps({"sets": [flat(), flat()]}))
    assert again == [first, second]


def test_a_table_may_be_told_in_two_parts_and_in_any_order() -> None:
    body = dict(reversed(flat().items()))
    body["_-POSDW_-E1BPTENDER"] = body["TENDER"][1:]
    body["TENDER"] = {"item": body["TENDER"][:1]}
    whole = found_in(json.dumps(flat()))
    assert [one.total for one in found_in(json.dumps(body)) if isinstance(one, Transaction)] == [
        one.total for one in whole if isinstance(one, Transaction)
    ]


@pytest.mark.parametrize("field", ["RETAILSTOREID", "BUSINESSDAYDATE", "TRANSACTIONTYPECODE",
                                   "WORKSTATIONID", "TRANSACTIONSEQUENCENUMBER"])  # fmt: skip
@pytest.mark.parametrize("table", ["RETAILLINEITEM", "LINEITEMDISCOUNT", "LINEITEMTAX", "TENDER"])
def test_a_row_of_another_transaction_is_told_of(table: str, field: str) -> None:
    body = flat()
    body[table][0][field] = "9999"
    told = [one for one in found_in(json.dumps(body)) if isinstance(one, Rejected)]
    assert f"{table}: a row whose transaction isn't there" in [one.reason for one in told]


def test_no_customers_details_get_out() -> None:
    assert "Example" not in "".join(
        one.model_dump_json()
        for one in found_in(json.dumps(flat()))
        if isinstance(one, Transaction)
    )


#: Segments whose names aren't those of their tables.
CUT = {"TRANSACTIONDISCOUNT": "TRANSACTIONDISCO", "TRANSACTIONEXT": "TRANSACTEXTENSIO",
       "TRANSACTIONLOYALTY": "TRANSACTIONLOYAL"}  # fmt: skip


def whole() -> Any:
    """Return tables with a row in every one that is read of one sale."""
    body = {table: [rows[0]] for table, rows in flat().items() if rows}
    [key] = body["TRANSACTIONEXT"]
    body["RETAILLINEITEM"][0] |= {"SALESAMOUNT": "9.00"}
    body["TRANSACTIONEXT"] = [key | {"FIELDNAME": "BASECURR", "FIELDVALUE": "CHF"}]
    body["TRANSACTIONDISCOUNT"] = [key | {"REDUCTIONAMOUNT": "2.00"}]
    body["TRANSACTIONTAX"] = [key | {"TAXTYPECODE": "ECO", "TAXAMOUNT": "0.04"}]
    body["TRANSACTIONLOYALTY"] = [key | {"CUSTOMERCARDNUMBER": "0007310042"}]
    body["LINEITEMTAX"][0] |= key | {"RETAILSEQUENCENUMBER": "1"}
    body["TENDER"] = [key | {"TENDERTYPECODE": "ZT01", "TENDERAMOUNT": "7.00"}]
    return body


def as_xml(name: str, value: Any, space: str = "") -> str:
    if isinstance(value, list):
        return "".join(as_xml(name, one) for one in value)
    inner = "".join(as_xml(*field) for field in value.items()) if isinstance(value, dict) else value
    return f"<{name}{space}>{inner}</{name}>"


def test_every_table_is_read_whatever_it_is_called() -> None:
    [sale] = found_in(json.dumps(whole()))
    assert isinstance(sale, Transaction)
    assert (sale.total, sale.currency, sale.discrepancies) == (700, "CHF", ())
    assert [one.amount for one in sale.discounts] == [200]
    assert sorted((str(one.name), one.amount) for one in sale.taxes) == [("ECO", 4), ("MWST", 51)]
    assert sale.customer
    named = {f"E1BP{CUT.get(table, table)}": rows for table, rows in whole().items()}
    for prefix in ("_-POSDW_-", "/POSDW/", ""):
        body = {prefix + name: rows for name, rows in named.items()}
        assert found_in(json.dumps(body)) == [sale]
        if "/" not in prefix:
            assert found_in(as_xml("IDOC", body, ' xmlns="urn:sap-com:document"')) == [sale]


@pytest.mark.parametrize("bare", [payload(), [payload(), payload()]])
def test_transactions_may_stand_in_an_envelope_of_another_name(bare: Any) -> None:
    many = bare if isinstance(bare, list) else [bare]
    assert found_in(json.dumps({"records": bare})) == found_in(json.dumps(many))


def test_a_transaction_in_a_table_may_hold_its_lines_itself() -> None:
    assert found_in(json.dumps({"TRANSACTION": [payload()]})) == found_in(json.dumps(payload()))
    body = {"TRANSACTION": payload(), "TENDER": payload()["TENDER"] | {
        name: payload()[name] for name in ("RETAILSTOREID", "BUSINESSDAYDATE", "TRANSTYPECODE",
                                           "WORKSTATIONID", "TRANSNUMBER")}}  # fmt: skip
    [paid_twice] = found_in(json.dumps(body))
    assert isinstance(paid_twice, Transaction)
    assert len(paid_twice.tenders) == len(transaction(payload()).tenders) + 1


def test_a_transaction_that_says_itself_that_it_is_training_is_ignored() -> None:
    assert str(outcome(payload(TRAININGFLAG="X"))) == "training transaction"


@pytest.mark.parametrize("changed", [
    {"TRANSTYPECODE": 1001}, {"POSTVOIDDETAILS": None}, {"POSTVOIDDETAILS": {}}])  # fmt: skip
def test_nothing_but_a_post_void_may_come_without_amounts(changed: Any) -> None:
    bare = payload("post-void-of-a-sale", RETAILLINEITEM=[], TENDER=None)
    void = transaction(bare)
    sale = transaction(payload())
    assert (void.total, void.lines, void.kind) == (0, (), "void")
    assert (void.id, void.original, void.revision) == (sale.id, sale.id, sale.revision + 1)
    refused = outcome(bare | changed)
    assert isinstance(refused, Rejected)
    assert refused.code == Code.BAD_SHAPE
