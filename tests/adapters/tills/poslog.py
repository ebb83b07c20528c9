"""POSLog: a ticket with discounts in its lines, and returns in positive amounts."""

from xml.sax.saxutils import escape

from tests.adapters.baskets import WHEN, Basket, Item

KNOWS = frozenset({"discount", "included", "added", "several", "return", "paid back"})
TENDERS = {"cash": "Cash", "card": "CreditDebit"}


def write(basket: Basket) -> str:
    lines = [_line(basket, *numbered) for numbered in enumerate(basket.items, 1)]
    code = "Refund" if basket.returned else "Sale"
    tenders = [
        f'<LineItem><Tender TenderType="{TENDERS[kind]}" TypeCode="{code}">'
        f"<Amount>{basket.major(amount)}</Amount></Tender></LineItem>"
        for kind, amount in basket.tenders
    ]
    sign = "-" if basket.returned and basket.total else ""
    return f"""<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction>
      <RetailStoreID>1</RetailStoreID><WorkstationID>2</WorkstationID>
      <SequenceNumber>{basket.number}</SequenceNumber><BusinessDayDate>2026-03-14</BusinessDayDate>
      <EndDateTime>{WHEN}</EndDateTime><CurrencyCode>{basket.currency}</CurrencyCode>
      <RetailTransaction>{"".join(lines)}{"".join(tenders)}
        <Total TotalType="TransactionGrandAmount">{sign}{basket.major(basket.total)}</Total>
      </RetailTransaction></Transaction></POSLog>"""


def _line(basket: Basket, number: int, item: Item) -> str:
    kind = "Return" if basket.returned else "Sale"
    included = str(basket.included).lower()
    return f"""<LineItem><SequenceNumber>{number}</SequenceNumber><{kind}>
      <ItemID>A{number}</ItemID><Description>{escape(item.name)}</Description>
      <RegularSalesUnitPrice>{basket.major(item.price)}</RegularSalesUnitPrice>
      <ExtendedAmount>{basket.major(item.total)}</ExtendedAmount>
      <Quantity>{item.quantity}</Quantity>
      <Tax TaxType="VAT"><Amount>{basket.major(item.tax)}</Amount><Percent>{basket.rate}</Percent>
        <TaxableAmount TaxIncludedInTaxableAmountFlag="{included}">{basket.major(item.total)}
        </TaxableAmount></Tax></{kind}></LineItem>"""
