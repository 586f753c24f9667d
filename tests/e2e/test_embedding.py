"""`<sharpcast-player>` on a page of another origin, with a strict policy, in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "embedding.html"
PLAYER = "document.querySelector('sharpcast-player')"


class Blog(ThreadingHTTPServer):
    """A site of its own that shows the example, and a frame."""

    server: str = ""

    @property
    def url(self) -> str:
        # Another host name than the server's, so pages of both are strangers.
        return f"http://localhost:{self.server_address[1]}"


class _Page(BaseHTTPRequestHandler):
    server: Blog

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        live = self.server.server
        text = EXAMPLE.read_text().replace("https://live.example.org", live)
        if self.path == "/frame":
            text = f'<!doctype html><title>f</title><iframe src="{live}/embed/garden"></iframe>'
        body = text.encode()
        self.send_response(200)
        policy = f"default-src 'none'; script-src {live}; connect-src {live}; frame-src {live}"
        self.send_header("Content-Security-Policy", f"{policy}; require-trusted-types-for 'script'")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def product() -> Iterator[RunningServer]:
    given = {**SETTINGS, "publish_token": "publish-word", "admin_token": "admin-word-1"}
    with running(**given) as started:
        yield started


@pytest.fixture(scope="module")
def blog(product: RunningServer) -> Iterator[Blog]:
    with Blog(("127.0.0.1", 0), _Page) as site:
        site.server = product.url
        thread = threading.Thread(target=site.serve_forever, args=(0.05,), name="blog")
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stream(product: RunningServer) -> Iterator[None]:
    arguments = (*SMALL, "--token", "publish-word")
    with publishing(f"{product.url}/whip/garden", *arguments):
        product.until_enhancing("garden")
        yield


def viewers(product: RunningServer) -> int:
    return int((product.stream("garden") or {}).get("viewers", -1))


@pytest.mark.usefixtures("stream")
def test_a_page_of_another_origin_shows_the_stream(product: RunningServer, blog: Blog) -> None:
    faults: list[str] = []
    with browser.chromium() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.goto(blog.url)
        browser.until(page, f"{PLAYER}?.state === 'playing'", 40.0)
        browser.until(page, f"{PLAYER}.picture !== null", 40.0)
        shown = f"{PLAYER}.shadowRoot.querySelector('#enhanced')"
        browser.until(page, f"{shown}.videoWidth > 0")
        styled = f"getComputedStyle({PLAYER}.shadowRoot.querySelector('#stage')).position"
        assert page.evaluate(styled) == "relative"
        page.evaluate(f"{PLAYER}.view = 'enhanced'")
        assert page.evaluate(f"{PLAYER}.view") == "enhanced"
        product.until("the viewer", lambda: viewers(product) >= 1)
        # A second one, and both taken away: nothing of them stays on the server.
        page.evaluate(f"document.body.append({PLAYER}.cloneNode())")
        browser.until(page, "document.querySelectorAll('sharpcast-player')[1].state === 'playing'")
        page.evaluate("document.querySelectorAll('sharpcast-player').forEach((e) => e.remove())")
        product.until("nobody", lambda: viewers(product) == 0)
    blocked = [text for text in faults if "violates" in text or "rror" in text]
    assert blocked == []


@pytest.mark.usefixtures("stream")
def test_a_stranger_may_not_frame_it_unless_the_operator_says_so(blog: Blog) -> None:
    faults: list[str] = []
    with browser.chromium() as context:
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.goto(f"{blog.url}/frame")
        page.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in faults)
