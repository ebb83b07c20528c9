"""The pages, and what each asks for."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from chalicelib.errors import Misconfigured
from chalicelib.members import member
from ops.console import looking, points, queues, search
from ops.console.counts import FATES, WINDOWS, Activity, Window, activity
from ops.console.faults import FAULTS
from ops.console.place import Stage
from ops.console.plot import plot
from ops.console.remedies import remedies
from ops.console.render import HOME, Pages
from ops.console.safety import MOST_BYTES, Forms, Guard
from ops.merchants import Declared

#: Seconds between two looks at the counts: on AWS each costs some metrics.
REFRESH, REFRESH_EMULATED = 30, 5
#: As many as are foretold and sent again at once; the command line takes any number.
MOST_REDRIVEN = 500


class Console:
    """The handlers of a stage's pages."""

    def __init__(self, stage: Stage, where: str, port: int) -> None:
        self._stage, self._forms, self._watch = stage, Forms(port), queues.Watch()
        self._pages = Pages(stage, self._forms, where)

    def app(self, hosts: list[str]) -> Guard:
        """Return the application, which answers under these names only."""
        routes = [
            Route("/", self.front),
            Route("/merchants/{merchant}", self.merchant),
            Route("/quarantine", self.asides),
            Route("/quarantine/{merchant}", self.aside),
            Route("/quarantine/{merchant}/redrive", self.confirm, methods=["GET"]),
            Route("/quarantine/{merchant}/redrive", self.redrive, methods=["POST"]),
            Route("/search", self.search),
            Route("/member", self.member),
            Route("/help", self.help),
            Mount("/static", StaticFiles(directory=HOME / "static")),
        ]
        faults: dict[Any, Any] = dict.fromkeys((*FAULTS, HTTPException, Exception), self._fault)
        return Guard(Starlette(routes=routes, exception_handlers=faults), hosts)

    def front(self, request: Request) -> Response:
        """Whether anything is stuck; every merchant's counts; where to go from here."""
        window = _window(request)
        return self._pages.show(
            request, "front.html", window=window, windows=list(WINDOWS), fates=FATES,
            load=lambda: self._overview(self._stage.merchants, window),
            plot=partial(plot, height=36), refresh=self._refresh(),
        )  # fmt: skip

    def merchant(self, request: Request) -> Response:
        """One merchant over time."""
        one, window = self._one(request), _window(request)
        return self._pages.show(
            request, "merchant.html", one=one, window=window, windows=list(WINDOWS), fates=FATES,
            load=lambda: self._overview((one,), window), plot=plot, refresh=self._refresh(),
        )  # fmt: skip

    def asides(self, request: Request) -> Response:
        """What is in quarantine and since when, at every merchant."""
        load = lambda: looking.all_aside(self._stage, self._stage.merchants)  # noqa: E731
        return self._pages.show(request, "asides.html", load=load)

    def aside(self, request: Request) -> Response:
        """What is in one merchant's quarantine, with its reasons and its masked payload."""
        one = self._one(request)
        return self._pages.show(
            request, "aside.html", one=one, code=request.query_params.get("code", ""),
            shown=looking.SHOWN, load=lambda: looking.aside(self._stage, one),
            body=lambda letter: looking.body(letter, one), remedies=remedies(),
        )  # fmt: skip

    def confirm(self, request: Request) -> Response:
        """What would come of sending messages again; and the button that does it."""
        one, code = self._one(request), request.query_params.get("code", "")
        ids = request.query_params.getlist("id")
        return self._pages.show(
            request, "confirm.html", one=one, code=code, most=MOST_REDRIVEN,
            load=lambda: looking.aside(self._stage, one).only(code, ids),
            ahead=lambda letters: looking.ahead(self._stage, one, letters),
        )  # fmt: skip

    async def redrive(self, request: Request) -> Response:
        """Send the confirmed messages again."""
        form = await _form(request)
        if not self._forms.true(request, form.get("token", [""])[0]):
            raise HTTPException(403, "this form is not of this console, or of an earlier one")
        one, ids = self._one(request), frozenset(form.get("id", ()))
        moving = lambda: looking.redriven(self._stage, one, ids)  # noqa: E731
        return self._pages.show(request, "redriven.html", one=one, asked=len(ids), moving=moving)

    def search(self, request: Request) -> Response:
        """A transaction's way from the till to its points, by its id or its receipt's number."""
        asked = {name: value.strip() for name, value in request.query_params.items()}
        chosen = asked.get("merchant", "")
        merchants = [self._stage.merchant(chosen)] if chosen else list(self._stage.merchants)
        text, day = asked.get("q", ""), _day(asked.get("day", ""), self._stage)
        return self._pages.show(
            request, "search.html", q=text, chosen=chosen, day=day, most=search.MOST_FOUND,
            by_id=lambda: search.by_id(self._stage, merchants, text),
            by_receipt=lambda: search.by_receipt(self._stage, merchants, text, day),
            timeline=partial(search.timeline, self._stage),
            rewarded=partial(points.rewarded, self._stage),
            mentioned=lambda: looking.mentioned(
                looking.all_aside(self._stage, merchants), text),
            is_hit=lambda found: isinstance(found, search.Hit),
        )  # fmt: skip

    def member(self, request: Request) -> Response:
        """How a member stands, and every entry of the ledger."""
        asked = request.query_params
        name, chosen = asked.get("id", "").strip(), asked.get("merchant", "")
        ledgers = self._stage.desk.ledgers
        if chosen and chosen not in ledgers:
            known = ", ".join(ledgers) or "none"
            raise Misconfigured(f"{chosen!r} has no REWARDS in app.py: it has them for {known}")
        if name and ":" not in name:
            name = f"loyalty:{name}"
        before = asked.get("before", "")
        load = lambda: member(ledgers[chosen], name,  # noqa: E731
                              before=int(before) if before.isdecimal() else None)  # fmt: skip
        return self._pages.show(
            request, "member.html", id=name, chosen=chosen, ledgers=list(ledgers), load=load
        )

    def help(self, request: Request) -> Response:
        """The keys, and where to find what."""
        return self._pages.show(request, "help.html")

    def _overview(self, merchants: tuple[Declared, ...], window: Window) -> dict[str, Any]:
        depths = queues.depths(self._stage, self._watch)
        done: dict[str, Activity] = activity(self._stage, merchants, window)
        found = queues.stuck(self._stage, depths, done)
        return {"depths": depths, "done": done, "findings": found}

    def _one(self, request: Request) -> Declared:
        return self._stage.merchant(request.path_params["merchant"])

    def _refresh(self) -> int:
        return REFRESH_EMULATED if self._stage.emulated else REFRESH

    def _fault(self, request: Request, fault: Exception) -> Response:
        if isinstance(fault, HTTPException):
            said = f"{fault.detail}: go back, and load the page again"
            return self._pages.fault(request, Misconfigured(said), fault.status_code)
        known = isinstance(fault, FAULTS)
        status = 404 if isinstance(fault, Misconfigured) else 502 if known else 500
        return self._pages.fault(request, fault, status)


async def _form(request: Request) -> dict[str, list[str]]:
    """Read a form, up to a limit."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "the form is too long")
    return parse_qs(body.decode("utf-8", "replace"), max_num_fields=10_000)


def _window(request: Request) -> Window:
    return WINDOWS.get(request.query_params.get("window", ""), WINDOWS["hour"])


def _day(text: str, stage: Stage) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(stage.now_ms() / 1000, UTC).date()
