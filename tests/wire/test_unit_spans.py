"""What each process tells of a unit, from its stamps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from wire import tracing, unit_spans
from wire.tracing import Span, UnitTraces

C = Checkpoint


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    found: list[Span] = []
    tracing.current = UnitTraces(1.0, found.append)
    yield found
    tracing.current = None


def unit(*stamps: tuple[Checkpoint, int], kind: Kind = Kind.VIDEO) -> AccessUnit:
    codec = Codec.H264 if kind is Kind.VIDEO else Codec.OPUS
    return AccessUnit(kind, codec, Flags.KEY, 1, 90_000, 90_000, 50, 100, b"abc", stamps=stamps)


def times(spans: list[Span]) -> dict[str, tuple[int, int]]:
    return {span.name: (span.began_us, span.ended_us) for span in spans}


def test_the_app_tells_what_it_received_and_appended(spans: list[Span]) -> None:
    unit_spans.tell_ingest("cam1", [unit((C.ARRIVED, 120), (C.LOGGED, 130))])
    found = times(spans)
    assert found["receive"] == (100, 120)
    assert found["append"][0] == 120
    assert found["unit"][0] == 100 and found["unit"][1] > 10**15
    assert all(span.attributes["sharpcast.stream"] == "cam1" for span in spans)


def test_the_worker_tells_how_a_picture_was_made(spans: list[Span]) -> None:
    source = unit((C.ARRIVED, 120), (C.LOGGED, 130))
    own = [(C.FETCHED, 140), (C.DECODED, 145), (C.ENHANCED, 165)]
    unit_spans.tell_picture("cam1", "enhanced", source, own, made_by="full (best)")
    assert times(spans) == {"read": (130, 140), "decode": (140, 145), "upscale": (145, 165)}
    assert spans[2].attributes["sharpcast.method"] == "full (best)"


def test_the_worker_tells_what_it_encoded(spans: list[Span]) -> None:
    unit_spans.tell_coded("cam1", "enhanced", unit((C.ENHANCED, 165), (C.ENCODED, 170)))
    (span,) = spans
    assert (span.name, span.began_us, span.ended_us) == ("encode", 165, 170)
    assert (span.attributes["sharpcast.codec"], span.attributes["sharpcast.bytes"]) == ("h264", 3)


def test_a_copied_unit_has_no_encode(spans: list[Span]) -> None:
    unit_spans.tell_coded("cam1", "enhanced", unit((C.FETCHED, 140)))
    assert spans == []


def test_the_app_tells_what_it_sent(spans: list[Span]) -> None:
    sent = unit((C.ENCODED, 170), (C.PUBLISHED, 175), (C.DELIVERED, 180))
    unit_spans.tell_delivery("cam1", "enhanced", sent)
    found = times(spans)
    assert found["publish"] == (170, 175)
    assert found["deliver"] == (175, 180)
    assert found["send"][0] == 180


def test_tasks_of_helpers_are_below_the_picture_they_are_for(spans: list[Span]) -> None:
    own = [(C.DECODED, 145), (C.ENHANCED, 165)]
    unit_spans.tell_picture("cam1", "enhanced", unit(), own)
    for number in (1, 2):
        unit_spans.tell_task("cam1", "enhanced", 90_000, 0.02, {"number": number})
    upscale, one, two = spans
    assert one.parent_id == two.parent_id == upscale.span_id
    assert one.trace_id == upscale.trace_id
    assert one.span_id != two.span_id
    assert one.ended_us - one.began_us == 20_000


def test_sound_is_not_traced(spans: list[Span]) -> None:
    unit_spans.tell_ingest("cam1", [unit((C.ARRIVED, 120), kind=Kind.AUDIO)])
    assert spans == []


def test_while_traces_are_off_nothing_is_told() -> None:
    assert tracing.current is None
    unit_spans.tell_ingest("cam1", [unit((C.ARRIVED, 120))])
    unit_spans.tell_picture("cam1", "enhanced", unit(), [])
    unit_spans.tell_coded("cam1", "enhanced", unit())
    unit_spans.tell_delivery("cam1", "enhanced", unit())
    unit_spans.tell_task("cam1", "enhanced", 1, 0.1, {})
