from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.runtime.meter import WINDOW_S, Meter


def test_it_measures_frames_and_bits_of_the_last_seconds() -> None:
    meter = Meter()
    for index in range(300):
        meter.add(1000, now=index / 30)
    fps, kbps = meter.rates(now=299 / 30)
    assert fps == pytest.approx(30) and kbps == pytest.approx(240)
    assert meter.rates(now=299 / 30 + WINDOW_S + 0.1) == (0.0, 0.0)


def test_one_frame_is_no_rate() -> None:
    meter = Meter()
    assert meter.rates(now=0.0) == (0.0, 0.0)
    meter.add(10, now=0.0)
    assert meter.rates(now=0.0) == (0.0, 0.0)


def test_a_key_frame_counts_with_the_span_behind_it() -> None:
    meter = Meter()
    meter.add(10_000, now=0.0)
    meter.add(1000, now=0.5)
    meter.add(1000, now=1.0)
    # Two intervals of half a second; the first frame's bits came before them.
    assert meter.rates(now=1.0) == (2.0, 16.0)


def test_frames_at_one_moment_have_no_rate() -> None:
    meter = Meter()
    meter.add(10, now=5.0)
    meter.add(10, now=5.0)
    assert meter.rates(now=5.0) == (0.0, 0.0)


def test_the_window_is_closed_at_its_far_end() -> None:
    meter = Meter()
    meter.add(1000, now=0.0)
    meter.add(1000, now=1.0)
    assert meter.rates(now=WINDOW_S) == (1.0, 8.0)
    assert meter.rates(now=WINDOW_S + 0.001) == (0.0, 0.0)


@given(st.lists(st.tuples(st.floats(0.0, 0.5), st.integers(0, 10**6)), min_size=2, max_size=60))
def test_rates_are_those_of_the_frames_in_the_window(frames: list[tuple[float, int]]) -> None:
    meter, now, seen = Meter(), 0.0, []
    for gap, size in frames:
        now += gap
        meter.add(size, now=now)
        seen.append((now, size))
    kept = [(at, size) for at, size in seen if now - at <= WINDOW_S]
    span = kept[-1][0] - kept[0][0]
    fps, kbps = meter.rates(now=now)
    if len(kept) < 2 or span <= 0:
        assert (fps, kbps) == (0.0, 0.0)
        return
    assert fps == pytest.approx((len(kept) - 1) / span)
    assert kbps == pytest.approx(sum(size for _, size in kept[1:]) * 8 / span / 1000)
