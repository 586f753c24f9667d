"""One picture's way through app and worker, as a collector of OpenTelemetry is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import viewer
from benchmarks.server import publishing, running
from benchmarks.waiting import until
from tests.e2e.conftest import SETTINGS, SMALL
from tests.wire.otlp import Collector, attributes, collector

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
pytestmark = pytest.mark.e2e

ALL = {"unit", "receive", "append", "read", "decode", "upscale", "encode", "publish", "deliver"}


def whole_trace(told: Collector) -> list[Any]:
    """The spans of the first picture of which all processes told; empty before that."""
    by_trace: dict[bytes, list[Any]] = {}
    for span in list(told.spans):
        by_trace.setdefault(span.trace_id, []).append(span)
    found = (spans for spans in by_trace.values() if {span.name for span in spans} >= ALL)
    return next(found, [])


def test_app_and_worker_tell_of_the_same_picture() -> None:
    with collector() as told:
        keys: dict[str, Any] = {
            "otel_endpoint": told.url,
            "otel_ratio": "1",
            "enhance_unwatched": "true",
        }
        with (
            running(**SETTINGS, **keys) as server,
            publishing(f"{server.url}/whip/traced", *SMALL),
        ):
            server.until_enhancing("traced", 60)
            watching = viewer.start(f"{server.url}/whep/traced?rendition=enhanced", 60)
            try:
                spans = until("a whole trace", lambda: whole_trace(told), 90)
            finally:
                watching.kill()
                watching.communicate()
    root = next(span for span in spans if span.name == "unit")
    assert root.parent_span_id == b""
    below = [span for span in spans if span.name != "unit"]
    assert {span.parent_span_id for span in below} == {root.span_id}
    assert told.services["unit"] == {"sharpcast-app"}
    assert told.services["upscale"] == told.services["encode"] == {"sharpcast-worker"}
    assert all(attributes(span)["stream"] == "traced" for span in spans)
    upscale = next(span for span in spans if span.name == "upscale")
    assert attributes(upscale)["method"].endswith(")")
    encode = next(span for span in spans if span.name == "encode")
    assert upscale.end_time_unix_nano <= encode.end_time_unix_nano
