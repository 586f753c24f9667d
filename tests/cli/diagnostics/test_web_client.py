"""One bounded request: what it reads of the answer."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.diagnostics.web_client import MAX_ANSWER_BYTES, request
from tests.certificates import write_certificate


@contextlib.contextmanager
def web_server(
    body: bytes, *, date: str = "", status: int = 200, tls: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """A web server on loopback with one answer for all; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            if date:
                self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="web")
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_description_of_a_server_of_ours_is_told_from_others() -> None:
    with web_server(b'{"instance": "ab"}') as url:
        assert request("GET", f"{url}/api/v1/server").is_ours
    for body in (b"<html>", b"[1]", b'{"other": 1}'):
        with web_server(body) as url:
            assert not request("GET", url).is_ours


def test_a_clock_is_read_from_the_date() -> None:
    with web_server(b"", date="Thu, 01 Jan 2015 00:00:00 GMT") as url:
        offset = request("HEAD", url).clock_offset_s
    assert offset is not None and offset < -3e8
    for date in ("", "yesterday"):
        with web_server(b"", date=date) as url:
            assert request("HEAD", url).clock_offset_s is None


def test_no_more_than_the_bound_is_read_and_no_redirect_followed() -> None:
    with web_server(bytes(2 * MAX_ANSWER_BYTES), status=302) as url:
        answer = request("GET", url)
    assert (answer.status, len(answer.body)) == (302, MAX_ANSWER_BYTES)


def test_a_certificate_of_nobody_known_is_refused_only_where_it_is_verified(
    tmp_path: Path,
) -> None:
    with web_server(b"{}", tls=write_certificate(tmp_path)) as url:
        assert request("GET", url).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            request("GET", url, verifies=True)


def test_nobody_there_is_an_error() -> None:
    with web_server(b"") as url:
        pass
    with pytest.raises((OSError, http.client.HTTPException)):
        request("GET", url)
