"""Pictures go by their time stamps; sound is set to them by the time of capture."""

from __future__ import annotations

import dataclasses

import pytest

from app.recording.file_timeline import MAX_JUMP_US, FileTimeline
from media.access_unit import AccessUnit
from media.codec import Codec
from tests.media import recorded


def picture(number: int, *, late_us: int = 0) -> AccessUnit:
    unit = recorded.picture(Codec.VP8, b"p", number, key=number == 0)
    return dataclasses.replace(unit, capture_us=unit.capture_us + late_us)


def sound(number: int, *, late_us: int = 0, pts: int | None = None) -> AccessUnit:
    unit = recorded.sound(number)
    stamp = unit.pts if pts is None else pts
    return dataclasses.replace(unit, capture_us=unit.capture_us + late_us, pts=stamp)


def test_pictures_are_placed_by_their_time_stamps_whenever_they_come() -> None:
    line = FileTimeline(picture(0))
    places = [line.place_picture(picture(n, late_us=n * 900)) for n in (0, 1, 2, 30)]
    assert [time for time, _ in places] == pytest.approx([0, 33_333, 66_667, 1_000_000], abs=1)
    assert [offset for _, offset in places] == pytest.approx([0, 0, 0, 0], abs=1)


def test_no_picture_is_decoded_before_another() -> None:
    line = FileTimeline(picture(0))
    places = [line.place_picture(picture(n))[0] for n in (0, 3, 3, 4)]
    assert places == sorted(set(places))


def test_b_frames_are_shown_at_their_times_and_decoded_in_their_order() -> None:
    line = FileTimeline(picture(0))
    places = [line.place_picture(picture(n)) for n in (0, 3, 1, 2, 6, 4, 5, 9, 7, 8)]
    decoded = [time for time, _ in places]
    shown = [time + offset for time, offset in places]
    assert decoded == sorted(set(decoded))
    assert shown == pytest.approx([n * 33_333 for n in (0, 3, 1, 2, 6, 4, 5, 9, 7, 8)], abs=10)


def test_sound_is_placed_by_its_time_of_capture_at_first_and_then_by_its_stamps() -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(0))
    places = [
        line.place_sound(sound(n, late_us=7_000 + n * 300, pts=5_000 + 960 * n)) for n in range(4)
    ]
    assert places == [(7_000 + 20_000 * n, 20_000) for n in range(4)]


def test_sound_from_before_the_first_picture_has_no_place() -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(0))
    assert line.place_sound(sound(0, late_us=-50_000)) is None
    assert line.place_sound(sound(3)) is not None


def test_sound_that_comes_twice_has_one_place() -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(0))
    assert line.place_sound(sound(1)) == (20_000, 20_000)
    assert line.place_sound(sound(1)) is None


def test_sound_is_set_anew_where_it_comes_apart_from_the_pictures() -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(0))
    line.place_sound(sound(0))
    # Its stamps make a jump that its times of capture do not.
    placed = line.place_sound(sound(10, pts=960 * 500))
    assert placed == (200_000, 20_000)
    assert line.place_sound(sound(11, pts=960 * 501)) == (220_000, 20_000)


def test_a_clock_of_capture_that_is_set_right_moves_sound_with_the_pictures() -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(0))
    line.place_sound(sound(0))
    # The first sender report moves both by 200 ms; their distance stays.
    line.place_picture(picture(3, late_us=200_000))
    assert line.place_sound(sound(5, late_us=200_000)) == (100_000, 20_000)


@pytest.mark.parametrize(
    ("pts", "is_broken"),
    [
        (3000 * 4, False),
        (3000 * 900, False),
        (90 * MAX_JUMP_US // 1000 + 9000, True),
        (-9000, True),
    ],
)
def test_a_picture_far_from_the_others_needs_another_file(pts: int, is_broken: bool) -> None:
    line = FileTimeline(picture(0))
    line.place_picture(picture(3))
    assert line.is_broken_by(dataclasses.replace(picture(4), pts=pts)) is is_broken
