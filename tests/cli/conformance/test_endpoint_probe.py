"""``endpoint_probe.py``: what is taken for a WHIP or WHEP server."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.conformance.command import ConformanceOptions, run
from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.endpoint_probe import NoEndpoint, require_endpoint
from cli.errors import CliError
from tests.cli.conformance.good_server import TOKEN, good_server


class Handler(BaseHTTPRequestHandler):
    """Answers OPTIONS by 200, and offers by a status."""

    status = 404
    kind = "text/html"

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the terminal quiet."""

    def do_OPTIONS(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(self.status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The root of a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sites(root: str) -> list[HttpEndpoint]:
    """Both addresses of a stream."""
    whip = HttpEndpoint(Protocol.WHIP, f"{root}/whip/a", TOKEN)
    return [HttpEndpoint(Protocol.WHEP, f"{root}/whep/a", TOKEN), whip]


def answering(status: int, kind: str = "text/html") -> type[Handler]:
    """A handler that answers offers by a status."""
    return type("Answering", (Handler,), {"status": status, "kind": kind})


class Files(SimpleHTTPRequestHandler):
    """A server of files, which knows neither OPTIONS nor POST."""

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the terminal quiet."""


@pytest.mark.parametrize("handler", [Files, *map(answering, (200, 204, 404, 405, 501))])
async def test_what_has_nothing_for_offers_is_no_server(
    handler: type[BaseHTTPRequestHandler],
) -> None:
    with serving(handler) as root, pytest.raises(NoEndpoint, match="no WHIP or WHEP server"):
        await require_endpoint(sites(root))


@pytest.mark.parametrize("status", [201, 307, 400, 401, 403, 406, 409, 415, 422, 429, 500, 503])
async def test_whoever_refuses_an_offer_may_be_one(status: int) -> None:
    with serving(answering(status)) as root:
        await require_endpoint(sites(root))


async def test_an_answer_of_the_wrong_status_is_for_the_rules() -> None:
    with serving(answering(200, "application/sdp")) as root:
        await require_endpoint(sites(root))


@pytest.mark.parametrize("fault", ["", "no-options", "no-accept-post", "idle"])
async def test_a_server_is_one_whatever_it_leaves_out(fault: str) -> None:
    with good_server(*[fault] if fault else []) as (root, state):
        await require_endpoint(sites(root))
        assert state.sessions == {}


def test_the_command_says_it_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Files) as root, pytest.raises(CliError) as caught:
        run(ConformanceOptions(url=root))
    message = str(caught.value)
    assert message.startswith("This is no WHIP or WHEP server: ")
    assert message.count("answers OPTIONS by 501 and an offer by 501") == 2
    assert capsys.readouterr().out == ""
