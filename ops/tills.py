"""Made-up tills: what they would send of a sale, in each vendor's format."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_GOODS = (
    "Flat white",
    "Rye bread",
    "Paperback, \u201cWinter\u201d",
    "Apfelstrudel",
    "あんパン",
    "Tote bag",
)


@dataclass(frozen=True)
class Sale:
    """One sale as a till knows it: its number, its amount in cents, and how often it was edited.

    `member` is what the till asked of the customer: an e-mail address, or a loyalty number.
    """

    number: int
    cents: int
    edits: int = 0
    note: str = ""
    member: str = ""

    @property
    def moment(self) -> datetime:
        return _MORNING + timedelta(seconds=13 * self.number + self.edits)

    @property
    def goods(self) -> str:
        return _GOODS[self.number % len(_GOODS)] + (f" ({self.note})" if self.note else "")


def square_payment(sale: Sale, *, status: str = "COMPLETED") -> str:
    """Return the webhook of a payment."""
    money = {"amount": sale.cents, "currency": "GBP"}
    payment = {
        "id": f"PAY{sale.number:09}",
        "status": status,
        "source_type": "CASH",
        "amount_money": money,
        "total_money": money,
        "location_id": "HARBOUR01",
        "note": sale.note,
        "buyer_email_address": f"guest{sale.number}@example.com",
        "created_at": _iso(sale),
        "updated_at": _iso(sale),
    }
    data = {"type": "payment", "id": payment["id"], "object": {"payment": payment}}
    envelope = {"type": "payment.updated", "merchant_id": "somebody-else", "data": data}
    return json.dumps({**envelope, "event_id": f"{sale.number}-{sale.edits}"})


def square_order(sale: Sale, *, state: str = "COMPLETED") -> str:
    """Return an order as RetrieveOrder answers it."""
    money = {"amount": sale.cents, "currency": "JPY"}
    line = {
        "uid": "1",
        "name": sale.goods,
        "quantity": "1",
        "base_price_money": money,
        "total_money": money,
    }
    order = {
        "id": f"ORD{sale.number:09}",
        "location_id": "SAKURA01",
        "state": state,
        "version": 1 + sale.edits,
        "line_items": [line],
        "total_money": money,
        "created_at": _iso(sale),
        "updated_at": _iso(sale),
        "closed_at": _iso(sale),
    }
    return json.dumps({"order": order})


def shopify_order(sale: Sale, *, status: str = "paid") -> str:
    """Return the body of an orders/updated webhook."""
    amount = f"{sale.cents / 100:.2f}"
    line = {"id": sale.number, "title": sale.goods, "quantity": 1, "price": amount}
    order = {
        "id": 9_007_199_254_740_993 + sale.number,  # beyond what a double can hold
        "name": f"#{1000 + sale.number}",
        "currency": "USD",
        "financial_status": status,
        "taxes_included": False,
        "line_items": [line | {"total_discount": "0.00", "tax_lines": []}],
        "subtotal_price": amount,
        "total_price": amount,
        "total_tax": "0.00",
        "note": sale.note,
        "source_name": "pos",
        "created_at": _iso(sale),
        "processed_at": _iso(sale),
        "updated_at": _iso(sale),
    }
    return json.dumps(order | ({"email": sale.member} if sale.member else {}))


def shopify_refund(sale: Sale, cents: int) -> str:
    """Return the body of a refunds/create webhook: goods where all is paid back, else money."""
    amount = f"{cents / 100:.2f}"
    goods = {"id": sale.number, "title": sale.goods, "quantity": 1, "price": amount}
    line = {"id": sale.number, "line_item_id": sale.number, "quantity": 1, "subtotal": amount}
    paid = {"id": sale.number, "kind": "refund", "status": "success", "gateway": "cash"}
    refund = {
        "id": sale.number,
        "order_id": 9_007_199_254_740_993 + sale.number,
        "created_at": _iso(sale),
        "processed_at": _iso(sale),
        "refund_line_items": [line | {"total_tax": "0.00", "line_item": goods | {"tax_lines": []}}]
        if cents == sale.cents
        else [],
        "transactions": [paid | {"amount": amount, "currency": "USD"}],
    }
    return json.dumps(refund)


def poslog_transaction(sale: Sale, *, training: bool = False) -> str:
    """Return one POSLog transaction, in local time without an offset."""
    amount = f"{sale.cents / 100:.2f}"
    local = f"{sale.moment:%Y-%m-%dT%H:%M:%S}"
    flag = ' TrainingModeFlag="true"' if training else ""
    loyalty = _LOYALTY.format(sale.member) if sale.member else ""
    return _TRANSACTION.format(flag=flag, sale=sale, local=local, amount=amount, loyalty=loyalty)


_LOYALTY = """<LoyaltyAccount><LoyaltyProgram><LoyaltyAccountID>{}</LoyaltyAccountID>
  </LoyaltyProgram></LoyaltyAccount>"""
_TRANSACTION = """<Transaction{flag}>
 <RetailStoreID>0031</RetailStoreID><WorkstationID>07</WorkstationID>
 <SequenceNumber>{sale.number:06}</SequenceNumber><BusinessDayDate>2026-11-23</BusinessDayDate>
 <BeginDateTime>{local}</BeginDateTime><EndDateTime>{local}</EndDateTime>
 <CurrencyCode>EUR</CurrencyCode>
 <RetailTransaction>{loyalty}
  <LineItem><SequenceNumber>1</SequenceNumber><Sale>
   <ItemID>4006381333931</ItemID><Description>{sale.goods}</Description>
   <Quantity>1</Quantity><ExtendedAmount>{amount}</ExtendedAmount>
  </Sale></LineItem>
  <LineItem><SequenceNumber>2</SequenceNumber>
   <Tender TenderType="Cash"><Amount>{amount}</Amount></Tender></LineItem>
  <Total TotalType="TransactionGrandAmount">{amount}</Total>
 </RetailTransaction>
</Transaction>"""


def poslog(*transactions: str) -> str:
    """Return a POSLog file."""
    namespace = "http://www.nrf-arts.org/IXRetail/namespace/"
    return f'<POSLog xmlns="{namespace}">{"".join(transactions)}</POSLog>'


def _iso(sale: Sale) -> str:
    return f"{sale.moment:%Y-%m-%dT%H:%M:%S}.000Z"


@dataclass(frozen=True)
class Till:
    """How a merchant's till writes a sale, one that isn't final, and the id that comes of it."""

    write: Callable[[Sale], str]
    write_open: Callable[[Sale], str]
    identify: Callable[[Sale], str]
    edits: bool = True
    #: How it asks who buys, by a number; empty where it doesn't.
    asks: str = ""
    write_refund: Callable[[Sale, int], str] | None = None
    identify_refund: Callable[[Sale], str] = str
    #: Whether it writes the stores' time, without an offset.
    local: bool = False

    def there(self, moment: datetime, zone: str) -> datetime:
        """Return a sale's moment in the stores' time."""
        return moment if self.local else moment.astimezone(ZoneInfo(zone))


TILLS = {
    "harbour-coffee": Till(
        square_payment,
        lambda sale: square_payment(sale, status="APPROVED"),
        lambda sale: f"payment:PAY{sale.number:09}",
    ),
    "sakura-bakery": Till(
        square_order,
        lambda sale: square_order(sale, state="OPEN"),
        lambda sale: f"order:ORD{sale.number:09}",
    ),
    "elm-street-books": Till(
        shopify_order,
        lambda sale: shopify_order(sale, status="pending"),
        lambda sale: f"order:{9_007_199_254_740_993 + sale.number}",
        asks="reader{}@example.com",
        write_refund=shopify_refund,
        identify_refund=lambda sale: f"refund:{sale.number}",
    ),
    "night-market": Till(
        shopify_order,
        lambda sale: shopify_order(sale, status="pending"),
        lambda sale: f"order:{9_007_199_254_740_993 + sale.number}",
    ),
    "nordmarkt": Till(
        lambda sale: poslog(poslog_transaction(sale)),
        lambda sale: poslog(poslog_transaction(sale, training=True)),
        lambda sale: f"0031/07/{sale.number:06}/2026-11-23",
        edits=False,
        asks="NM{:05}",
        local=True,
    ),
}
