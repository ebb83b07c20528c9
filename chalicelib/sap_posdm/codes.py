"""What a retailer's own codes mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from chalicelib import model
from chalicelib.errors import Misconfigured

_TRANSACTIONS = ("sale", "return", "void", "training", "control")
_LINES = ("return", "loyalty", *get_args(model.LineKind))


@dataclass(frozen=True)
class Codes:
    """What the retailer's own codes mean.

    `transactions`: sale, return, void (a post-void), training or control (nothing was sold).
    `lines`: return, loyalty (points, no goods), or one of our kinds of line, such as gift_card.
    `tenders`: our types of tender.
    """

    transactions: Mapping[str, str] = field(default_factory=lambda: {"1001": "sale"}, hash=False)
    lines: Mapping[str, str] = field(default_factory=lambda: {"2001": "item"}, hash=False)
    tenders: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, allowed in (("transactions", _TRANSACTIONS), ("lines", _LINES),
                              ("tenders", get_args(model.TenderType))):  # fmt: skip
            for code, meaning in getattr(self, name).items():
                if meaning not in allowed:
                    remedy = f"{name}: {code} must stand for one of {', '.join(allowed)}"
                    raise Misconfigured(remedy)
