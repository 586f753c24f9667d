from __future__ import annotations

from workers.runtime.frame_counters import FrameCounters


def test_what_frames_asked_for_and_what_they_got_are_summed_each() -> None:
    counters = FrameCounters()
    counters.count_refresh(wanted=0.5, done=0.25)
    before = counters.read()
    counters.count_refresh(wanted=0.25, done=0.25)
    assert (before.temporal_wanted, before.temporal_done) == (0.5, 0.25)
    after = counters.read()
    assert (after.temporal_wanted, after.temporal_done) == (0.75, 0.5)


def test_frames_are_counted_by_rung_and_reason_and_drops_by_reason() -> None:
    counters = FrameCounters()
    for reason in ("best", "allocation", "allocation"):
        counters.count_level("temporal", reason)
    counters.drop("late")
    counters.drop("redis", 3)
    counters.count("frames_in", 6)
    counts = counters.read()
    assert counts.levels == {"temporal": {"best": 1, "allocation": 2}}
    assert counts.dropped == {"late": 1, "redis": 3} and counts.frames_in == 6
