"""Signatures of what comes by HTTPS: HMAC-SHA256 over the raw bytes, compared in constant time.

Every vendor signs in its own way, and its adapter's `verify` knows that way.  What has no vendor's
way, our own tills and tools, signs like this, and may not be older than five minutes:

    Tillbridge-Signature: t=<seconds since 1970>,v1=<HMAC-SHA256 in hex>

over a line with that time, a line such as "POST /v1/corner-shop/transactions", and the body.  The
path begins with /v1, has no query, and no escapes: a transaction's id stands there as it is.
"""

import base64
import hashlib
import hmac
import json
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Headers by their names in lower case: those that came once only.
Headers = Mapping[str, str]

HEADER = "tillbridge-signature"
WINDOW_SECONDS = 300
#: Nobody knows it: it stands where a secret is missing, so that the work is always the same.
DUMMY = random.token_hex(32)
#: A header has one time, and a few signatures at most while a secret is rotated.
_LONGEST = 1000


def verify(headers: Headers, body: bytes, url: str, secrets: Sequence[str], now: int) -> bool:
    """Return whether a POST to `url` is signed in our own way.  `now` in seconds since 1970."""
    return own(headers, body, f"POST {url[max(url.find('/v1/'), 0) :]}", secrets, now)


def own(headers: Headers, body: bytes, place: str, secrets: Sequence[str], now: int) -> bool:
    """Return whether a call is signed in our own way, and not too long ago or ahead.

    `place` is method and path.
    """
    time, given = timed(headers.get(HEADER, ""), now)
    return by_hex(given, _message(time, place, body), secrets)


def sign(secret: str, now: int, place: str, body: bytes) -> str:
    """Return the header that our own way wants."""
    return f"t={now},v1={digest(secret, _message(str(now), place, body)).hex()}"


def _message(time: str, place: str, body: bytes) -> bytes:
    """Lines can't be shifted into one another, as dots could: a place has no line's end."""
    line = place.split("\n", 1)[0]
    return _bytes(f"{time}\n{line}\n") + body


def timed(header: str, now: int) -> tuple[str, list[str]]:
    """Read `t=...,v1=...` (several v1 in rotation); without signatures if its time is not now."""
    pairs = [part.strip().partition("=") for part in header[:_LONGEST].split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    time = times[0] if len(times) == 1 and times[0].isascii() and times[0].isdigit() else ""
    fresh = bool(time) and len(time) < 12 and abs(int(time) - now) <= WINDOW_SECONDS  # noqa: PLR2004
    return time, [value for name, _, value in pairs if name == "v1" and fresh]


def by_hex(given: Sequence[str], message: bytes, secrets: Sequence[str | bytes]) -> bool:
    """Return whether one of the signatures given is that of the message, in hex."""
    return same(given, [digest(secret, message).hex() for secret in secrets])


def by_base64(given: Sequence[str], message: bytes, secrets: Sequence[str | bytes]) -> bool:
    """Return whether one of the signatures given is that of the message, in Base64."""
    return same(given, [base64.b64encode(digest(s, message)).decode() for s in secrets])


def digest(secret: str | bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 of a message."""
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, message, hashlib.sha256).digest()


def same(given: Iterable[str], wanted: Sequence[str]) -> bool:
    """Return whether any of two lists is the same, in a time that tells nothing of either."""
    found = False
    for one in given:
        for other in wanted:
            found |= hmac.compare_digest(_bytes(one), _bytes(other))
    return found


def fields(body: bytes) -> dict[str, Any]:
    """Return a JSON object whose numbers are the text they were written in, as signing needs."""
    found = json.loads(body, parse_int=str, parse_float=str)
    return found if isinstance(found, dict) else {}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
