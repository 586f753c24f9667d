from __future__ import annotations

import pytest

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
