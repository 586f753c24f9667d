"""A web server that gives one answer, and notes what it was asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers:
    """The answer, which may be changed, and the requests so far. A path that begins with a number
    is answered with that status.
    """

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body
        self.asked: list[tuple[str, str, str]] = []
        "Method, path and ``Authorization``."
        self.url = ""


@contextlib.contextmanager
def answering(status: int = 200, body: bytes = b"") -> Iterator[Answers]:
    """Serves on a free port of loopback while the block runs."""
    answers = Answers(status, body)

    class Handler(BaseHTTPRequestHandler):
        """Gives the answer to everything."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answers.asked.append((self.command, self.path, self.headers.get("Authorization") or ""))
            first = self.path.split("/")[1]
            self.send_response(int(first) if first.isdecimal() else answers.status)
            self.send_header("Content-Length", str(len(answers.body)))
            self.end_headers()
            self.wfile.write(answers.body)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="answers")
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
