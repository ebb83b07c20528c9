"""What a POSLog transaction sold and took back."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple
from xml.etree.ElementTree import Element

from chalicelib import model, money
from chalicelib.poslog.elements import Till, flagged, present, text, word

#: What sells and what takes back.  A sale may be a return yet, if a number of it is negative.
SIGNS = {
    "Sale": 1, "SaleForDelivery": 1, "SaleForPickup": 1, "SaleForPickUp": 1,
    "StoredValueFundSale": 1, "PaymentOnAccount": 1, "Return": -1, "ReturnForDelivery": -1,
    "ReturnForPickup": -1, "Payout": -1,
}  # fmt: skip
KINDS: dict[str, model.LineKind] = {
    "StoredValueFundSale": "gift_card",
    "PaymentOnAccount": "other",
    "Payout": "other",
}
ITEM_TYPES = {
    "": "item", "Stock": "item", "Item": "item", "ITEM_SALE": "item", "0": "item",
    "Alteration": "item", "Warranty": "item", "Service": "fee", "Fee": "fee",
    "Deposit": "deposit", "DepositRefund": "deposit", "Donation": "donation",
    "Shipping": "shipping", "Delivery": "shipping",
    "GiftCertificate": "gift_card", "GiftCard": "gift_card", "StoredValue": "gift_card",
    "VOUCHER_SALE": "gift_card", "NegativeItem": "other", "NonMerchandise": "other",
}  # fmt: skip
#: What one costs: ARTS's names, and those of tills in Latin America and of Kroger.
PRICES = (
    "ActualSalesUnitPrice", "RegularSalesUnitPrice", "ActualUnitPrice", "RegularSaleUnitPrice",
    "UnitRetailPrice",
)  # fmt: skip
#: What an empty bottle comes back as.
EMPTIES = ("NegativeItem", "DepositRefund")

_BARCODES = re.compile("GTIN|EAN|UPC")
_GTIN = re.compile("[0-9]{8}|[0-9]{12,14}")
_NUMBER = re.compile("[0-9]{1,9}")


class Entry(NamedTuple):
    """A line item and what it is about.  `undoes`: it takes back an earlier one of the ticket."""

    item: Element
    body: Element
    undoes: bool


def entries(retail: Element) -> Iterator[Entry]:
    """Yield the line items, without those that were voided on the spot.

    Other tills leave those unmarked and add another one, marked, which counts then.
    """
    items = retail.findall("LineItem")
    voided = {item for item in items if flagged(item, "VoidFlag", "CancelFlag", "DeleteFlag")}
    standing = {text(item, "SequenceNumber"): item for item in items if item not in voided}
    for item in items:
        for body in item:
            if item not in voided or _takes_back(body, standing):
                yield Entry(item, body, item in voided)


def _takes_back(body: Element, standing: dict[str | None, Element]) -> bool:
    """Tell a voided line that counts: it is negative, or names the unmarked one of its item."""
    numbers = (text(body, name) for name in ("ExtendedAmount", "Quantity", "Amount"))
    if any(number and number.startswith("-") for number in numbers):
        return True
    link, number = text(body, "ItemLink"), text(body, "ItemID")
    undone = standing.get(link) if link and number else None
    return undone is not None and text(undone, f"{body.tag}/ItemID") == number


class Sold(NamedTuple):
    """What was sold (sign 1) or came back (-1): its numbers are absolute."""

    entry: Entry
    sign: int
    quantity: Decimal
    amount: int
    reduction: int

    @property
    def tells(self) -> bool:
        """Tell whether the whole is a sale or a return by it; by an empty bottle it is neither."""
        return not self.entry.undoes and word(self.entry.body, "@ItemType") not in EMPTIES


def all_undone(goods: list[Sold]) -> bool:
    """Tell whether all that was sold was taken back on the same ticket."""
    left = sum(one.sign * one.quantity for one in goods)
    return not left and any(one.entry.undoes for one in goods)


def sold(till: Till, found: list[Entry]) -> list[Sold]:
    """Return what was sold or came back.  Shipments list lines over again, in an Item."""
    goods = (entry for entry in found if entry.body.tag in SIGNS)
    again = ("Item/Quantity", "Item/ExtendedAmount")
    return [_sold(till, entry) for entry in goods if text(entry.body, *again) is None]


def _sold(till: Till, entry: Entry) -> Sold:
    body, sign, price = entry.body, SIGNS[entry.body.tag], _price(till, entry.body) or 0
    told = [money.decimal(number) for one in body.findall("Quantity")
            if (number := text(one, ".", "@Units"))] or [Decimal(1)]  # fmt: skip
    amount = till.amount(body, "ExtendedAmount")
    if amount is None:
        amount = till.amount(body, "Amount")
    if amount is None:
        amount = money.rounded(told[0] * price)
    # Of 1 piece and 0.127 kg, the one is meant that the price is for.
    quantity = min(told, key=lambda one: abs(abs(one) * price - abs(amount)))
    if entry.undoes:
        sign = -sign
    elif quantity < 0 or amount < 0:
        sign = -1
    return Sold(entry, sign, abs(quantity), abs(amount), _reduction(till, body, abs(quantity)))


def _price(till: Till, body: Element) -> int | None:
    told = (till.amount(body, name) for name in PRICES)
    return next((price for price in told if price is not None), None)


def _reduction(till: Till, body: Element, quantity: Decimal) -> int:
    """Return by how much a line is reduced, whether its amount says so already or not."""
    if told := till.amount(body, "ExtendedDiscountAmount"):
        return abs(told)
    reduction = 0
    for modifier in present(body, "RetailPriceModifier"):
        action, amount = text(modifier, "Amount@Action"), till.amount(modifier, "Amount") or 0
        if action == "Replace":  # by the new price of one
            before = till.amount(modifier, "PreviousPrice")
            reduction += 0 if before is None else int((before - amount) * quantity)
        else:
            reduction += -amount if action == "Add" else amount
    # Where what comes back has a negative price, it is reduced by negative amounts as well.
    return abs(reduction) if (_price(till, body) or 0) < 0 else reduction


def line(till: Till, number: int, one: Sold) -> model.Line:
    """Return the line.  `number` is for tills that count none."""
    body, told = one.entry.body, text(one.entry.item, "SequenceNumber") or ""
    taxes = [till.amount(tax, "Amount") or 0 for tax in present(body, "Tax")]
    kind, price = KINDS.get(body.tag), _price(till, body)
    return model.Line(
        number=int(told) if _NUMBER.fullmatch(told) else number,
        kind=kind or till.known(ITEM_TYPES, word(body, "@ItemType", "LineType"), "item_type"),
        item_id=text(body, "ItemID", "POSIdentity/POSItemID", "Item/ItemNumber"),
        sku=text(body, "Sku"), gtin=_gtin(body),
        description=text(body, "Description", "ItemID@Name", "ItemDesc", "Item/ItemName"),
        category=text(body, "MerchandiseHierarchy"),
        quantity=money.quantity(one.sign * one.quantity),
        unit_price=None if price is None else abs(price),
        discount=one.sign * one.reduction, tax=one.sign * abs(sum(taxes)) if taxes else None,
        total=one.sign * one.amount,
        original_line=text(body, "TransactionLink/LineItemSequenceNumber"),
    )  # fmt: skip


def _gtin(body: Element) -> str | None:
    """Return the code that is said to be a barcode and looks like one."""
    codes = [(text(body, "POSIdentity/POSItemID"), text(body, "POSIdentity@POSIDType")),
             (text(body, "ItemID"), text(body, "ItemID@Type")),
             (text(body, "Item/UPCNumber"), "UPC")]  # fmt: skip
    codes += [(text(one, "."), one.get("Type")) for one in body.findall("SerialNumber")]
    return next((code for code, kind in codes if code and kind and _BARCODES.search(kind)
                 and _GTIN.fullmatch(code)), None)  # fmt: skip
