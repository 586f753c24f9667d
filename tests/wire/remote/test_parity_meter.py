from __future__ import annotations

import pytest

from wire.remote.parity_meter import WINDOW_S, ParityMeter


def test_nothing_is_known_before_something_was_sent() -> None:
    meter = ParityMeter()
    assert meter.observe(0, 0, now=0.0) == 0.0
    assert meter.observe(0, 0, now=1.0) == 0.0


def test_it_is_the_part_of_the_last_seconds() -> None:
    meter = ParityMeter()
    for second in range(30):
        found = meter.observe(1000 * second, 50 * second, now=float(second))
    assert found == pytest.approx(0.05)
    content, parity = 29_000, 29 * 50
    for second in range(30, 45):
        content, parity = content + 1000, parity + 300
        found = meter.observe(content, parity, now=float(second))
        passed = min(second - 29, WINDOW_S)
        assert found == pytest.approx((300 * passed + 50 * (WINDOW_S - passed)) / 10_000, abs=1e-3)
    assert len(meter._seen) <= WINDOW_S + 2


def test_after_a_pause_it_is_what_was_sent_since() -> None:
    meter = ParityMeter()
    meter.observe(0, 0, now=0.0)
    meter.observe(1000, 500, now=1.0)
    assert meter.observe(1000, 500, now=100.0) == 0.0
    assert meter.observe(2000, 600, now=101.0) == pytest.approx(0.1)


def test_a_new_link_begins_anew() -> None:
    meter = ParityMeter()
    meter.observe(0, 0, now=0.0)
    assert meter.observe(10_000, 5000, now=1.0) == 0.5
    assert meter.observe(100, 0, now=2.0) == 0.0
    assert meter.observe(1100, 100, now=3.0) == pytest.approx(0.1)
