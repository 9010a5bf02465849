"""A page in a real browser: Chromium of the system, driven by Playwright, served on this machine.

What a machine lacks is skipped with a word. The runtime comes from the cache that publish.py keeps;
it is fetched only if PUBLISH_FETCH is set, as in `.ci/run`.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading

import pytest

from console.errors import UserError
from serving.publish import runtime

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="session")
def pinned():
    """The runtime's files."""
    kept = runtime.default_cache()
    here = all((kept / f"{each.name}-{each.version}").is_dir() for each in runtime.PACKAGES)
    if not here and not os.environ.get("PUBLISH_FETCH"):
        pytest.skip("onnxruntime-web is not here: run publish.py once, or set PUBLISH_FETCH=1")
    try:
        return runtime.load()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def chromium():
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def address():
    """folder → the address at which this machine serves it."""
    servers = []

    def serve(folder):
        handler = functools.partial(Quiet, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def visit(chromium):
    """Open an address in a page of its own: (page, what went wrong, the addresses asked for)."""
    contexts = []

    def opened(address, ready=True, **options):
        contexts.append(
            chromium.new_context(**{"viewport": {"width": 1000, "height": 800}, **options})
        )
        page, wrong, asked = contexts[-1].new_page(), [], []
        page.on("console", lambda each: each.type == "error" and wrong.append(each.text))
        page.on("pageerror", lambda each: wrong.append(str(each)))
        page.on("request", lambda each: asked.append(each.url))
        page.goto(address)
        if ready:
            page.wait_for_selector("body[data-ready]", timeout=30_000)
        return page, wrong, asked

    yield opened
    for context in contexts:
        context.close()
