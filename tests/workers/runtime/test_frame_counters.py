from __future__ import annotations

import threading

import pytest

from workers.runtime.frame_counters import Counts, FrameCounters


def test_what_frames_asked_for_and_what_they_got_are_summed_each() -> None:
    counters = FrameCounters()
    counters.count_refresh(wanted=0.5, done=0.25)
    before = counters.read()
    counters.count_refresh(wanted=0.25, done=0.25)
    assert (before.temporal_wanted, before.temporal_done) == (0.5, 0.25)
    after = counters.read()
    assert (after.temporal_wanted, after.temporal_done) == (0.75, 0.5)


def test_frames_are_counted_by_level_and_reason_and_drops_by_reason() -> None:
    counters = FrameCounters()
    for reason in ("best", "allocation", "allocation"):
        counters.count_level("temporal", reason)
    counters.drop("late")
    counters.drop("redis", 3)
    counters.count("frames_in", 6)
    counts = counters.read()
    assert counts.levels == {"temporal": {"best": 1, "allocation": 2}}
    assert counts.dropped == {"late": 1, "redis": 3} and counts.frames_in == 6


def test_samples_are_counted_by_device_and_results_by_outcome() -> None:
    counters = FrameCounters()
    counters.count_samples({"": 10, "a": 5})
    counters.count_samples({"a": 7})
    counters.count_results("late")
    counters.count_results("in_time", 3)
    counts = counters.read()
    assert counts.samples == {"": 10, "a": 12}
    assert counts.results == {"late": 1, "in_time": 3}


def test_threads_that_count_at_once_lose_nothing() -> None:
    counters = FrameCounters()

    def work(reason: str) -> None:
        for _ in range(2000):
            counters.count("frames_in")
            counters.drop(reason)
            counters.count_level("full", reason)
            counters.count_refresh(wanted=0.5, done=0.25)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("late", "late", "busy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    counts = counters.read()
    assert counts.frames_in == 6000
    assert counts.dropped == {"late": 4000, "busy": 2000} == counts.levels["full"]
    assert (counts.temporal_wanted, counts.temporal_done) == (3000.0, 1500.0)


def test_what_was_read_does_not_change_afterwards() -> None:
    counters = FrameCounters()
    counters.drop("late")
    counters.count_level("full", "best")
    before = counters.read()
    counters.drop("late")
    counters.drop("busy")
    counters.count_level("full", "best")
    counters.count_level("small", "late")
    assert before.dropped == {"late": 1} and before.levels == {"full": {"best": 1}}


def test_a_counter_that_nobody_knows_is_a_fault() -> None:
    counters = FrameCounters()
    with pytest.raises(KeyError):
        counters.count("unheard_of")
    assert counters.read() == Counts()
