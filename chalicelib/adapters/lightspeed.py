"""Lightspeed Retail X-Series (Vend): sales, as sale.update carries them and as the API answers.

https://x-series-api.lightspeedhq.com/docs/webhooks (and /sales_statuses, /sales_returns)

A webhook is a form whose field `payload` holds the sale as JSON.  Prices have no tax in them, up to
five decimals, and are text or numbers as they please; times without an offset are UTC; nothing
names a currency.  A sale counts once it is closed, and a void of it is a later revision.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib import model, payload, signatures
from chalicelib.errors import Code, Rejected
from chalicelib.lightspeed import bodies
from chalicelib.lightspeed.bodies import NOTHING, Record
from chalicelib.lightspeed.lines import goods_of, taxes_of
from chalicelib.lightspeed.payments import split
from chalicelib.lightspeed.reading import Reading

#: What the total has in it beside the lines.  They say that more types may come.
ADJUSTMENTS = {
    "TIP": "tip", "DISCOUNT": "discount",
    **dict.fromkeys(("NON_CASH_FEE", "SURCHARGE"), "service_charge"),
}  # fmt: skip


def adapt(text: str, merchant: model.Merchant) -> Iterator[model.Outcome]:
    """Read sales: a webhook's form, one sale, an array, or an answer of the API."""

    def one(record: Any) -> Iterator[model.Transaction]:
        sale = bodies.sale_of(record)
        void = bodies.is_void(sale)
        reading = Reading(sale, merchant)
        yield reading.void() if void else _sale(reading)

    records = payload.json_records(bodies.unwrapped(text))
    return payload.each(payload.apart(records, bodies.singles), one)


def verify(
    headers: signatures.Headers, body: bytes, _url: str, secrets: Sequence[str], _now: int
) -> bool:
    """Check `signature=<hex>,algorithm=HMAC-SHA256` over the form: the app's client secret.

    https://x-series-api.lightspeedhq.com/docs/webhooks
    """
    parts = dict(part.strip().split("=", 1) for part in headers["x-signature"].split(","))
    known = parts.get("algorithm") == "HMAC-SHA256"
    return signatures.by_hex([parts["signature"]] if known else [], body, secrets)


def _sale(reading: Reading) -> model.Transaction:
    lines, discounts = goods_of(reading)
    extras, off_whole = _adjusted(reading)
    discounts += off_whole
    taxes = taxes_of(reading)
    tenders, rounding, unknown = split([(one, _paid(reading, one)) for one in reading.payments])
    if unknown:
        reading.unknown["unknown_tender_type"] = None
    due = _due(reading, sum(one.amount for one in tenders) - rounding)
    source = reading.sale.get("return_for")
    goods = sum(line.total for line in lines) - sum(one.amount for one in discounts)
    return reading.transaction(
        1, kind=_kind(lines, due), original=str(source).lower() if source else None,
        lines=tuple(lines), discounts=tuple(discounts), taxes=taxes, rounding=rounding,
        subtotal=goods if lines else None, total=due + rounding, tenders=tuple(tenders), **extras,
    )  # fmt: skip


def _adjusted(reading: Reading) -> tuple[dict[str, int], list[model.Discount]]:
    """Return tip and charge, and discounts on the whole: what the total has in it beside the lines.

    https://x-series-api.lightspeedhq.com/changelog/2019-10-adding-adjustments-to-sales
    """
    extras, discounts = {"tip": 0, "service_charge": 0}, list[model.Discount]()
    for told, one in reading.adjustments:
        share = reading.share(reading.exact(one, "value"))
        if told not in ADJUSTMENTS:
            reading.unknown["unknown_adjustment"] = None
        kind = ADJUSTMENTS.get(told, "service_charge")
        if kind == "discount":
            discounts.append(model.Discount(name=one.get("name") or None, amount=-share))
        else:
            extras[kind] += share
    return extras, discounts


def _kind(lines: list[model.Line], total: int) -> str:
    # A line of nothing is one of the sale's that was taken out of its return.
    back = [line.quantity.startswith("-") for line in lines if line.quantity != "0"]
    if any(back):
        return "return" if all(back) else "exchange"
    return "return" if total < 0 else "sale"


def _due(reading: Reading, paid: int) -> int:
    """Return the total: the header may be rounded, or not, and what was paid tells which."""
    if reading.holder("total_price").get("total_price") in NOTHING:
        raise Rejected(Code.BAD_MONEY, "total_price is missing")
    price, tax = reading.header("total_price"), reading.header("total_tax")
    ways = (reading.minor(price + tax), reading.minor(price) + reading.minor(tax))
    return next((due for due in ways if due == paid), ways[0])


def _paid(reading: Reading, one: Record) -> int:
    return reading.minor(reading.exact(one, "amount"))
