"""Where producers of POSLog disagree, and what must hold whatever they write."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.adapters import poslog
from chalicelib.errors import Ignored
from chalicelib.model import Merchant, Outcome, Transaction
from chalicelib.reading import read
from tests.adapters import contract

HEADER = """<RetailStoreID>0031</RetailStoreID><WorkstationID>7</WorkstationID>
<SequenceNumber>0099</SequenceNumber><BusinessDayDate>2026-03-14</BusinessDayDate>
<EndDateTime>2026-03-14T10:00:00Z</EndDateTime><CurrencyCode>EUR</CurrencyCode>"""
PAID = '<LineItem><Tender TenderType="Cash"><Amount>{}</Amount></Tender></LineItem>'
TOTAL = '<Total TotalType="TransactionGrandAmount">{}</Total>'
VOIDED = """<TransactionLink ReasonCode="Voided"><SequenceNumber>0099</SequenceNumber>
</TransactionLink>"""


def sold(body: str, header: str = HEADER, flags: str = "", status: str = "") -> Outcome:
    text = f"<Transaction {flags}>{header}<RetailTransaction {status}>{body}</RetailTransaction>"
    [found] = read(f"{text}</Transaction>", Merchant(id="harbour-coffee", adapt=poslog.adapt))
    return found


def line(amount: str, quantity: str = "1", name: str = "Sale", item_type: str = "Stock") -> str:
    return (
        f'<LineItem><{name} ItemType="{item_type}"><ItemID>A</ItemID><ExtendedAmount>{amount}'
        f"</ExtendedAmount><Quantity>{quantity}</Quantity></{name}></LineItem>"
    )


def ticket(*lines: str, total: str) -> str:
    return "".join(lines) + PAID.format(total) + TOTAL.format(total)


def amounts(found: Transaction) -> Iterator[int]:
    yield from (found.total, found.subtotal or 0, found.tip, found.rounding)
    for part in (*found.lines, *found.discounts, *found.taxes, *found.tenders):
        told = part.model_dump()
        yield from (told.get(name) or 0 for name in ("total", "amount", "discount", "change"))
    yield from (line.tax or 0 for line in found.lines)


def sales_of(name: str) -> list[Transaction]:
    [path] = [one for one in contract.payloads("poslog") if one.stem == name]
    found = contract.found("poslog", path)
    return [outcome for outcome in found if isinstance(outcome, Transaction)]


@pytest.mark.parametrize(
    "body",
    [
        ticket(line("75.00"), total="75.00"),
        ticket(line("60.00", name="Return"), total="60.00"),
        ticket(line("60.00", name="Return"), line("75.00"), total="15.00"),
        ticket(line("75.00", name="Return"), line("60.00"), total="15.00"),
        ticket(line("75.00"), line("-2.00", item_type="NegativeItem"), total="73.00"),
        ticket(line("50.00"), "<LineItem><Tip><Amount>5.00</Amount></Tip></LineItem>", total="55"),
    ],
)
def test_a_sale_and_the_void_that_copies_it_cancel_out(body: str) -> None:
    victim, void = sold(body), sold(VOIDED + body, HEADER.replace("0099", "0100"))
    assert isinstance(victim, Transaction)
    assert isinstance(void, Transaction)
    assert (void.kind, void.original) == ("void", victim.id)
    assert victim.discrepancies == ()
    assert [-amount for amount in amounts(void)] == list(amounts(victim))
    assert [f"-{one.quantity}".removeprefix("--") for one in void.lines] == [
        one.quantity for one in victim.lines
    ]


def test_a_void_written_in_negative_amounts_stays_negative() -> None:
    mirrored = sold(VOIDED + ticket(line("-75.00", "-1"), total="-75.00"))
    assert isinstance(mirrored, Transaction)
    assert (mirrored.kind, mirrored.total) == ("void", -7500)


def test_an_empty_bottle_makes_no_exchange_of_a_sale() -> None:
    bottle = line("-2.00", item_type="acs:NegativeItem")
    found = sold(ticket(line("9.00"), bottle, total="7.00"))
    assert isinstance(found, Transaction)
    assert (found.kind, found.lines[1].quantity, found.lines[1].total) == ("sale", "-1", -200)


def test_goods_at_a_negative_amount_beside_others_make_an_exchange() -> None:
    found = sold(ticket(line("9.00"), line("-2.00"), total="7.00"))
    assert isinstance(found, Transaction)
    assert found.kind == "exchange"


def test_the_organisation_is_no_part_of_the_id_for_links_leave_it_out() -> None:
    body = ticket(line("9.00"), total="9.00")
    told = sold(body, '<OrganizationHierarchy Level="Corporation" ID="01"/>' + HEADER)
    untold = sold(body)
    assert isinstance(told, Transaction)
    assert isinstance(untold, Transaction)
    assert told.id == untold.id == "0031/7/0099/2026-03-14"


def test_the_same_number_on_the_next_day_is_another_sale() -> None:
    body = ticket(line("9.00"), total="9.00")
    today, tomorrow = sold(body), sold(body, HEADER.replace("2026-03-14<", "2026-03-15<"))
    assert isinstance(today, Transaction)
    assert isinstance(tomorrow, Transaction)
    assert today.key != tomorrow.key


def test_untendered_is_suspended_unless_the_till_says_that_it_is_finished() -> None:
    body = line("9.00") + TOTAL.format("9.00")
    assert isinstance(sold(body), Ignored)
    assert isinstance(sold(body, status='TransactionStatus="Finished"'), Transaction)


def test_the_time_of_the_export_is_not_the_time_of_the_sale() -> None:
    exported = '<POSLogDateTime TypeCode="{}">2026-{}T10:00:00Z</POSLogDateTime>'
    times = exported.format("Message", "12-27") + exported.format("Transaction", "03-14")
    header = HEADER.replace("<EndDateTime>2026-03-14T10:00:00Z</EndDateTime>", times)
    found = sold(ticket(line("9.00"), total="9.00"), header)
    assert isinstance(found, Transaction)
    assert found.occurred_at == "2026-03-14T10:00:00+00:00"


def test_a_return_resumed_after_a_break_is_not_given_back_from_its_own_beginning() -> None:
    begun = VOIDED.replace("Voided", "Resume")
    found = sold(begun + ticket(line("9.00", name="Return"), total="9.00"))
    assert isinstance(found, Transaction)
    assert (found.kind, found.original) == ("return", None)


def test_cash_rounding_without_a_direction_is_the_one_that_adds_up() -> None:
    rounding = '<Total TotalType="TransactionRoundingAmount">0.02</Total>'
    down = sold(ticket(line("9.02"), total="9.00") + rounding)
    up = sold(ticket(line("8.98"), total="9.00") + rounding)
    assert isinstance(down, Transaction)
    assert isinstance(up, Transaction)
    assert (down.rounding, down.discrepancies, up.rounding) == (-2, (), 2)


def test_an_extensions_attribute_does_not_hide_the_standards_of_the_same_name() -> None:
    body = ticket(line("9.00"), total="9.00").replace(
        "TotalType=", 'xmlns:x="urn:x" x:TotalType="x:LifeTotal" TotalType='
    )
    found = sold(body)
    assert isinstance(found, Transaction)
    assert (found.total, found.discrepancies) == (900, ())


def test_a_members_phone_number_is_treated_as_one() -> None:
    member = "<LoyaltyMembership><LoyaltyID>0002065550123</LoyaltyID></LoyaltyMembership>"
    text = f"<Transaction>{HEADER}<RetailTransaction><LineItem>{member}</LineItem>"
    text += ticket(line("9.00"), total="9.00") + "</RetailTransaction></Transaction>"
    [found] = poslog.adapt(text, Merchant(id="harbour-coffee", adapt=poslog.adapt))
    assert isinstance(found, Transaction)
    assert found.customer is not None
    assert (found.customer.loyalty_id, found.customer.phone) == (None, "0002065550123")


def test_net_sales_are_a_plain_sum_over_returns_in_every_form() -> None:
    assert [sale.total for sale in sales_of("returns-in-every-form")] == [-3240, -7999, -120, -1071]


def test_a_long_ticket_that_does_not_add_up_is_given_up_on_soon() -> None:
    tax = "<LineItem><Tax><Amount>0.07</Amount></Tax></LineItem>"
    discount = "<LineItem><Discount><Amount>0.05</Amount></Discount></LineItem>"
    began = time.monotonic()
    for count in (4, 500):
        lines = [line("1.00"), tax * count, discount * count]
        found = sold(ticket(*lines, total="99.00"))
        assert isinstance(found, Transaction)
        assert "total_does_not_add_up" in found.discrepancies
    assert time.monotonic() - began < 2
