"""Units with the times of a camera, for packagers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from app.hls.segmenter import SEGMENT_US, Event, MadePart, SegmentEnd, Segmenter
from media.access_unit import AccessUnit, Flags
from tests.app import coding, fakes

SLOT = 900_000_000
BEGIN_US = SLOT * SEGMENT_US
"""Capture time at which a slot begins."""

SIZE = (96, 64)


def picture(
    at_ms: float,
    *,
    key: bool = False,
    size: tuple[int, int] = SIZE,
    flags: Flags = Flags.NONE,
) -> AccessUnit:
    """A picture that was captured so many ms behind the beginning of ``SLOT``."""
    units = coding.h264(*size, 2)
    at_us = BEGIN_US + round(at_ms * 1000)
    return dataclasses.replace(
        fakes.video(round(at_ms), key=key, flags=flags),
        payload=units[0 if key else 1],
        pts=round(at_ms * 90),
        capture_us=at_us,
        arrival_us=at_us,
        width=size[0],
        height=size[1],
    )


def packet(at_ms: float) -> AccessUnit:
    """A packet of sound of 20 ms."""
    at_us = BEGIN_US + round(at_ms * 1000)
    return dataclasses.replace(
        fakes.audio(0),
        payload=coding.OPUS_SILENCE,
        pts=round(at_ms * 48),
        capture_us=at_us,
        arrival_us=at_us,
    )


def film(
    begin_ms: float, end_ms: float, *, keys: Iterable[float] = (), step_ms: float = 40
) -> list[AccessUnit]:
    """Pictures at 25 a second, key frames at the nearest of those times."""
    count = round((end_ms - begin_ms) / step_ms)
    times = [begin_ms + place * step_ms for place in range(count)]
    marked = {min(times, key=lambda at, key=key: abs(at - key)) for key in keys}  # type: ignore[misc]
    return [picture(at, key=at in marked) for at in times]


def take(segmenter: Segmenter, units: Iterable[AccessUnit]) -> list[Event]:
    """All that is made of the units."""
    return [event for unit in units for event in segmenter.take(unit)]


def parts(events: Iterable[Event]) -> list[MadePart]:
    """The parts among the events."""
    return [event for event in events if isinstance(event, MadePart)]


def ends(events: Iterable[Event]) -> list[int]:
    """The numbers of the segments that ended, counted from ``SLOT``."""
    return [event.segment - SLOT for event in events if isinstance(event, SegmentEnd)]
