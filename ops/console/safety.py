"""What keeps other pages, other sites and other machines out of the console.

- Host: nothing is answered under another name than this machine's own (DNS rebinding).
- Origin, Sec-Fetch-Site: another site may link to a page, and do nothing else.
- A token in every form, signed for the browser that got the form: nobody else can fill one in.
- Headers: no script but our own file, no frame, nothing kept in any cache.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Referrer-Policy isn't `no-referrer`: browsers would send forms with the Origin `null` then.
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LOOKING = {"GET", "HEAD"}
#: No form of ours is longer: some thousand message ids.
MOST_BYTES = 256 * 1024


class Guard:
    """Lets requests through that a person sends from the console itself, and no others."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no web sockets here

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refused = self._refusal(scope["method"], Headers(scope=scope))
        await (refused or self._app)(scope, receive, guarded)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        host, site = headers.get("host", ""), headers.get("sec-fetch-site", "none")
        if len(headers.getlist("host")) != 1 or host not in self._hosts:
            known = " or ".join(f"http://{one}/" for one in sorted(self._hosts))
            return PlainTextResponse(f"The console answers at {known} only.\n", 421)
        linked = headers.get("sec-fetch-mode") == "navigate" and method in _LOOKING
        if site not in {"none", "same-origin"} and not linked:
            return PlainTextResponse("Another site asked for this: refused.\n", 403)
        if method not in _LOOKING and headers.get("origin") != f"http://{host}":
            return PlainTextResponse("Only the console's own forms are taken.\n", 403)
        return None


class Forms:
    """Signs forms for the browser that gets them, with a secret that dies with the process."""

    def __init__(self, port: int) -> None:
        self._secret = secrets.token_bytes(32)
        self.cookie = f"tillbridge-console-{port}"

    def browser(self, request: Request) -> str:
        """Return what tells this browser from others: its cookie, or a new one."""
        return _cookie(request, self.cookie) or secrets.token_urlsafe(24)

    def token(self, browser: str) -> str:
        """Return what a form for that browser must bear."""
        return hmac.new(self._secret, browser.encode(), hashlib.sha256).hexdigest()

    def remember(self, response: Response, browser: str) -> None:
        """Let the browser keep its cookie; other sites' requests don't bear it."""
        response.set_cookie(self.cookie, browser, httponly=True, samesite="strict")

    def true(self, request: Request, token: str) -> bool:
        """Tell whether a form was ours, and was given to this very browser."""
        browser = _cookie(request, self.cookie)
        return bool(browser) and hmac.compare_digest(self.token(browser).encode(), token.encode())


def _cookie(request: Request, name: str) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value[:64] if found else ""
