from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.rtp.media_timeline import AHEAD_S, BACK_S, MediaTimeline

FRAME = 3000
US = 33_333


def times(*sent: tuple[int, int]) -> list[int]:
    """Media times of (RTP time, arrival in us)."""
    timeline = MediaTimeline(90_000)
    return [timeline.at(pts, arrival_us=arrival) for pts, arrival in sent]


def test_an_even_clock_passes_as_it_is() -> None:
    sent = [(7 + FRAME * n, US * n) for n in range(100)]
    assert times(*sent) == [pts for pts, _ in sent]


def test_jumps_either_way_become_the_time_that_passed() -> None:
    for jump in (-(1 << 31), -90_000 * 3600, -90_000 * 5, 90_000 * 5, 90_000 * 3600, 1 << 31):
        sent = [(FRAME * n + (jump if n >= 50 else 0), US * n) for n in range(100)]
        steps = [after - before for before, after in itertools.pairwise(times(*sent))]
        assert steps[:49] == [FRAME] * 49 and steps[50:] == [FRAME] * 49
        assert FRAME - 5 <= steps[49] <= FRAME + 5


def test_a_pause_is_no_jump() -> None:
    hour = 3600
    assert times((0, 0), (90_000 * hour, 1_000_000 * hour)) == [0, 90_000 * hour]
    # A clock that stood still during the pause goes on where it was.
    assert times((0, 0), (FRAME, 1_000_000 * hour)) == [0, FRAME]


def test_pictures_in_the_order_of_decoding_keep_their_times() -> None:
    order = [0, 3, 1, 2, 6, 4, 5]
    sent = [(FRAME * picture, US * n) for n, picture in enumerate(order)]
    assert times(*sent) == [FRAME * picture for picture in order]


def test_jumps_are_counted() -> None:
    timeline = MediaTimeline(48_000)
    for pts in (0, 960, 48_000_000, 48_000_960, 0):
        timeline.at(pts, arrival_us=0)
    assert timeline.jumps == 2


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 10**7)), max_size=50))
def test_media_time_never_leaps_whatever_is_sent(steps: list[tuple[int, int]]) -> None:
    timeline, arrival, newest = MediaTimeline(90_000), 0, None
    for pts, wait in steps:
        arrival += wait
        time = timeline.at(pts, arrival_us=arrival)
        if newest is not None:
            assert time >= newest - BACK_S * 90_000
            assert time <= newest + (wait * 9 // 100) + AHEAD_S * 90_000 + 1
        newest = time if newest is None else max(newest, time)
