"""A collector of OpenTelemetry for tests: a web server that parses what it is sent."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What a collector was sent so far, and whether it takes more."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: dict[str, set[str]] = {}
        "Names of services by the name of a span."
        self.refuses = False
        self.held = threading.Event()
        self.held.set()
        self.url = ""

    def take(self, body: bytes) -> None:
        """Takes the body of a request."""
        request = ExportTraceServiceRequest.FromString(body)
        for part in request.resource_spans:
            service = next(
                each.value.string_value
                for each in part.resource.attributes
                if each.key == "service.name"
            )
            for scope in part.scope_spans:
                self.spans += scope.spans
                for span in scope.spans:
                    self.services.setdefault(span.name, set()).add(service)

    def named(self, name: str) -> list[Any]:
        """The spans of a name."""
        return [span for span in self.spans if span.name == name]


def attributes(span: Any) -> dict[str, Any]:
    """The attributes of a span, without the beginning that all of ours have."""
    found = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        found[each.key.removeprefix("sharpcast.")] = getattr(each.value, kind)
    return found


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    """A collector on a free port of loopback."""
    told = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.held.wait(30)
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces" and not told.refuses:
                told.take(body)
            self.send_response(400 if told.refuses else 200)
            self.end_headers()

        def log_message(self, format: str, *values: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.held.set()
        server.shutdown()
        server.server_close()
        thread.join()
