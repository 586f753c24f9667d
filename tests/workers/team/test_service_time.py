from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.team.service_time import FIRST_MS_PER_REGION, ServiceTime


def feed(found: ServiceTime, count: int, *, slope: float, region: float, seed: int = 1) -> None:
    """Results of tasks of any size on a device of that speed, with a spread of 10 %."""
    generator = random.Random(seed)
    for _ in range(count):
        regions, samples = generator.randint(1, 6), generator.randint(5_000, 60_000)
        ms = regions * region + slope * samples / 1e6
        found.add(regions, samples, ms * max(0.5, generator.gauss(1.0, 0.1)))


def test_the_first_value_is_that_of_the_device() -> None:
    found = ServiceTime(500.0)
    assert found.ms_per_megasample == 500.0 and found.ms_per_region == FIRST_MS_PER_REGION
    assert found.ms(2, 100_000) == pytest.approx(51.0)
    found.expect(300.0)
    assert found.ms_per_megasample == 300.0


def test_a_first_value_does_not_count_any_more_after_results() -> None:
    found = ServiceTime(500.0)
    feed(found, 20, slope=200.0, region=0.5)
    before = found.ms_per_megasample
    found.expect(9000.0)
    assert found.ms_per_megasample == before


@pytest.mark.parametrize(("slope", "region"), [(100.0, 0.5), (400.0, 3.0), (1500.0, 0.0)])
@pytest.mark.parametrize("prior", [100.0, 1500.0])
def test_overhead_and_speed_are_told_apart(slope: float, region: float, prior: float) -> None:
    found = ServiceTime(prior)
    feed(found, 100, slope=slope, region=region)
    for regions, samples in ((1, 10_000), (1, 60_000), (6, 30_000)):
        true_ms = regions * region + slope * samples / 1e6
        assert found.ms(regions, samples) == pytest.approx(true_ms, rel=0.25)


def test_tasks_that_are_all_alike_are_enough_for_tasks_like_them() -> None:
    found = ServiceTime(100.0)
    for _ in range(60):
        found.add(1, 30_000, 20.0)
    assert found.ms(1, 30_000) == pytest.approx(20.0, rel=0.05)


def test_a_slower_device_is_slower_by_the_next_results_and_recovers_slowly() -> None:
    found = ServiceTime(400.0)
    feed(found, 60, slope=400.0, region=0.5)
    usual = found.ms(1, 30_000)
    found.add(1, 30_000, 4 * usual)
    assert found.ms(1, 30_000) > 2.0 * usual
    for _ in range(3):
        found.add(1, 30_000, 4 * usual)
    assert found.ms(1, 30_000) > 3.0 * usual
    for _ in range(3):
        found.add(1, 30_000, usual)
    assert found.ms(1, 30_000) > 1.5 * usual
    for _ in range(30):
        found.add(1, 30_000, usual)
    assert found.ms(1, 30_000) < 1.15 * usual


def test_a_device_that_slept_is_not_given_up() -> None:
    found = ServiceTime(400.0)
    feed(found, 30, slope=400.0, region=0.5)
    usual = found.ms(1, 30_000)
    found.add(1, 30_000, 60_000.0)
    assert found.ms(1, 30_000) < 12 * usual


@given(
    st.lists(
        st.tuples(
            st.integers(1, 48), st.integers(1, 2_000_000), st.floats(0.0, 1e6, allow_nan=False)
        ),
        max_size=60,
    )
)
def test_estimates_stay_positive_and_grow_with_the_task(
    results: list[tuple[int, int, float]],
) -> None:
    found = ServiceTime(300.0)
    for regions, samples, ms in results:
        found.add(regions, samples, ms)
        assert found.ms_per_region >= 0.0 and found.ms_per_megasample > 0.0
        assert found.ms(1, 1000) < found.ms(1, 2000) <= found.ms(2, 2000)
        assert found.ms(1, 1000) < 1e12


def test_uneven_times_of_a_device_with_a_quota_do_not_make_it_slow() -> None:
    """It works for 6 ms of each 20, so a task of 4 ms takes 4 or 18."""
    found, generator = ServiceTime(500.0), random.Random(3)
    times = [generator.choice((4.0, 6.0, 20.0, 26.0)) for _ in range(200)]
    for ms in times:
        found.add(1, 28_000, ms)
    mean_ms = sum(times) / len(times)
    assert found.ms(1, 28_000) == pytest.approx(mean_ms, rel=0.35)
    assert found.deviation_ms > 4.0


def test_a_short_task_that_waited_for_its_turn_says_little() -> None:
    found = ServiceTime(400.0)
    feed(found, 60, slope=400.0, region=0.5)
    usual = found.ms(1, 30_000)
    found.add(1, 1_000, 15.0)
    assert found.ms(1, 30_000) < 1.6 * usual
