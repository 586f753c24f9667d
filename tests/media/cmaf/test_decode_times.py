"""Times of decoding: in order, near the times of showing, also with B-frames."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.cmaf.decode_times import DecodeTimes


def place(shown: list[int]) -> list[int]:
    times = DecodeTimes()
    return [times.place(each) for each in shown]


def test_without_b_frames_both_times_are_one() -> None:
    assert place([9000, 12_000, 15_000, 33_000, 36_000]) == [9000, 12_000, 15_000, 33_000, 36_000]


def test_a_pause_is_none_of_reordering() -> None:
    times = DecodeTimes()
    for each in (0, 3000, 903_000, 906_000):
        assert times.place(each) == each
    assert not times.reorders


def test_with_b_frames_pictures_are_decoded_an_interval_apart() -> None:
    # I0 P3 B1 B2 P6 B4 B5 P9: once reordering is seen, times go on evenly.
    shown = [each * 3000 for each in (0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11)]
    found = place(shown)
    assert found == sorted(set(found))
    assert [b - a for a, b in zip(found[6:], found[7:], strict=False)] == [3000] * 6


def test_reordering_is_told() -> None:
    times = DecodeTimes()
    for each in (0, 9000, 3000):
        times.place(each)
    assert times.reorders


def test_times_of_decoding_do_not_fall_behind_for_ever() -> None:
    times = DecodeTimes()
    for each in (0, 9000, 3000, 6000):
        times.place(each)
    # Ten minutes without a picture, again and again.
    for minute in range(1, 5):
        shown = minute * 54_000_000
        assert 0 <= shown - times.place(shown) <= 16 * 3000


def test_two_pictures_of_one_time_are_decoded_a_tick_apart() -> None:
    assert place([0, 3000, 3000, 6000]) == [0, 3000, 3001, 6000]


@given(st.lists(st.integers(0, 1 << 40), max_size=60))
def test_times_always_grow(shown: list[int]) -> None:
    found = place(shown)
    assert all(a < b for a, b in zip(found, found[1:], strict=False))
