"""Who the merchants are: app.py's own functions are asked, so that nothing is declared twice."""

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

from chalicelib import wiring
from chalicelib.errors import Misconfigured
from chalicelib.mapping import Mapping, fold
from chalicelib.model import Merchant

#: A message that nothing gets to see: what handles events is taken away while functions are asked.
_QUESTION = {"Records": [{"Sns": {"Message": "", "Subject": "", "MessageAttributes": {}}}]}
#: Functions of app.py that serve all merchants, and what isn't done while one doesn't run.
SERVICES = {
    "archive": "nothing is kept to replay",
    "files": "files that are dropped lie where they are",
    "rewards": "nobody earns points",
}
#: Those that an app may do without.
OPTIONAL = {"rewards"}


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

    def told(self) -> dict[str, Any]:
        """Return what taking a file apart must know of it, as JSON: chalicelib.bulk.

        Records that are a transaction only together have the columns that name it as `key`.
        """
        module = sys.modules[self.merchant.adapt.__module__]
        mapping = getattr(self.merchant.adapt, "mapping", getattr(module, "DEFAULT", None))
        if not isinstance(mapping, Mapping) or _nested(mapping):
            return {"kind": self.kind}
        named = {"delimiter": mapping.delimiter, "renamed": dict(mapping.renamed)}
        fold_ = fold if self.vendor == "csv_export" else str  # paths are case-sensitive
        return {"kind": self.kind, "key": [fold_(column) for column in mapping.key], **named}


def _nested(mapping: Mapping) -> bool:
    """Tell whether a record is a transaction by itself, with its lists inside."""
    return any(part and part.path for part in (mapping.lines, mapping.tenders))


#: Each Chalice app adds its name to it, and with it to the head of every later call to AWS, until
#: after some hundreds that is too large.
_NAMED = "AWS_EXECUTION_ENV"


def load(stage: str) -> Any:
    """Import app.py as that stage sees it: its decorators name queues after the stage."""
    os.environ["STAGE"] = stage
    before, module = os.environ.get(_NAMED), sys.modules.get("app")
    try:
        return importlib.reload(module) if module else importlib.import_module("app")
    finally:
        os.environ.pop(_NAMED, None)
        os.environ |= {_NAMED: before} if before else {}


def declared(stage: str) -> list[Declared]:
    """Return every merchant function of app.py, by asking each whom it relays for."""
    module = load(stage)
    handlers = dict.fromkeys(_handlers(module), mock.DEFAULT)
    found = []
    for source in module.app.event_sources:
        with mock.patch.multiple(module, **handlers) as asked:
            module.app.handler_map[source.name](_QUESTION, None)
        relay = asked["relay"]
        if relay.called:
            kind = "sqs" if hasattr(source, "queue") else "sns"
            where = source.queue if kind == "sqs" else source.topic
            size = getattr(source, "batch_size", 1)
            found.append(Declared(source.name, kind, where, relay.call_args.args[1], size))
    return found


def _handlers(module: Any) -> list[str]:
    """Return the names under which app.py has what handles events, whomever it serves."""
    return [
        name
        for name, one in vars(module).items()
        if getattr(one, "__module__", "") == wiring.__name__ and one is not wiring.named
    ]


def services(stage: str) -> list[str]:
    """Return the names of the functions in app.py that serve all merchants."""
    there = {source.name for source in load(stage).app.event_sources}
    return [name for name in SERVICES if name in there]


def refuse_without_services(stage: str) -> None:
    """Refuse an app.py that lacks one of the functions which serve all merchants."""
    there = {source.name for source in load(stage).app.event_sources}
    if missing := sorted(SERVICES.keys() - OPTIONAL - there):
        remedy = "take it from the app.py that came with Tillbridge"
        raise Misconfigured(f"app.py has no function {missing[0]}: {remedy}")


def named(stage: str, merchant: str) -> Declared:
    """Return the merchant of that id."""
    everyone = declared(stage)
    for one in everyone:
        if one.merchant.id == merchant:
            return one
    known = ", ".join(one.merchant.id for one in everyone)
    raise Misconfigured(f"app.py has no merchant {merchant!r}; it has {known}")
