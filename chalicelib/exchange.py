"""What the door hears and says: requests and answers, errors among them as RFC 9457 has them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

JSON, PROBLEM = "application/json", "application/problem+json"
_TITLES = {
    400: "the body can't be read", 401: "not authorised", 404: "not found",
    409: "still at work on it", 413: "too large", 415: "not a format that is read here",
    422: "the key was used for another body", 429: "too many requests", 503: "not now",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A call as it came: `headers` by their names in lower case, each with all its values.

    `query` is what a gateway took for the query, written out anew: before=41.
    """

    headers: Mapping[str, tuple[str, ...]]
    body: bytes = b""
    query: str = ""

    @cached_property
    def once(self) -> dict[str, str]:
        """Headers that came once: of two signatures, who knows which one a proxy looked at."""
        return {name: values[0] for name, values in self.headers.items() if len(values) == 1}


@dataclass(frozen=True)
class Answer:
    """What is answered; its fields are those of Chalice's Response."""

    body: str
    headers: dict[str, str] = field(default_factory=dict)
    status_code: int = 200


def heard(event: Mapping[str, Any]) -> Request:
    """Return the request of a Lambda event from API Gateway, or from `chalice local`.

    Raises ValueError where the body isn't the Base64 that it is said to be.
    """
    many = event.get("multiValueHeaders")
    if many is None:
        many = {name: [value] for name, value in (event.get("headers") or {}).items()}
    headers: dict[str, tuple[str, ...]] = {}
    for name, values in many.items():
        headers[name.lower()] = (*headers.get(name.lower(), ()), *values)
    body = event.get("body") or b""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body, validate=True)
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    asked = event.get("multiValueQueryStringParameters") or {}
    return Request(headers, raw, urlencode(asked, doseq=True, errors="replace"))


def told(status: int, /, **content: Any) -> Answer:
    """Return an answer that all is well."""
    return Answer(json.dumps(content), _headers(JSON), status)


def problem(status: int, detail: str, /, wait: int = 0, **more: Any) -> Answer:
    """Return a problem (RFC 9457): it quotes nothing of what was sent.

    `wait` is after how many seconds another try is worthwhile; `more` may be a record's `position`,
    or `type` and `title` where one status has several meanings.
    """
    content = {"status": status, "title": _TITLES[status], "detail": detail, **more}
    again = {"Retry-After": str(wait)} if wait else {}
    # What a 401 must have by RFC 9110; API Gateway gives it another name.
    scheme = {"WWW-Authenticate": "Tillbridge-Signature"} if status == 401 else {}  # noqa: PLR2004
    return Answer(json.dumps(content), _headers(PROBLEM) | again | scheme, status)


def _headers(kind: str) -> dict[str, str]:
    return {"Content-Type": kind, "Cache-Control": "no-store"}
