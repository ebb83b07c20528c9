"""What app.py's routes call.  Every function imports it, and only one of them serves the door."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.wiring import serves_door

if TYPE_CHECKING:
    from chalicelib.desk import Declaration
    from chalicelib.exchange import Answer

if serves_door():
    import chalicelib.reception  # noqa: F401 - while it starts it has a whole CPU


def knock(
    what: str, event: Mapping[str, Any], arn: str, rewards: "Declaration", **names: str
) -> "Answer":
    """Answer a call: `what` is a method of a door, `names` are those in the path.

    `arn` is the function's; `chalice local` has none.  `rewards` is what app.py declares.
    """
    from chalicelib.reception import answered  # noqa: PLC0415 - no merchant's function needs it

    return answered(what, event, arn, rewards, **names)
