"""Sends spans to an OpenTelemetry collector, on a thread of its own."""

from __future__ import annotations

import collections
import contextlib
import logging
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from wire import tracing
from wire.errors import BadSettings
from wire.tracing import Span, UnitTraces

if TYPE_CHECKING:
    from wire.settings import Settings

log = logging.getLogger(__name__)

MAX_WAITING_SPANS = 4096
"""Spans that may wait for the collector: of four hundred units. Further ones are dropped."""

_MAX_SENT = 512
"""Spans in one request."""

_PERIOD_S = 1.0
_TIMEOUT_S = 5.0


class SpanExport:
    """Queue of spans, and the thread that sends them; ``emit``, from any thread, never waits."""

    def __init__(self, endpoint: str, service: str, *, period_s: float = _PERIOD_S) -> None:
        """``endpoint`` is the collector's base address for OTLP over HTTP. Raises BadSettings where
        the extra ``otel`` is not installed.
        """
        self.dropped = 0
        "Spans for which there was no space, or which the collector did not take."
        self._told = 0
        self._library = _Library(endpoint, service)
        self._waiting: collections.deque[Span] = collections.deque()
        self._period_s = period_s
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export traces", daemon=True)
        self._thread.start()

    def emit(self, span: Span) -> None:
        """Takes a span, or drops it where too many wait."""
        if len(self._waiting) >= MAX_WAITING_SPANS:
            self.dropped += 1
            return
        self._waiting.append(span)

    def close(self) -> None:
        """Sends what waits, and ends the thread; takes up to two time-outs."""
        self._closed.set()
        self._thread.join(2 * _TIMEOUT_S)

    def _run(self) -> None:
        while not self._closed.wait(self._period_s):
            self._send_all()
            self._tell_losses()
        self._send_all()
        self._tell_losses()
        self._library.close()

    def _send_all(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), _MAX_SENT)
            spans = [self._waiting.popleft() for _ in range(count)]
            if not self._library.send(spans):
                self.dropped += len(spans)
                return

    def _tell_losses(self) -> None:
        lost, self._told = self.dropped - self._told, self.dropped
        if lost:
            log.warning("%d spans of traces dropped", lost, extra={"action": "spans_dropped"})


class _Library:
    """The parts of OpenTelemetry that are used: its spans and its exporter."""

    def __init__(self, endpoint: str, service: str) -> None:
        self._trace, self._sdk, exporter, resources = _modules()
        self._exporter: Any = exporter.OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT_S
        )
        self._resource = resources.Resource.create({"service.name": service})

    def send(self, spans: list[Span]) -> bool:
        """Sends spans; returns whether the collector took them."""
        result = self._exporter.export([self._readable(span) for span in spans])
        return bool(result.name == "SUCCESS")

    def close(self) -> None:
        self._exporter.shutdown()

    def _readable(self, span: Span) -> Any:
        parent = self._context(span.trace_id, span.parent_id) if span.parent_id else None
        return self._sdk.ReadableSpan(
            name=span.name,
            context=self._context(span.trace_id, span.span_id),
            parent=parent,
            resource=self._resource,
            attributes=span.attributes,
            start_time=span.began_us * 1000,
            end_time=span.ended_us * 1000,
        )

    def _context(self, trace_id: int, span_id: int) -> Any:
        flags = self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED)
        return self._trace.SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)


def _modules() -> tuple[Any, Any, Any, Any]:
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter as exporter
        import opentelemetry.sdk.resources as resources
        import opentelemetry.sdk.trace as sdk
        import opentelemetry.trace as trace
    except ImportError as error:
        raise BadSettings(
            "SHARPCAST_OTEL_ENDPOINT needs OpenTelemetry: install sharpcast with its extra, "
            "`sharpcast[otel]`."
        ) from error
    found: list[ModuleType] = [trace, sdk, exporter, resources]
    return found[0], found[1], found[2], found[3]


@contextlib.contextmanager
def running(settings: Settings, service: str) -> Iterator[None]:
    """Traces inside the block, where the settings name a collector. Raises BadSettings. The end of
    the block waits for the last request, some seconds at most.
    """
    if not settings.otel_endpoint:
        yield
        return
    export = SpanExport(settings.otel_endpoint, service)
    tracing.current = UnitTraces(settings.otel_ratio, export.emit)
    try:
        yield
    finally:
        tracing.current = None
        export.close()
