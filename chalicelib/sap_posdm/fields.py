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
