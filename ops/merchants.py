"""Who the merchants are: app.py's own functions are asked, so that nothing is declared twice."""

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

from chalicelib.errors import Misconfigured
from chalicelib.model import Merchant

#: A message that none of the functions gets to see: `relay` is taken away while they are asked.
_QUESTION = {"Records": [{"Sns": {"Message": "", "Subject": "", "MessageAttributes": {}}}]}


@dataclass(frozen=True)
class Declared:
    """A merchant's function: its Chalice name, where its sales come from, and the merchant."""

    function: str
    kind: str
    source: str
    merchant: Merchant
    #: Messages a batch: a topic's function gets one at a time.
    batch_size: int = 1

    @property
    def vendor(self) -> str:
        return self.merchant.adapt.__module__.rpartition(".")[2]


def load(stage: str) -> Any:
    """Import app.py as that stage sees it: its decorators name queues after the stage."""
    os.environ["STAGE"] = stage
    module = sys.modules.get("app")
    return importlib.reload(module) if module else importlib.import_module("app")


def declared(stage: str) -> list[Declared]:
    """Return every merchant function of app.py, by asking each whom it relays for."""
    module = load(stage)
    found = []
    for source in module.app.event_sources:
        with mock.patch.multiple(module, relay=mock.DEFAULT, keep=mock.DEFAULT) as asked:
            module.app.handler_map[source.name](_QUESTION, None)
        relay = asked["relay"]
        if relay.called:
            kind = "sqs" if hasattr(source, "queue") else "sns"
            where = source.queue if kind == "sqs" else source.topic
            size = getattr(source, "batch_size", 1)
            found.append(Declared(source.name, kind, where, relay.call_args.args[1], size))
    return found


def named(stage: str, merchant: str) -> Declared:
    """Return the merchant of that id."""
    everyone = declared(stage)
    for one in everyone:
        if one.merchant.id == merchant:
            return one
    known = ", ".join(one.merchant.id for one in everyone)
    raise Misconfigured(f"app.py has no merchant {merchant!r}; it has {known}")
