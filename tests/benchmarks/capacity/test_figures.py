"""What follows from frames and counters."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.capacity.figures import FrameTimes, Served, served, timing, unaccounted
from wire.heartbeat import StreamWork


def steady(number: int, age_ms: float = 20.0) -> list[FrameTimes]:
    """Frames every 33 ms from 0 on."""
    return [FrameTimes(33.0 * n, 33.0 * n + age_ms) for n in range(number)]


def work(stream: str = "s", rendition: str = "enhanced", **fields: Any) -> StreamWork:
    return StreamWork(stream=stream, rendition=rendition, epoch=1, state="enhancing", **fields)


def test_ages_are_from_arrival_to_the_enhanced_log() -> None:
    found = timing([steady(90), steady(10, age_ms=50.0)], 0.0, 2970.0)
    assert (found.frames, found.out, found.out_fraction) == (100, 100, 1.0)
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (20.0, 50.0, 50.0)


def test_only_frames_that_arrived_in_time_count_and_what_never_came_out_is_lost() -> None:
    frames = steady(30)
    frames[12] = FrameTimes(frames[12].arrived, None)
    found = timing([frames], 330.0, 660.0)
    assert (found.frames, found.out) == (10, 9)
    assert found.worst_gap_ms == 66.0


def test_the_worst_gap_is_of_one_stream_and_counts_silence_at_the_ends() -> None:
    pause = [frame for frame in steady(60) if not 500 < frame.arrived < 900]
    assert timing([steady(60), pause], 0.0, 1980.0).worst_gap_ms == 429.0
    late = steady(60)[:40]
    assert timing([late], 0.0, 1980.0).worst_gap_ms == 1980.0 - (39 * 33 + 20)
    stopped = [FrameTimes(frame.arrived, None) for frame in late]
    assert timing([stopped], 0.0, 1980.0).worst_gap_ms == 1980.0
    assert timing([stopped], 0.0, 1980.0).p95_ms == float("inf")


def test_a_streams_counters_are_taken_between_two_heartbeats() -> None:
    before = [
        work(
            "a",
            frames_in=100,
            levels={"full": {"best": 10}},
            temporal_wanted=1.0,
            temporal_done=1.0,
        ),
        work("b", frames_in=100, dropped={"late": 5}, bypassed=1),
    ]
    after = [
        work(
            "a",
            frames_in=130,
            temporal_wanted=5.0,
            temporal_done=3.0,
            levels={
                "full": {"best": 14, "saved": 2},
                "temporal": {"best": 20},
                "small": {"late": 4},
            },
        ),
        work(
            "b",
            frames_in=110,
            dropped={"late": 6, "broken": 2},
            bypassed=3,
            levels={"bicubic": {"allocation": 7}},
        ),
        work("c", frames_in=99),
    ]
    assert served(before, after) == Served(
        frames=40,
        full=6,
        temporal=20,
        smaller=4,
        bicubic=7,
        copied=2,
        dropped=3,
        temporal_wanted=4.0,
        temporal_done=2.0,
    )


def test_each_rendition_of_a_stream_is_compared_with_itself() -> None:
    before = [work("a", frames_in=100), work("a", "sharp", frames_in=7)]
    after = [work("a", frames_in=130), work("a", "sharp", frames_in=9), work("a", "new")]
    assert served(before, after) == Served(frames=32)


@pytest.mark.parametrize(
    ("got", "fraction"),
    [
        (Served(100, full=40, temporal=60), 1.0),
        (Served(100, full=40, temporal=60, temporal_wanted=9.0, temporal_done=9.0), 1.0),
        (Served(100, full=40, temporal=60, temporal_wanted=9.0, temporal_done=4.5), 0.7),
        (Served(100, full=40, smaller=60), 0.4),
        (Served(0), 0.0),
    ],
)
def test_a_propagated_frame_counts_as_far_as_it_got_what_it_wanted(
    got: Served, fraction: float
) -> None:
    assert got.net_fraction == pytest.approx(fraction)


@pytest.mark.parametrize(
    ("sent", "read", "lost"), [(100, 90, 0), (101, 90, 1), (99, 90, 1), (100, 89, 1)]
)
def test_frames_in_are_frames_out_and_dropped(sent: int, read: int, lost: int) -> None:
    works = [
        work("a", frames_in=60, frames_out=58, dropped={"late": 1, "broken": 1}),
        work("b", frames_in=40, frames_out=32, dropped={"late": 8}),
    ]
    assert unaccounted(sent, read, works) == lost
    works[1] = work("b", frames_in=40, frames_out=32, dropped={"late": 3})
    assert unaccounted(100, 90, works) == 5
