"""A real browser, and the console served to it on this machine."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from ops.console.command import HOST, _bound
from ops.console.pages import Console
from ops.console.place import Stage

CHROMIUM = shutil.which("chromium") or ""
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: Of one step, on a machine as busy as may be.
PATIENCE_MS = 60_000
_FAULTS = ("error", "warning")  # of what a page logs


def needed() -> None:
    """Skip where there is no Chromium; where CI says that there must be, fail."""
    if not CHROMIUM:
        wanted = "these tests need Chromium: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(wanted)
        pytest.skip(wanted)


@contextlib.contextmanager
def served(stage: Stage) -> Iterator[str]:
    """Serve the console for as long as the block runs; yield its address."""
    with _bound(0) as listening:
        port = listening.getsockname()[1]
        app = Console(stage, "on the tests' emulator", port).app([f"{HOST}:{port}"])
        settings = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://{HOST}:{port}/"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser, without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(_ARGUMENTS)
        )
        try:
            yield found
        finally:
            found.close()


@contextlib.contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page; a fault that it logs, such as a script that is refused, is a failure.

    Chromium's remarks aren't: it makes one where somebody is faster than a field's autofocus.
    """
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE_MS)
    said: list[str] = []
    page.on("console", lambda heard: said.append(heard.text) if heard.type in _FAULTS else None)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.goto(address)
    yield page
    assert said == [], said
    page.close()
