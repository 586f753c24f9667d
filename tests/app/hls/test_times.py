"""Times of tracks: by capture times, sound without holes."""

from __future__ import annotations

import dataclasses

from app.hls.times import MAX_SOUND_ERROR_TICKS, ORIGIN_US, SoundTimes, ticks
from media.access_unit import AccessUnit
from tests.app import fakes


def packet(place: int, *, late_us: int = 0) -> AccessUnit:
    capture_us = ORIGIN_US + 1_000_000 + place * 20_000 + late_us
    return dataclasses.replace(fakes.audio(place), capture_us=capture_us)


def test_times_count_from_the_origin() -> None:
    assert ticks(ORIGIN_US + 1_000_000, 90_000) == 90_000
    assert ticks(ORIGIN_US - 5, 90_000) == 0


def test_sound_begins_at_its_capture_time() -> None:
    assert SoundTimes().place(packet(0)) == 48_000


def test_small_errors_of_the_capture_time_move_nothing() -> None:
    times = SoundTimes()
    late = [0, 3_000, -4_000, 9_000, 0]
    found = [times.place(packet(place, late_us=us)) for place, us in enumerate(late)]
    assert [b - a for a, b in zip(found, found[1:], strict=False)] == [960] * 4


def test_a_large_error_moves_the_sound_to_its_capture_time() -> None:
    times = SoundTimes()
    times.place(packet(0))
    moved = times.place(packet(1, late_us=50_000))
    assert moved == 48_000 + 960 + 2_400
    assert times.place(packet(2, late_us=50_000)) == moved + 960


def test_two_nodes_differ_by_less_than_can_be_seen() -> None:
    early, late = SoundTimes(), SoundTimes()
    early.place(packet(0))
    jittery = packet(1, late_us=15_000)
    assert abs(early.place(jittery) - late.place(jittery)) <= MAX_SOUND_ERROR_TICKS
