"""Spans reach a collector; one that is slow, full or away costs nothing but spans."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.wire.otlp import Collector, attributes, collector
from wire import trace_export, tracing
from wire.errors import BadSettings
from wire.settings import PREFIX, Settings, load_settings
from wire.trace_export import MAX_WAITING_SPANS, SpanExport
from wire.tracing import Span

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")


def span(number: int = 1, *, parent: int = 0) -> Span:
    return Span(7, number, parent, "upscale", 1_000, 3_000, {"sharpcast.pts": number})


def settings(url: str, ratio: str = "1") -> Settings:
    return load_settings({f"{PREFIX}OTEL_ENDPOINT": url, f"{PREFIX}OTEL_RATIO": ratio})


def until_sent(told: Collector, count: int) -> None:
    until(f"{count} spans", lambda: len(told.spans) >= count, 60)


def test_a_span_arrives_with_all_that_it_has() -> None:
    with collector() as told:
        export = SpanExport(told.url, "sharpcast-test", period_s=0.05)
        export.emit(span(3, parent=2))
        until_sent(told, 1)
        export.close()
    (found,) = told.spans
    assert int.from_bytes(found.trace_id) == 7
    assert (int.from_bytes(found.span_id), int.from_bytes(found.parent_span_id)) == (3, 2)
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (1_000_000, 3_000_000)
    assert attributes(found) == {"pts": 3}
    assert told.services == {"upscale": {"sharpcast-test"}}


def test_what_waits_is_sent_at_the_end() -> None:
    with collector() as told:
        export = SpanExport(told.url, "sharpcast-test", period_s=60.0)
        for number in range(1, 1001):
            export.emit(span(number))
        export.close()
        assert len(told.spans) == 1000
    assert export.dropped == 0


def test_too_many_spans_are_dropped_and_counted_and_nobody_waits() -> None:
    with collector() as told:
        told.held.clear()
        export = SpanExport(told.url, "sharpcast-test", period_s=60.0)
        begun = time.thread_time()
        for number in range(MAX_WAITING_SPANS + 50):
            export.emit(span(number + 1))
        assert time.thread_time() - begun < 2.0
        assert export.dropped == 50
        told.held.set()
        export.close()
        assert len(told.spans) == MAX_WAITING_SPANS


def test_a_collector_that_refuses_costs_spans_alone() -> None:
    with collector() as told:
        told.refuses = True
        export = SpanExport(told.url, "sharpcast-test", period_s=0.05)
        export.emit(span())
        until("a dropped span", lambda: export.dropped == 1, 60)
        told.refuses = False
        export.emit(span(2))
        until_sent(told, 1)
        export.close()


def test_it_traces_inside_of_its_block_where_the_settings_say_so() -> None:
    with trace_export.running(load_settings({}), "sharpcast-test"):
        assert tracing.current is None
    with collector() as told:
        with trace_export.running(settings(told.url), "sharpcast-test"):
            assert tracing.current is not None
            trace = tracing.current.of("cam1", 5)
            assert trace is not None
            trace.span("read", 1, 2)
        assert [each.name for each in told.spans] == ["read"]
    assert tracing.current is None


def test_without_the_library_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(BadSettings, match=r"sharpcast\[otel\]"),
        trace_export.running(settings(f"http://127.0.0.1:{free_port()}"), "sharpcast-test"),
    ):
        raise AssertionError("it began")
    assert tracing.current is None
