"""Fields that are lists or not, under one of several names, as text or as a number."""

from typing import Any

from chalicelib.errors import Code, Rejected

Record = dict[str, Any]
NOTHING: tuple[Any, ...] = (None, "", [], {})


def many(found: Any) -> list[Any]:
    """Return what may be a list, or one thing without the list, or nothing."""
    if found in NOTHING:
        return []
    return found if isinstance(found, list) else [found]


def first(record: Record, *names: str) -> Any:
    """Return what stands under the first of the names that holds anything."""
    return next((record[name] for name in names if record.get(name) not in NOTHING), None)


def identifier(found: Any) -> str:
    """Return an identifier as text: numbers have lost their zeros already, texts keep them."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Rejected(Code.BAD_SHAPE, "an identifier is neither text nor a whole number")
    return str(found).strip()


def line_number(row: Record) -> str:
    """Return a line's number, with zeros in front of it or without."""
    found = first(row, "RETAILSEQUENCENUMBER", "RETAILNUMBER")
    return "" if found is None else identifier(found).lstrip("0")


def signed(found: Any) -> Any:
    """Return a number with its sign in front: SAP writes that behind it, as in 12.50-."""
    if isinstance(found, str) and found.strip().endswith("-"):
        return "-" + found.strip().removesuffix("-")
    return found


def flagged(record: Record, name: str) -> bool:
    """Tell whether a flag is set: mostly to X."""
    return str(record.get(name) or "").strip().upper() not in ("", "0", "FALSE", "N")
