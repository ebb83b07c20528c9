"""ARTS (OMG) POSLog XML 2.x and 6.x: the transactions of a till's log, each by itself.

https://www.omg.org/cgi-bin/doc?retail/2017-07-13 (OMG Retail Domain, formerly NRF ARTS)

A void, and a return that only its type tells, is read as what it copies, then turned round.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from chalicelib import model, money, payload, signatures
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.poslog import amounts, header, lines, state, taxes, tenders
from chalicelib.poslog.elements import Till, strip_namespaces, text
from chalicelib.poslog.lines import Sold
from chalicelib.poslog.tenders import Paid

Part = TypeVar("Part", bound=model.Part)


#: Nobody signs this format in a way of their own.
verify = signatures.verify
#: What comes is one document: it has no records that could come one by one.
WHOLE = True


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read the transactions of a POSLog or of a digital receipt, or a single one."""
    root = payload.xml_root(text)
    strip_namespaces(root)
    found = list(_transactions(root))
    if not found:
        raise Rejected(Code.BAD_SHAPE, "a POSLog with transactions was expected")
    if len(found) > payload.MAX_RECORDS:
        raise Rejected(Code.TOO_MANY, f"there are more than {payload.MAX_RECORDS} transactions")
    return payload.each(found, lambda record: [_transaction(record, merchant)])


def _transactions(element: Element) -> Iterator[Element]:
    """Yield the outermost transactions, whatever they are wrapped in."""
    if element.tag == "Transaction":
        yield element
    else:
        for child in element:
            yield from _transactions(child)


def _transaction(record: Element, merchant: model.Merchant) -> model.Transaction:
    retail = state.retail_of(record)
    said = state.state_of(record, retail)
    key = header.key(record, retail)
    till = Till(header.currency(record, retail, merchant))
    kind, unsigned, figures = _figures(till, record, retail, said)
    transaction = model.Transaction(
        merchant=merchant.id, vendor="poslog", id=model.joined(*key), kind=kind,
        original=header.original(record, retail, key, kind), store_id=key[0], register_id=key[1],
        receipt_number=text(record, "ReceiptNumber") or text(retail, "ReceiptNumber"),
        business_date=header.business_date(record),
        occurred_at=header.occurred_at(record, retail, merchant.timezone),
        currency=till.currency, exponent=till.exponent, **figures,
        customer=header.customer(retail), channel=text(record, "Channel/ChannelID@Description"),
        discrepancies=tuple(till.noted),
    )  # fmt: skip
    return _turned(transaction) if unsigned else transaction


def _figures(
    till: Till, record: Element, retail: Element, said: str
) -> tuple[model.Kind, bool, dict[str, Any]]:
    """Return the kind, whether the amounts are yet to be turned round, and the amounts."""
    found = list(lines.entries(retail))
    goods, paid = lines.sold(till, found), tenders.payments(till, found)
    grand = _grand_total(till, retail, goods, paid)
    if grand and not paid and said != "void" and not state.status_of(record, retail):
        raise Ignored("suspended transaction")  # nothing tendered: it is resumed as another one
    worth = sum(one.sign * one.amount for one in goods) or sum(one.amount for one in paid) or grand
    sign = -1 if worth < 0 else 1
    # Tills write the total of a return or a void with a sign or without: what it is decides.
    total = sign * abs(grand) if said or sign < 0 else grand
    told = amounts.Reading(
        [lines.line(till, number, one) for number, one in enumerate(goods, 1)],
        [], amounts.rounding(till, retail, sign), taxes.taxes(till, retail, found, goods, sign),
    )  # fmt: skip
    tip, rewards = amounts.tips(till, found, sign), amounts.rewards(till, found, sign)
    read = amounts.reconciled(total - tip, told, rewards, amounts.discounts(till, found, sign))
    unused = [reward for reward in rewards if reward not in read.discounts]
    return *_kind(said, goods, sign), {
        "lines": tuple(read.lines), "discounts": tuple(read.discounts), "taxes": tuple(read.taxes),
        "tip": tip, "rounding": read.rounding, "total": total,
        "subtotal": read.subtotal if read.lines else None,
        "tenders": tuple(tenders.settled(paid, total, unused)),
    }  # fmt: skip


def _grand_total(till: Till, retail: Element, goods: list[Sold], paid: list[Paid]) -> int:
    """Return what was paid.  Of all the totals only these mean the same to every producer."""
    grand = amounts.told(till, retail, "TransactionGrandAmount")
    if grand is None:
        till.noted["no_grand_total"] = None
        net = amounts.told(till, retail, "TransactionNetAmount")
        tax = amounts.told(till, retail, "TransactionTaxAmount")
        if net is not None and tax is not None:
            settled = abs(sum(one.amount for one in paid))
            grand = net if abs(net) == settled else net + tax  # some call the whole net
        elif goods and not paid:
            raise Rejected(Code.BAD_SHAPE, "no TransactionGrandAmount, and none can be derived")
        else:
            grand = sum(one.amount for one in paid)
    if not (grand or paid) and (not goods or lines.all_undone(goods)):
        raise Ignored("empty transaction")
    return grand


def _kind(said: str, goods: list[Sold], sign: int) -> tuple[model.Kind, bool]:
    """Return the kind, and whether the amounts are those of the opposite."""
    ways = {one.sign for one in goods if one.tells}
    if said == "void":
        takes_back = any(one.entry.body.tag.startswith("Return") for one in goods)
        return "void", sign > 0 or takes_back
    if ways == {1, -1}:
        return "exchange", False
    unsigned = said == "return" and sign > 0 and -1 not in ways
    return ("return" if unsigned or -1 in (ways or {sign}) else "sale"), unsigned


def _turned(found: model.Transaction) -> model.Transaction:
    """Return the transaction with every amount turned round."""
    back = {
        "lines": tuple(
            _minus(line, "discount", "tax", "total").model_copy(
                update={"quantity": money.quantity(-Decimal(line.quantity))}
            )
            for line in found.lines
        ),
        "discounts": tuple(_minus(one, "amount") for one in found.discounts),
        "taxes": tuple(_minus(one, "amount") for one in found.taxes),
        "tenders": tuple(_minus(one, "amount", "change") for one in found.tenders),
    }
    return _minus(found, "tip", "rounding", "subtotal", "total").model_copy(update=back)


def _minus(part: Part, *names: str) -> Part:
    amounts = {name: getattr(part, name) for name in names}
    return part.model_copy(update={name: -one for name, one in amounts.items() if one})
