"""Lines that are void, or that void others.

https://help.sap.com/docs/CARAB (/POSDW/BAPI_POSTR_CREATE, LINEITEMVOID)
"""

from chalicelib.sap_posdm.fields import Record, first, flagged, identifier, many


def voids(row: Record) -> list[Record]:
    """Return what a line says of being void, or of voiding another one."""
    return [one for one in many(row.get("LINEITEMVOID")) if flagged(one, "VOIDFLAG")]


def voided(rows: list[Record]) -> set[str]:
    """Return the numbers of the lines that others void by naming them."""
    named = (first(one, "VOIDEDLINE") for row in rows for one in voids(row))
    return {identifier(one).lstrip("0") for one in named if one is not None}
