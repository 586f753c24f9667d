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


def test_with_b_frames_pictures_are_decoded_an_interval_apart() -> None:
    # I0 P3 B1 B2 P6 B4 B5 P9: once reordering is seen, times go on evenly.
    shown = [each * 3000 for each in (0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11)]
    found = place(shown)
    assert found == sorted(set(found))
    assert [b - a for a, b in zip(found[6:], found[7:], strict=False)] == [3000] * 6


def test_a_group_without_reordering_ends_it() -> None:
    # The clock is set back by 100 ms once, in a stream without B-frames.
    times = DecodeTimes()
    shown = [0, 3000, 6000, 0, 3000, 6000, 9000, 12_000]
    found = [times.place(each, is_key=not n) for n, each in enumerate(shown)]
    assert found[3] == 6001
    late = [times.place(15_000 + 3000 * n, is_key=n in (0, 4)) for n in range(8)]
    assert late[4:] == [15_000 + 3000 * n for n in range(4, 8)]


def test_who_begins_later_gives_the_same_times() -> None:
    early, late = DecodeTimes(), DecodeTimes()
    shown = [3000 * n - (9000 if n >= 7 else 0) for n in range(40)]
    for n, each in enumerate(shown):
        found = early.place(each, is_key=n % 10 == 0)
        if n >= 10:
            other = late.place(each, is_key=n % 10 == 0)
            if n >= 20:
                assert found == other == each


def test_b_frames_go_on_over_key_frames() -> None:
    # I0 P3 B1 B2 | I6 P9 B7 B8 | ... closed groups, each a key frame and one of the others.
    group = (0, 3, 1, 2)
    times, found = DecodeTimes(), []
    for n in range(6):
        found += [times.place((4 * n + each) * 3000, is_key=each == 0) for each in group]
    assert found == sorted(set(found))
    assert [b - a for a, b in zip(found[8:], found[9:], strict=False)] == [3000] * 15


def test_a_clock_set_back_at_a_key_frame_counts_from_there() -> None:
    times = DecodeTimes()
    times.place(0, is_key=True)
    times.place(9000)
    assert times.place(6000, is_key=True) == 9001
    assert [times.place(each) for each in (10_000, 13_000)] == [10_000, 13_000]


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


@given(st.lists(st.tuples(st.integers(0, 1 << 40), st.booleans()), max_size=60))
def test_times_always_grow(pictures: list[tuple[int, bool]]) -> None:
    times = DecodeTimes()
    found = [times.place(shown, is_key=is_key) for shown, is_key in pictures]
    assert all(a < b for a, b in zip(found, found[1:], strict=False))
