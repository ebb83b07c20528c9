"""A proxy for the faults that microburst can't express.

Entries that fail inside a 200, an error told after the call was applied, a call that is held until
it is let go, a worker killed just before or just after a call was applied.  On loopback only.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs

import psutil
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.wire.entries import told, without
from tests.wire.rules import KILLS, Act, Call, Rule

#: Headers that belong to one connection, or that describe a body which may have changed.
_OWN = {"connection", "content-length", "transfer-encoding", "keep-alive", "x-amz-crc32", "date"}
_CLIENT_SECONDS = 60
_MOST_BYTES = 8 * 1024 * 1024
_REFUSED = '{"__type": "InternalServerError", "message": "injected"}'


class Proxy:
    """Passes calls on to `upstream`, but for what the rules say."""

    def __init__(self, upstream: str) -> None:
        self.rules: list[Rule] = []
        self.endpoint = ""
        self._given_up: list[Call] = []
        self._upstream = upstream

    def given_up(self, about: str) -> Counter[str]:
        """Return the operations that a merchant's function gave up before they were answered.

        It happens where the machine is too busy as well, and is a fault like any other then.
        """
        return Counter(
            call.operation for call in list(self._given_up) if about.encode() in call.text
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = Call(_operation(request, body), request, body)
        try:
            rule = self._rule(call)
            answer = await (self._meddle(rule, call) if rule else self._forward(call))
        except (ClientError, TimeoutError):  # what breaks behind us breaks before us as well
            _drop(call)
            return web.Response()
        if request.transport is None and not (rule and rule.act in KILLS):
            self._given_up.append(call)
        return answer

    def _rule(self, call: Call) -> Rule | None:
        for rule in list(self.rules):
            if rule.meets(call) and rule.fired < rule.times:
                rule.fired += 1
                return rule
        return None

    async def _meddle(self, rule: Rule, call: Call) -> web.StreamResponse:
        if rule.act is Act.REFUSE:
            return await self._refuse(rule, call)
        if rule.act is Act.HOLD:
            await asyncio.to_thread(rule.released.wait, _CLIENT_SECONDS)
            return await self._forward(call)
        if rule.act is Act.KILL_BEFORE:
            return await self._kill(call)
        answer = await self._forward(call)
        if rule.act is Act.KILL_AFTER:
            return await self._kill(call)
        assert answer.status == 200, answer.text
        return web.Response(status=500, text=_REFUSED)

    async def _refuse(self, rule: Rule, call: Call) -> web.Response:
        call.body, gone = without(call.operation, call.body, rule.places)
        answer = await self._forward(call) if call.body else web.Response(body=b"")
        body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
        kind = "text/xml" if call.operation == "PublishBatch" else "application/x-amz-json-1.0"
        return web.Response(
            body=told(call.operation, body, gone, rule.code), headers={"Content-Type": kind}
        )

    async def _forward(self, call: Call) -> web.Response:
        request = call.request
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OWN}
        async with self._session.request(
            request.method, self._upstream + request.path_qs, data=call.body, headers=headers
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _OWN}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def _kill(self, call: Call) -> web.Response:
        """Kill the worker that called; nobody is there for the answer."""
        port = call.request.get_extra_info("peername")[1]
        os.kill(await asyncio.to_thread(self._worker, port), signal.SIGKILL)
        return web.Response()

    def _worker(self, port: int) -> int:
        """Return the process at the other end, if it is a function's that was sent to us."""
        for found in psutil.net_connections("tcp4"):
            if found.laddr and found.laddr.port == port and found.pid:
                told_to = psutil.Process(found.pid).environ().get("AWS_ENDPOINT_URL")
                assert told_to == self.endpoint, f"{found.pid} is none of our workers"
                return int(found.pid)
        raise LookupError(f"nobody is at port {port}")

    async def _serve(self, up: threading.Event, down: asyncio.Event) -> None:
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        timeout = ClientTimeout(_CLIENT_SECONDS)
        async with ClientSession(timeout=timeout, auto_decompress=False) as self._session:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.endpoint = f"http://{host}:{port}"
            up.set()
            await down.wait()
            await runner.cleanup()


@contextlib.contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in a thread of this process, for as long as the block runs."""
    proxy, loop = Proxy(upstream), asyncio.new_event_loop()
    up, down = threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(proxy._serve(up, down)), daemon=True
    )
    thread.start()
    assert up.wait(10), "the proxy did not start"
    try:
        yield proxy
    finally:
        for rule in proxy.rules:
            rule.released.set()
        loop.call_soon_threadsafe(down.set)
        thread.join(10)
        loop.close()


def _drop(call: Call) -> None:
    """Break the connection off: the caller gets no answer at all."""
    if call.request.transport:
        call.request.transport.abort()


def _operation(request: web.Request, body: bytes) -> str:
    """Return the operation of a call, which newer services name in a header, older in the body."""
    target = request.headers.get("X-Amz-Target", "")
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode("latin-1")).get("Action", [""])[0]
