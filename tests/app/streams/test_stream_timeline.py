"""Several connections as one stream."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from app.streams.stream_timeline import StreamTimeline
from media.access_unit import AccessUnit, Flags
from tests.app import fakes


def arriving(unit: AccessUnit, at_us: int, *, pts: int) -> AccessUnit:
    return dataclasses.replace(unit, arrival_us=at_us, pts=pts)


def test_one_connection_keeps_its_times() -> None:
    line = StreamTimeline()
    units = [fakes.video(0, key=True), fakes.audio(0), fakes.video(1), fakes.audio(1)]
    assert [line.place(unit) for unit in units] == units


def test_the_next_connection_stands_as_far_behind_as_it_arrived_later() -> None:
    line = StreamTimeline()
    line.place(arriving(fakes.video(0, key=True), 1_000_000, pts=70_000))
    line.place(arriving(fakes.audio(0), 1_010_000, pts=5_000))
    line.begin()
    video = line.place(arriving(fakes.video(0, key=True), 4_000_000, pts=-12_345))
    audio = line.place(arriving(fakes.audio(0), 4_010_000, pts=999_999))
    assert video.pts == 70_000 + 3 * 90_000
    assert audio.pts == 5_000 + 3 * 48_000
    assert (video.sequence, audio.sequence) == (1, 1)
    assert video.flags == Flags.KEY | Flags.DISCONTINUITY
    assert audio.flags == Flags.KEY
    after = line.place(arriving(fakes.video(1), 4_033_000, pts=-12_345 + 3000))
    assert (after.pts, after.sequence, after.flags) == (video.pts + 3000, 2, Flags.NONE)


def test_a_kind_that_only_the_second_connection_has_begins_at_its_own_time() -> None:
    line = StreamTimeline()
    line.place(fakes.video(0, key=True))
    line.begin()
    assert line.place(fakes.audio(7)).pts == 7 * 960


@given(
    st.lists(
        st.tuples(st.integers(-(2**40), 2**40), st.integers(1, 40), st.integers(-(10**6), 10**7)),
        min_size=1,
        max_size=8,
    )
)
def test_time_and_count_always_go_forward(connections: list[tuple[int, int, int]]) -> None:
    line, now_us, placed = StreamTimeline(), 10**9, []
    for first_pts, count, pause_us in connections:
        now_us += pause_us  # a clock may even go back
        line.begin()
        for index in range(count):
            unit = fakes.video(index, key=index == 0)
            placed.append(line.place(arriving(unit, now_us, pts=first_pts + 3000 * index)))
            now_us += 33_333
    times = [unit.pts for unit in placed]
    assert times == sorted(set(times))
    assert [unit.sequence for unit in placed] == list(range(len(placed)))
