"""A whole product tells real receivers what happens; one that hangs holds no other."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import viewer
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PAGE = Path(__file__).parents[2] / "docs/webhooks.md"


def page_example() -> Callable[[dict[str, str], bytes, str], bool]:
    """The verification that the page shows."""
    names: dict[str, Any] = {}
    exec(PAGE.read_text().partition("```python\n")[2].partition("```")[0], names)
    check: Callable[[dict[str, str], bytes, str], bool] = names["is_ours"]
    return check


class Receiver:
    """An HTTP server that notes requests; while ``answers`` is cleared it answers none."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.asked = 0
        self.answers = threading.Event()
        self.answers.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked += 1
                if not outer.answers.wait(120):
                    return
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                with contextlib.suppress(OSError):
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        told = [json.loads(body) for _, body in self.got]
        return [(event["type"], event["data"]) for event in told]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver]]:
    both = Receiver(), Receiver()
    for each in both:
        threading.Thread(target=each.server.serve_forever, name="receiver", daemon=True).start()
    yield both
    for each in both:
        each.answers.set()
        each.server.shutdown()
        each.server.server_close()


def play(server: RunningServer, told: Receiver) -> None:
    """Publishes, lets somebody watch, and ends both."""
    with publishing(f"{server.url}/whip/cam", *SMALL):
        server.until("stream.started", lambda: "stream.started" in told.kinds(), 60.0)
        server.until("live", lambda: server.is_live("cam"), 60.0)
        watching = viewer.start(f"{server.url}/whep/cam", 60.0)
        try:
            server.until("viewer.joined", lambda: "viewer.joined" in told.kinds(), 60.0)
        finally:
            viewer.stop(watching)
        # A program that is ended says no goodbye: its connection is missed later, or with the end.
    server.until("stream.ended", lambda: "stream.ended" in told.kinds(), 60.0)


def test_a_stream_and_its_viewer_are_told_and_signed_though_another_receiver_hangs(
    receivers: tuple[Receiver, Receiver],
) -> None:
    hanging, well = receivers
    hanging.answers.clear()
    settings: dict[str, Any] = {"webhooks": f"{hanging.url},{well.url}", "webhook_secret": SECRET}
    with running(**SETTINGS, **settings) as server:
        play(server, well)
        assert well.kinds() == ["stream.started", "viewer.joined", "viewer.left", "stream.ended"]
        assert hanging.asked and not hanging.got
        # Once it answers it learns the same, in the same order.
        hanging.answers.set()
        server.until("the other receiver", lambda: "stream.ended" in hanging.kinds(), 120.0)
        # A stream that ends because the server does is told of as well.
        with publishing(f"{server.url}/whip/cam", *SMALL):
            server.until("another", lambda: well.kinds().count("stream.started") == 2, 60.0)
            server.stop()
        assert well.kinds()[4:] == ["stream.started", "stream.ended"]
        assert SECRET not in server.log.read_text()
    is_ours = page_example()
    for headers, body in well.got:
        assert is_ours(headers, body, SECRET)
        assert not is_ours(headers, body + b" ", SECRET)
        assert not is_ours(headers, body, "whsec_AAAA")
    (_, began), (_, joined), (_, left), (_, ended) = well.events[:4]
    assert joined["viewer"] == left["viewer"]
    assert ended == {**began, "reason": "the publisher ended it"}
    assert began["stream"] == joined["stream"] == "cam"
    assert joined["rendition"]
    ids = [headers["webhook-id"] for headers, _ in well.got]
    assert list(dict.fromkeys(h["webhook-id"] for h, _ in hanging.got))[:3] == ids[:3]
