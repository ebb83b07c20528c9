"""Tills and vendors that call by HTTPS."""

import http.client
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from chalicelib.signatures import sign


@dataclass
class Till:
    """A till that signs in our own way, at a door whose /v1 is under `base`."""

    base: str
    merchant: str
    secret: str

    def post(self, body: bytes, what: str = "transactions", **headers: str) -> tuple[int, Any]:
        place = f"POST /v1/{self.merchant}/{what}"
        signed = {"Tillbridge-Signature": sign(self.secret, int(time.time()), place, body)}
        return self.call("POST", f"/v1/{self.merchant}/{what}", body, signed | headers)

    def get(self, identity: str) -> tuple[int, Any]:
        place = f"GET /v1/{self.merchant}/transactions/{identity}"
        signed = {"Tillbridge-Signature": sign(self.secret, int(time.time()), place, b"")}
        path = f"/v1/{self.merchant}/transactions/{quote(identity, safe='')}"
        return self.call("GET", path, b"", signed)

    def member(self, name: str, query: str = "", signed: str | None = None) -> tuple[int, Any]:
        """Ask for a member as an app does; `signed` is the query that its signature is for."""
        query, signed = (f"?{one}" if one else "" for one in (query, signed or query))
        place = f"GET /v1/{self.merchant}/members/{name}{signed}"
        header = {"Tillbridge-Signature": sign(self.secret, int(time.time()), place, b"")}
        path = f"/v1/{self.merchant}/members/{quote(name, safe='')}{query}"
        return self.call("GET", path, b"", header)

    def claim(self, **claim: Any) -> tuple[int, Any]:
        return self.post(json.dumps(claim).encode(), "claims")

    def call(
        self, method: str, path: str, body: "bytes | Iterable[bytes]", headers: Any = ()
    ) -> tuple[int, Any]:
        """Call, and return status and JSON.  What is no bytes is sent in chunks."""
        at = urlsplit(self.base)
        line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
        line.putrequest(method, at.path + path, skip_accept_encoding=True)
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
        whole = isinstance(body, bytes)
        pairs.append(("Content-Length", str(len(body))) if isinstance(body, bytes)
                     else ("Transfer-Encoding", "chunked"))  # fmt: skip
        for name, value in pairs:
            line.putheader(name, value)
        line.endheaders(body, encode_chunked=not whole)
        answer = line.getresponse()
        text = answer.read()
        line.close()
        return answer.status, json.loads(text) if text else None
