"""Rates and latencies in virtual time: ``meters.py``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.streams.meters import (
    SAMPLES,
    WINDOW_S,
    LatencyMeter,
    RateMeter,
    percentiles,
    stage_latencies,
)
from media.access_unit import AccessUnit, Checkpoint
from tests.app import fakes


def test_rates_are_those_of_the_last_seconds() -> None:
    meter = RateMeter()
    for step in range(300):
        meter.add(1000, now=step / 30)
    assert meter.fps(now=299 / 30) == pytest.approx(30, abs=0.5)
    assert meter.kbps(now=299 / 30) == pytest.approx(240, abs=4)
    assert meter.fps(now=299 / 30 + 1.5) == pytest.approx(15, abs=0.5)
    assert meter.fps(now=299 / 30 + 10) == 0
    assert meter.kbps(now=299 / 30 + 10) == 0


def test_a_meter_says_nothing_in_its_first_half_second() -> None:
    meter = RateMeter()
    assert meter.fps(now=0.0) == 0
    meter.add(1000, now=5.0)
    meter.add(1000, now=5.1)
    assert (meter.fps(now=5.1), meter.kbps(now=5.1)) == (0, 0)
    assert meter.fps(now=5.5) == pytest.approx(4)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_percentiles_are_values_that_were_measured(values: list[int]) -> None:
    found = percentiles(values)
    rounded = {round(value / 1000, 2) for value in values}
    assert {found.p50, found.p95} <= rounded
    assert found.p50 <= found.p95


def stamped(*stamps: tuple[Checkpoint, int]) -> AccessUnit:
    unit = fakes.video(0)
    return AccessUnit(
        unit.kind, unit.codec, unit.flags, 0, 0, 90_000, 0, 0, b"x", stamps=tuple(stamps)
    )


def test_latency_is_split_by_the_stages_that_were_passed() -> None:
    meter = LatencyMeter()
    unit = stamped(
        (Checkpoint.ARRIVED, 1000),
        (Checkpoint.LOGGED, 3000),
        (Checkpoint.DECODED, 8000),
        (Checkpoint.DELIVERED, 11_000),
    )
    assert meter.add(unit) == 10_000
    total = meter.total()
    assert total is not None
    assert (total.p50, total.p95) == (10.0, 10.0)
    assert [(name, spread.p50) for name, spread in meter.stages()] == [
        ("ingest", 2.0),
        ("decode", 5.0),
        ("deliver", 3.0),
    ]


def test_units_without_both_ends_are_no_samples() -> None:
    meter = LatencyMeter()
    assert meter.add(stamped((Checkpoint.ARRIVED, 1))) is None
    assert meter.add(stamped((Checkpoint.DELIVERED, 1))) is None
    assert len(meter) == 0
    assert meter.total() is None
    assert meter.stages() == []


def test_samples_are_bounded() -> None:
    meter = LatencyMeter()
    for _ in range(SAMPLES + 5):
        meter.add(stamped((Checkpoint.ARRIVED, 0), (Checkpoint.DELIVERED, 1)))
    assert len(meter) == SAMPLES


def test_a_unit_counts_for_as_long_as_the_window() -> None:
    meter = RateMeter()
    meter.add(3000, now=10.0)
    meter.add(0, now=10.0 + WINDOW_S)
    assert meter.kbps(now=10.0 + WINDOW_S) == pytest.approx(24 / WINDOW_S)
    assert meter.kbps(now=10.001 + WINDOW_S) == 0
    assert meter.fps(now=10.001 + WINDOW_S) == pytest.approx(1 / WINDOW_S, rel=0.01)


def test_a_rate_begins_exactly_half_a_second_after_the_first_unit() -> None:
    meter = RateMeter()
    meter.add(1000, now=1.0)
    assert (meter.fps(now=1.499), meter.kbps(now=1.499)) == (0, 0)
    assert (meter.fps(now=1.5), meter.kbps(now=1.5)) == (2.0, 16.0)


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [
        ([1234], 1.23, 1.23),
        ([3000, 1000], 1.0, 3.0),
        (list(range(0, 101_000, 1000)), 50.0, 95.0),
        ([5000] * 19 + [90_000], 5.0, 5.0),
        ([5000] * 18 + [90_000] * 2, 5.0, 90.0),
    ],
)
def test_percentiles_are_those_of_the_nearest_rank(
    values: list[int], p50: float, p95: float
) -> None:
    found = percentiles(values)
    assert (found.p50, found.p95) == (p50, p95)


def test_a_stage_is_measured_from_the_last_one_that_was_passed() -> None:
    meter = LatencyMeter()
    meter.add(
        stamped((Checkpoint.ARRIVED, 0), (Checkpoint.FETCHED, 7000), (Checkpoint.DELIVERED, 9000))
    )
    meter.add(
        stamped(
            (Checkpoint.ARRIVED, 0), (Checkpoint.LOGGED, 1000), (Checkpoint.FETCHED, 2000),
            (Checkpoint.DELIVERED, 2500),
        )
    )  # fmt: skip
    stages = dict(meter.stages())
    assert list(stages) == ["ingest", "queue", "deliver"]
    assert (stages["queue"].p50, stages["queue"].p95) == (1.0, 7.0)
    assert stages["deliver"].p95 == 2.0


def test_the_oldest_sample_goes_first() -> None:
    meter = LatencyMeter()
    meter.add(stamped((Checkpoint.ARRIVED, 0), (Checkpoint.DELIVERED, 10**6)))
    for _ in range(SAMPLES):
        meter.add(stamped((Checkpoint.ARRIVED, 0), (Checkpoint.DELIVERED, 1000)))
    total = meter.total()
    assert total is not None and (total.p50, total.p95) == (1.0, 1.0)


def test_each_stage_is_what_passed_since_the_stamp_before() -> None:
    unit = stamped(
        (Checkpoint.ARRIVED, 1000), (Checkpoint.LOGGED, 1500), (Checkpoint.DELIVERED, 4000)
    )
    assert stage_latencies(unit) == {"ingest": 500, "deliver": 2500}
    assert stage_latencies(stamped()) == {}
    assert stage_latencies(stamped((Checkpoint.ARRIVED, 5))) == {}
