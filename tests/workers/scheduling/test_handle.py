from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.scheduling.cost_model import FrameCost
from workers.scheduling.degradation import QualityLevel, Reason
from workers.scheduling.handle import SharedScheduler
from workers.scheduling.resource_budget import ENGINE_MS_PER_S
from workers.scheduling.scheduler import FrameRequest


def fresh() -> FrameRequest:
    return FrameRequest(
        arrived=time.monotonic(),
        interval_s=0.1,
        pixels=100,
        available=frozenset((QualityLevel.FULL,)),
    )


def took(engine_s: float) -> FrameCost:
    return FrameCost(engine_s + 0.020, engine_s, turn_s=engine_s, beside_s=0.020)


def test_seats_share_one_engine() -> None:
    engine_time = SharedScheduler()
    one, two = engine_time.seat(), engine_time.seat()
    for seat in (one, two):
        seat.expect(QualityLevel.FULL, 0.085)
    assert one.choose(fresh()).rung is QualityLevel.FULL
    assert two.choose(fresh()).rung is QualityLevel.BICUBIC
    one.took(QualityLevel.FULL, took(0.030), 1.0)
    assert engine_time.spent_ms_per_s() == pytest.approx(10.0)
    assert one.standing().full_ms == pytest.approx((3 * 85.0 + 30.0) / 4)


def test_the_process_is_measured_and_the_cores_that_are_left_are_given() -> None:
    engine_time = SharedScheduler(cores=1, threads=1)
    seat = engine_time.seat()
    assert engine_time.given_ms_per_s == ENGINE_MS_PER_S
    # A frame in 2 ms, of which each takes half of that and no net.
    for _ in range(600):
        arrived, begun = time.monotonic(), time.thread_time()
        while time.thread_time() - begun < 0.001:
            pass
        seat.choose(FrameRequest(arrived, 1 / 500, 100, frozenset()))
    assert engine_time.given_ms_per_s < 0.8 * ENGINE_MS_PER_S


def test_a_thread_that_comes_late_gets_a_resize() -> None:
    seat = SharedScheduler().seat()
    seat.leave()
    seat.leave()
    assert seat.choose(fresh()).rung is QualityLevel.BICUBIC
    seat.took(QualityLevel.FULL, took(1.0), 1.0)
    seat.expect(QualityLevel.FULL, 1.0)
    seat.forget()
    seat.watch(False)
    assert seat.foresee(arrived=0.0, interval_s=0.1) is Reason.NO_NET
    assert seat.standing().full_ms is None


def test_many_threads_may_ask_at_once() -> None:
    engine_time = SharedScheduler()

    def live(_: int) -> None:
        seat = engine_time.seat()
        for _ in range(100):
            if seat.choose(fresh()).rung is QualityLevel.FULL:
                seat.took(QualityLevel.FULL, took(0.0001), 1.0)
            seat.watch(True)
        seat.leave()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(live, range(8))) == [None] * 8
