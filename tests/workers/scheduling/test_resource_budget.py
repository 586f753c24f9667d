from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.scheduling.option import CPU
from workers.scheduling.resource_budget import (
    CONTENTION_AGE_S,
    CPU_FRACTION,
    ENGINE_MS_PER_S,
    MIN_MS_PER_S,
    YOUNG_S,
    CpuAccounting,
    ResourceBudget,
    frame_cost,
)


def test_where_cores_abound_the_engine_alone_is_paid() -> None:
    budget = ResourceBudget.of()
    assert budget.given_ms == ENGINE_MS_PER_S
    assert budget.price_ms(frame_cost(4.0, 3.0, budget.threads)) == pytest.approx(4.0)


def test_on_one_core_all_work_is_paid_alike() -> None:
    budget = ResourceBudget.of(cpu_ms=600.0, threads=1)
    assert budget.given_ms == 600.0
    assert budget.price_ms(frame_cost(4.0, 3.0, budget.threads)) == pytest.approx(7.0)


def test_a_millisecond_of_a_net_with_three_threads_takes_three_of_the_cores() -> None:
    budget = ResourceBudget.of(cpu_ms=1500.0, threads=3)
    assert budget.given_ms == 500.0
    assert budget.price_ms(frame_cost(4.0, 3.0, budget.threads)) == pytest.approx(4.0 + 1.0)


def test_beside_a_device_the_cores_may_be_what_is_short() -> None:
    budget = ResourceBudget.of(cpu_ms=1000.0, threads=0)
    assert budget.given_ms == ENGINE_MS_PER_S
    assert budget.price_ms(frame_cost(4.0, 1.0, budget.threads)) == pytest.approx(4.0)
    assert budget.price_ms(frame_cost(1.0, 5.0, budget.threads)) == pytest.approx(5.0 * 0.9)


@given(
    st.floats(20.0, 5000.0),
    st.integers(0, 8),
    st.lists(st.tuples(st.floats(0.01, 50.0), st.floats(0.0, 50.0)), min_size=1, max_size=9),
)
def test_what_together_pays_no_more_than_is_given_fits_engine_and_cores(
    cores_ms: float, threads: int, frames: list[tuple[float, float]]
) -> None:
    budget = ResourceBudget.of(cpu_ms=cores_ms, threads=threads)
    paid = sum(budget.price_ms(frame_cost(*frame, threads)) for frame in frames)
    times = budget.given_ms / paid
    engine_ms = times * sum(engine for engine, _ in frames)
    taken_ms = times * sum(threads * engine + beside for engine, beside in frames)
    assert engine_ms <= ENGINE_MS_PER_S * 1.0001 and taken_ms <= cores_ms * 1.0001


class Worker:
    """Frames that each take ``other_ms`` of the cores, and ``net_ms`` that nets pay for."""

    def __init__(self, cores: CpuAccounting, *, age_s: float = 0.01) -> None:
        self.cores = cores
        self.age_s = age_s
        self.slowed = 1.0
        self.now = 100.0
        self.process_s = 33.0

    def work(self, seconds: float, fps: float, *, other_ms: float, net_ms: float = 0.0) -> None:
        frames = 0
        for _ in range(round(4 * seconds)):
            self.now += 0.25
            for _ in range(round(fps / 4)):
                frames += 1
                self.process_s += (other_ms + net_ms) / 1000.0
                net_s = net_ms / 1000.0
                self.cores.spent(net_s, worked_s=net_s, passed_s=self.slowed * net_s)
                self.cores.passed(self.age_s)
            self.cores.tell(self.process_s, now=self.now)


def test_nothing_is_known_of_the_cores_before_frames_passed() -> None:
    cores = CpuAccounting(1, 1)
    assert cores.budget(120.0) == ResourceBudget.of(cpu_ms=math.inf, threads=1)
    Worker(cores).work(0.25, 120.0, other_ms=5.0)
    assert cores.other_ms is None


def test_nets_have_what_the_cores_leave() -> None:
    cores = CpuAccounting(1, 1)
    Worker(cores).work(3.0, 60.0, other_ms=5.0, net_ms=7.0)
    assert cores.other_ms == pytest.approx(5.0)
    assert cores.budget(60.0).given_ms == pytest.approx(1000.0 * CPU_FRACTION - 300.0)
    two = CpuAccounting(2, 1)
    Worker(two).work(3.0, 60.0, other_ms=5.0, net_ms=7.0)
    assert two.budget(60.0).given_ms == ENGINE_MS_PER_S
    assert two.budget(60.0).capacities[CPU] == pytest.approx(2000.0 * CPU_FRACTION - 300.0)


def test_streams_that_come_are_reckoned_with_before_they_were_measured() -> None:
    cores = CpuAccounting(1, 1)
    Worker(cores).work(3.0, 60.0, other_ms=5.0)
    assert cores.budget(120.0).given_ms == pytest.approx(1000.0 * CPU_FRACTION - 600.0)


def test_a_change_is_followed_within_two_seconds() -> None:
    cores = CpuAccounting(1, 1)
    worker = Worker(cores)
    worker.work(5.0, 60.0, other_ms=8.0)
    worker.work(2.5, 60.0, other_ms=4.0)
    assert cores.other_ms == pytest.approx(4.0)


def test_a_silence_says_nothing_about_frames() -> None:
    cores = CpuAccounting(1, 1)
    worker = Worker(cores)
    worker.work(3.0, 60.0, other_ms=5.0)
    worker.now += 60.0
    worker.process_s += 1.0
    worker.work(0.25, 60.0, other_ms=5.0)
    assert cores.other_ms == pytest.approx(5.0)


def test_a_little_is_left_whatever_was_measured() -> None:
    cores = CpuAccounting(1, 2)
    Worker(cores).work(3.0, 60.0, other_ms=50.0)
    assert cores.budget(60.0).given_ms == MIN_MS_PER_S


def test_where_all_frames_are_old_and_work_is_slow_somebody_else_has_the_cores() -> None:
    cores = CpuAccounting(1, 1)
    worker = Worker(cores, age_s=CONTENTION_AGE_S + 0.01)
    worker.work(3.0, 60.0, other_ms=5.0, net_ms=3.0)
    plenty = 1000.0 * CPU_FRACTION - 300.0
    # They may come from far away.
    assert cores.budget(60.0).given_ms == pytest.approx(plenty)
    worker.slowed = 1.5
    worker.work(3.0, 60.0, other_ms=5.0, net_ms=3.0)
    squeezed = cores.budget(60.0).given_ms
    assert squeezed < 0.5 * plenty
    worker.age_s = 0.5 * (CONTENTION_AGE_S + YOUNG_S)
    worker.work(5.0, 60.0, other_ms=5.0)
    assert squeezed < cores.budget(60.0).given_ms < 0.6 * plenty
    worker.age_s = 0.5 * YOUNG_S
    worker.work(10.0, 60.0, other_ms=5.0)
    assert cores.budget(60.0).given_ms == pytest.approx(plenty)


def test_a_quota_below_a_core_leaves_nets_what_the_rest_does_not_take() -> None:
    """A device of 0.4 cores whose other work takes 10 ms a frame has 100 ms a second for nets."""
    cores = CpuAccounting(0.4, 1)
    for frame in range(200):
        cores.passed(0.0)
        cores.tell(frame * 0.010, now=frame / 30)
    budget = cores.budget(30.0)
    assert budget.capacities[CPU] == pytest.approx(CPU_FRACTION * 400.0 - 300.0, abs=3.0)
    cores.cores = 1.0
    assert cores.budget(30.0).capacities[CPU] == pytest.approx(CPU_FRACTION * 1000.0 - 300.0, abs=3)
