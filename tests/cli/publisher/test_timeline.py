"""The time line of a live source, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.publisher.timeline import MAX_JUMP_US, Timeline
from media.access_unit import Kind

STEP = 40_000
S = 1_000_000


class Source:
    """Places packets whose packets come when they are due."""

    def __init__(self) -> None:
        self.line = Timeline()
        self.now = 5000 * S
        "Monotonic clocks begin anywhere."

    def video(self, at: int | None) -> int:
        return self.line.place(Kind.VIDEO, at, step=STEP, now=self.now)

    def sound(self, at: int | None) -> int:
        return self.line.place(Kind.AUDIO, at, step=20_000, now=self.now)


@pytest.mark.parametrize("first", [0, 7_000 * S, -3 * S])
def test_it_begins_at_zero_and_keeps_distances(first: int) -> None:
    source = Source()
    assert [source.video(first + index * STEP) for index in range(4)] == [
        0,
        40_000,
        80_000,
        120_000,
    ]
    assert source.line.jumps == 0


def test_both_tracks_have_one_clock() -> None:
    source = Source()
    source.video(100 * S)
    assert source.sound(100 * S + 15_000) == 15_000
    assert source.sound(100 * S + 35_000) == 35_000
    assert source.video(100 * S + STEP) == STEP


def test_a_track_with_a_clock_of_its_own_begins_where_the_other_one_is() -> None:
    """As RTSP's sound before the first sender report."""
    source = Source()
    source.video(0)
    source.now += S
    source.video(S)
    assert source.sound(90_000 * S) == S


def test_a_jump_goes_on_a_step_later() -> None:
    source = Source()
    for index in range(5):
        source.now += STEP
        source.video(index * STEP)
    source.now += STEP
    after = source.video(500 * S)
    assert 4 * STEP < after <= 6 * STEP
    assert source.video(500 * S + STEP) == after + STEP
    assert source.line.jumps == 1


def test_a_clock_that_goes_back_goes_on() -> None:
    source = Source()
    source.video(500 * S)
    source.now += STEP
    assert source.video(0) == STEP
    assert source.video(STEP) == 2 * STEP


def test_both_tracks_jump_together() -> None:
    source = Source()
    for index in range(10):
        source.now += STEP
        source.video(index * STEP)
        source.sound(index * STEP + 5000)
    source.now += STEP
    picture = source.video(900 * S)
    heard = source.sound(900 * S + 5000)
    assert heard == picture + 5000


def test_a_silence_that_the_clock_saw_is_kept() -> None:
    source = Source()
    source.video(0)
    source.now += 30 * S
    assert source.video(30 * S) == 30 * S
    assert source.line.jumps == 0


def test_what_has_no_time_stamp_gets_the_usual_distance() -> None:
    source = Source()
    assert source.video(None) == 0
    assert source.video(None) == STEP
    # The first stamp is taken as the beginning of the source's clock.
    assert source.video(77 * S) > STEP


def test_an_end_that_begins_again_is_no_gap_where_nothing_is_timed() -> None:
    """As a file in a loop, which is read ahead: ``now`` stands still."""
    line = Timeline()
    times = [
        line.place(Kind.VIDEO, at, step=STEP, now=0)
        for at in (*range(0, 10 * STEP, STEP), *range(0, 10 * STEP, STEP))
    ]
    assert times == [index * STEP for index in range(20)]


def test_a_small_step_back_is_no_jump() -> None:
    source = Source()
    source.video(S)
    source.video(S + STEP)
    assert source.video(S + STEP // 2) == STEP + 1
    assert source.video(S + 2 * STEP) == 2 * STEP
    assert source.line.jumps == 0


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.none() | st.integers(-(2**62), 2**62),
            st.integers(0, 10 * MAX_JUMP_US),
        ),
        max_size=60,
    )
)
def test_no_track_ever_goes_back(packets: list[tuple[bool, int | None, int]]) -> None:
    source = Source()
    last = {True: -(2**70), False: -(2**70)}
    for is_video, at, passed in packets:
        source.now += passed
        placed = source.video(at) if is_video else source.sound(at)
        assert placed > last[is_video]
        last[is_video] = placed
