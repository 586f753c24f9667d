"""The check of a viewer's history."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.faults.history import (
    Seen,
    check,
    enhanced_again_s,
    longest_freeze_s,
    shown,
    split_anew,
)

TICKS = 3000


def frames(*numbers: int, height: int = 540, at_s: float = 0.0) -> list[Seen]:
    """Frames at their places on the time line, each when it is due."""
    return [Seen(at_s + n / 30, n * TICKS, n, height) for n in numbers]


def test_a_plain_history_is_sound() -> None:
    result = check(frames(*range(30)))
    assert result.is_sound
    assert (result.shown, result.lost) == (30, 0)


def test_a_picture_that_is_shown_again_is_found() -> None:
    seen = frames(0, 1, 2) + [Seen(0.1, 3 * TICKS, 1, 540), Seen(0.2, 4 * TICKS, 4, 540)]
    result = check(seen)
    assert (result.twice, result.out_of_order) == (1, 1)
    assert not result.is_sound


def test_time_that_goes_back_is_found_also_without_numbers() -> None:
    seen = [Seen(0.0, 9000, None, 540), Seen(0.1, 6000, None, 540), Seen(0.2, 12_000, None, 540)]
    assert check(seen).out_of_order == 1


def test_time_stamps_may_wrap() -> None:
    seen = [Seen(n / 30, (2**32 - 6000 + n * TICKS) % 2**32, n, 540) for n in range(5)]
    assert check(seen).is_sound


def test_frames_for_the_decoder_alone_are_not_shown() -> None:
    last, due = frames(10, 11)
    past = [Seen(0.35, due.rtp - 45 * (10 - n), n, 270) for n in range(10)]
    seen = [last, *past, due]
    assert shown(seen) == [last, due]
    assert check(seen).is_sound
    # As they would be without it:
    spread = [dataclasses.replace(f, rtp=last.rtp + 200 * (i + 1)) for i, f in enumerate(past)]
    assert check([last, *spread, due]).twice == 0
    assert check([last, *spread, due]).out_of_order == 10


def test_what_never_came_is_counted() -> None:
    assert check(frames(0, 1, 2, 6, 7)).lost == 3


def test_an_older_writer_is_found() -> None:
    seen = [
        dataclasses.replace(f, epoch=e) for f, e in zip(frames(0, 1, 2), (1, 2, 1), strict=True)
    ]
    assert check(seen).stale == 1
    assert not check(seen).is_sound


def test_another_connection_may_have_times_of_its_own() -> None:
    seen = frames(0, 1, 2) + [Seen(1.0, 5, 30, 540, connection=1)]
    assert check(seen).is_sound


def test_the_longest_freeze_reaches_over_the_ends_of_the_span() -> None:
    seen = frames(0, 1, 2, 32, 33)
    assert longest_freeze_s(seen, begin_s=0.05, end_s=1.1) == pytest.approx(1.0)
    assert longest_freeze_s(seen, begin_s=0.05, end_s=0.6) == pytest.approx(0.6 - 2 / 30)
    assert longest_freeze_s([], begin_s=0.0, end_s=2.0) == 2.0


def test_enhanced_again_is_when_the_last_disturbance_is_over() -> None:
    seen = frames(0, 1) + frames(*range(2, 60), height=270) + frames(*range(60, 90))
    assert enhanced_again_s(seen, begin_s=0.05, height=540) == pytest.approx(2.0 - 0.05)
    assert enhanced_again_s(frames(*range(90)), begin_s=1.0, height=540) == 0.0
    assert enhanced_again_s(frames(0, 1, 40, 41), begin_s=0.05, height=540) == pytest.approx(
        40 / 30 - 0.05
    )
    assert enhanced_again_s(frames(0, 1, height=270), begin_s=0.0, height=540) is None
    assert enhanced_again_s(frames(0, 1), begin_s=1.0, height=540) is None


def test_the_newest_frame_of_a_history_that_goes_on_is_not_judged() -> None:
    last, due = frames(10, 11)
    past = Seen(0.35, due.rtp - 9, 3, 270)
    assert not check([last, past]).is_sound
    assert check([last, past], is_over=False).is_sound
    assert check([last, past, due], is_over=False).shown == 1
    assert check([], is_over=False).is_sound


def test_the_pictures_of_a_second_publisher_are_judged_apart() -> None:
    first, second = frames(40, 41, 42), frames(0, 1, 2, at_s=5.0)
    assert split_anew([*first, *second], begin_s=1.0) == [first, second]
    assert split_anew(first, begin_s=0.0) == [first]
    # What falls by little, or before the fault, is no second publisher.
    again = frames(40, 41, 30, 42)
    assert split_anew(again, begin_s=0.0) == [again]
    assert split_anew([*first, *second], begin_s=9.0) == [[*first, *second]]
