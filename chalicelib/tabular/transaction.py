"""The rows of one transaction become that transaction."""

import re
from typing import Any

from chalicelib import model, times
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.mapping import FINAL, VOIDED, Mapping
from chalicelib.tabular import cells
from chalicelib.tabular.figures import figures
from chalicelib.tabular.reading import Reading
from chalicelib.tabular.rows import Group

_VERSION = re.compile(r"\d{1,15}", re.ASCII)


def transaction(
    group: Group, vendor: str, mapping: Mapping, merchant: model.Merchant
) -> model.Transaction:
    """Return the one transaction that the group's rows tell of."""
    reading = Reading(group, mapping, merchant)
    if (status := reading.status()) not in (FINAL, VOIDED):
        raise Ignored(f"{status} transaction")
    if not (identity := reading.joined(mapping.key)):
        raise Rejected(Code.MISSING_ID, "the transaction has no id")
    zone, day = reading.zone(), reading.one("business_date")
    found: dict[str, Any] = {"kind": "void", "original": identity, "total": 0}
    if status == FINAL:
        found = {"original": reading.joined(mapping.origin) or None, **figures(reading)}
    return model.Transaction(
        merchant=merchant.id, vendor=vendor, id=identity, revision=_revision(reading, zone),
        occurred_at=_occurred_at(reading, zone),
        business_date=times.day(day) if day is not None else None,
        store_id=reading.id("store"), register_id=reading.id("register"),
        receipt_number=reading.id("receipt"), channel=reading.text("channel"),
        currency=reading.currency, exponent=reading.exponent, customer=_customer(reading),
        **found, discrepancies=tuple(reading.named),
    )  # fmt: skip


def _occurred_at(reading: Reading, zone: str | None) -> str:
    day, hour = reading.one("date"), reading.one("time")
    if day is None:
        raise Rejected(Code.BAD_TIME, "the transaction has no date")
    if hour is not None:
        day = f"{cells.text(day, 'date')} {cells.text(hour, 'time')}"
    return cells.instant(day, reading.mapping, zone)


def _revision(reading: Reading, zone: str | None) -> int:
    value = reading.one("revision")
    if value is None:
        return 0
    if _VERSION.fullmatch(str(value)):
        return int(value)
    return times.epoch_ms(cells.instant(value, reading.mapping, zone))


def _customer(reading: Reading) -> model.Customer | None:
    found = {
        "id": reading.id("customer"),
        "loyalty_id": reading.id("loyalty"),
        "email": reading.text("email"),
        "phone": reading.text("phone"),
    }
    return model.Customer(**found) if any(found.values()) else None
