"""What our own proxy is told to do to which calls."""

import threading
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

from aiohttp import web


class Act(Enum):
    """What is done to a call."""

    REFUSE = auto()  # single entries, inside a 200
    APPLY_THEN_500 = auto()
    HOLD = auto()
    KILL_BEFORE = auto()
    KILL_AFTER = auto()


KILLS = {Act.KILL_BEFORE, Act.KILL_AFTER}


@dataclass
class Call:
    """One call of a function's, on its way."""

    operation: str
    request: web.Request
    body: bytes

    @property
    def text(self) -> bytes:
        return unquote_to_bytes(self.body)


@dataclass
class Rule:
    """Do `act` to an operation's calls that mention `about`, the first `times` of them."""

    operation: str
    act: Act
    about: str
    times: int = 1
    places: tuple[int, ...] = ()
    code: str = "InternalError"
    fired: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def meets(self, call: Call) -> bool:
        return self.operation == call.operation and self.about.encode() in call.text
