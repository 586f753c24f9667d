"""One question to a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from benchmarks.json_query import ask
from benchmarks.server import free_port


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = 404 if self.path == "/none" else 200
        token = self.headers.get("Authorization", "")
        body = b"no JSON" if self.path == "/text" else b'{"token": "%s"}' % token.encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="answers")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("token", "header"), [("", ""), ("secret", "Bearer secret")])
def test_an_object_is_read_and_the_token_is_sent(url: str, token: str, header: str) -> None:
    assert ask(f"{url}/", token=token) == {"token": header}


def test_an_error_is_no_answer(url: str) -> None:
    assert ask(f"{url}/none") is None


def test_nobody_is_no_answer() -> None:
    assert ask(f"http://127.0.0.1:{free_port()}/") is None


def test_what_is_no_json_says_nothing(url: str) -> None:
    assert ask(f"{url}/text") == {}
