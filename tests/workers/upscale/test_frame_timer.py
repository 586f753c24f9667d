from __future__ import annotations

import time

import pytest

from workers.engines.engine_lock import EngineLock
from workers.upscale.frame_timer import FrameTimer


def work(seconds: float) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


def test_the_engine_is_taken_off_the_threads_own_time() -> None:
    engine = EngineLock(1)
    timer = FrameTimer(engine)
    with timer.running():
        work(0.004)
        with engine.hold():
            work(0.010)
    usage = timer.usage(0.5)
    assert usage.engine_s == pytest.approx(0.010, abs=0.002)
    assert usage.cpu_s == pytest.approx(0.004, abs=0.002)
    assert usage.passed_s >= 0.013 and usage.hold_s >= 0.009
    assert (usage.planned_s, usage.plan_cpu_s, usage.fraction) == (0.0, 0.0, 0.5)


def test_planning_has_a_time_of_its_own_and_is_part_of_the_threads() -> None:
    timer = FrameTimer(EngineLock(1))
    work(0.005)
    timer.planned()
    with timer.running():
        work(0.002)
    usage = timer.usage(1.0)
    assert usage.plan_cpu_s == pytest.approx(0.005, abs=0.002)
    assert usage.planned_s >= usage.plan_cpu_s * 0.9
    assert usage.cpu_s == pytest.approx(0.007, abs=0.003)
    assert usage.engine_s == usage.hold_s == 0.0


def test_what_a_device_works_is_no_time_of_the_thread() -> None:
    engine = EngineLock(0)
    timer = FrameTimer(engine)
    with timer.running():
        engine.record(waited_s=0.0, worked_s=0.5)
    usage = timer.usage(1.0)
    assert usage.engine_s == usage.hold_s == 0.5 and usage.cpu_s < 0.1
