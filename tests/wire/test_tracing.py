"""Which units are traced, and that all processes find the same ids by themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wire import tracing
from wire.tracing import ROOT, Span, UnitTrace, UnitTraces


def traced(ratio: float = 1.0) -> tuple[UnitTraces, list[Span]]:
    spans: list[Span] = []
    return UnitTraces(ratio, spans.append), spans


def one(traces: UnitTraces, stream: str = "cam1", pts: int = 90_000) -> UnitTrace:
    found = traces.of(stream, pts)
    assert found is not None
    return found


@pytest.mark.parametrize("ratio", [0.001, 0.1, 0.5])
def test_so_many_units_are_traced(ratio: float) -> None:
    traces, _ = traced(ratio)
    found = sum(traces.of("cam1", 3000 * number) is not None for number in range(20_000))
    assert found == pytest.approx(20_000 * ratio, rel=0.1, abs=12)


def test_none_and_all_are_traced_at_the_ends() -> None:
    none, every = traced(0.0)[0], traced(1.0)[0]
    for number in range(1000):
        assert none.of("cam1", number) is None
        assert every.of("cam1", number) is not None


def test_a_larger_ratio_traces_what_a_smaller_one_does() -> None:
    few, many = traced(0.01)[0], traced(0.2)[0]
    for number in range(5000):
        if few.of("cam1", number) is not None:
            assert many.of("cam1", number) is not None


def test_another_process_finds_the_same_ids() -> None:
    program = (
        "from wire.tracing import UnitTraces\nspans = []\n"
        "trace = UnitTraces(1.0, spans.append).of('cam1', 90000)\n"
        "trace.span('upscale', 1, 2, rendition='enhanced')\n"
        "print(spans[0].trace_id, spans[0].span_id, spans[0].parent_id)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60
    )
    traces, spans = traced()
    one(traces).span("upscale", 1, 2, rendition="enhanced")
    found = (spans[0].trace_id, spans[0].span_id, spans[0].parent_id)
    assert tuple(map(int, run.stdout.split())) == found


def test_streams_and_pictures_have_traces_of_their_own() -> None:
    traces, _ = traced()
    ids = {one(traces, stream, pts).trace_id for stream in ("a", "b") for pts in (1, 2)}
    assert len(ids) == 4
    assert all(0 < each < 2**128 for each in ids)


def test_spans_are_below_the_unit_or_the_span_that_they_name() -> None:
    traces, spans = traced()
    trace = one(traces)
    trace.span(ROOT, 10, 20)
    trace.span("upscale", 12, 18, rendition="enhanced", facts={"method": "full"})
    trace.span("task", 13, 15, rendition="enhanced", parent="upscale", key="1")
    trace.span("task", 14, 16, rendition="enhanced", parent="upscale", key="2")
    root, upscale, first, second = spans
    assert root.parent_id == 0
    assert upscale.parent_id == root.span_id
    assert first.parent_id == second.parent_id == upscale.span_id
    assert len({span.span_id for span in spans}) == 4
    assert upscale.attributes["sharpcast.method"] == "full"
    assert upscale.attributes["sharpcast.rendition"] == "enhanced"
    assert root.attributes == {"sharpcast.stream": "cam1", "sharpcast.pts": 90_000}


def test_a_span_whose_ends_are_not_known_is_left_out_and_none_is_negative() -> None:
    traces, spans = traced()
    one(traces).span("read", None, 5)
    one(traces).span("read", 5, None)
    assert spans == []
    one(traces).span("read", 9, 5)
    assert (spans[0].began_us, spans[0].ended_us) == (9, 9)


def test_traces_are_off_until_they_are_begun() -> None:
    assert tracing.current is None
