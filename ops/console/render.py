"""Pages from templates, sent as they are made: what takes long says so before it is there."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from chalicelib import state
from ops.console import words
from ops.console.faults import FAULTS, told
from ops.console.place import Stage
from ops.console.safety import Forms

HOME = Path(__file__).parent
_log = logging.getLogger(__name__)
_NOW = "\x1e"  # what a template says for: send what there is


class Pages:
    """Renders templates with what every page needs."""

    def __init__(self, stage: Stage, forms: Forms, where: str) -> None:
        self._stage, self._forms = stage, forms
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HOME / "templates"),
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        filters = (words.span, state.moment, words.clock, words.count, words.plain, words.money)
        self._jinja.filters |= {one.__name__: one for one in filters}
        self._jinja.globals |= {"stage": stage, "where": where, "now": _NOW}

    def show(self, request: Request, template: str, status: int = 200, **known: Any) -> Response:
        """Send a page; what a template calls of `known` runs while the page is on its way."""
        browser = self._forms.browser(request)
        context = {"request": request, "now_ms": self._stage.now_ms(),
                   "token": self._forms.token(browser), **known}  # fmt: skip
        response = StreamingResponse(
            self._parts(template, context), status, media_type="text/html; charset=utf-8"
        )
        self._forms.remember(response, browser)
        return response

    def fault(self, request: Request, fault: Exception, status: int) -> Response:
        """Send a page that says what is wrong, and what mends it."""
        what, remedy = told(fault, self._stage)
        known = {"what": what, "remedy": remedy, "request": request,
                 "now_ms": self._stage.now_ms()}  # fmt: skip
        return HTMLResponse(self._jinja.get_template("fault.html").render(known), status)

    def _parts(self, template: str, context: dict[str, Any]) -> Iterator[str]:
        held: list[str] = []
        try:
            for part in self._jinja.get_template(template).generate(context):
                held.append(part)
                if part == _NOW:
                    yield "".join(held[:-1])
                    held = []
        except Exception as fault:  # noqa: BLE001 - the page has begun: it ends with what went wrong
            if not isinstance(fault, FAULTS):
                _log.exception("a page broke off")
            what, remedy = told(fault, self._stage)
            known = context | {"what": what, "remedy": remedy}
            held.append(self._jinja.get_template("broken.html").render(known))
        yield "".join(held)
