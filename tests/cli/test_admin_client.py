"""Requests to a server's API, over real sockets."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cli.admin_client import AdminClient, default_server
from cli.errors import NotAnswered
from wire.settings import load_settings


class _Handler(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, str, str, bytes]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        given = self.headers.get("authorization", "")
        self.seen.append((self.command, self.path, given, body))
        status, text = {
            "/full": (409, b'{"detail": "There are too many."}'),
            "/away": (401, b"{}"),
            "/odd": (500, b"<html>"),
            "/gone": (204, b""),
        }.get(self.path, (200, json.dumps({"path": self.path}).encode()))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.seen.clear()
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_address[1]}"
    found.shutdown()
    found.server_close()
    thread.join()


def client(server: str) -> AdminClient:
    return AdminClient(server, load_settings({"SHARPCAST_ADMIN_TOKEN": "admin-secret"}))


def test_a_request_has_the_token_of_the_settings(server: str) -> None:
    with client(server) as asked:
        assert asked.ask("GET", "/a") == {"path": "/a"}
        assert asked.ask("POST", "/b", {"x": 1}) == {"path": "/b"}
        assert asked.ask("DELETE", "/gone") is None
    assert [each[2] for each in _Handler.seen] == ["Bearer admin-secret"] * 3
    assert json.loads(_Handler.seen[1][3]) == {"x": 1}


@pytest.mark.parametrize(
    ("path", "words"), [("/full", "too many"), ("/away", "ADMIN_TOKEN"), ("/odd", "500")]
)
def test_a_refusal_is_a_sentence(server: str, path: str, words: str) -> None:
    with client(server) as asked, pytest.raises(NotAnswered, match=words):
        asked.ask("GET", path)


def test_a_server_that_is_not_there_is_named() -> None:
    with client("http://127.0.0.1:1") as asked, pytest.raises(NotAnswered, match="does not answer"):
        asked.ask("GET", "/a")
    for address in ("ftp://a", "127.0.0.1:80", "http://"):
        with pytest.raises(NotAnswered, match="no address"):
            client(address)


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"HTTP_PORT": "9000", "HTTP_HOST": "::1"}, "http://[::1]:9000"),
        (
            {"HTTP_HOST": "0.0.0.0", "PUBLISH_TOKEN": "p" * 8, "ADMIN_TOKEN": "a" * 8},
            "http://127.0.0.1:8080",
        ),
    ],
)
def test_without_an_address_this_machines_server_is_asked(
    settings: dict[str, str], address: str
) -> None:
    loaded = load_settings({f"SHARPCAST_{name}": value for name, value in settings.items()})
    assert default_server(loaded) == address
