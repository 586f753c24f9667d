"""The delay of a path without its queues."""

from __future__ import annotations

import math

from wire.link.base_delay import BASE_SLOT_S, BASE_SLOTS, BaseDelay


def test_the_least_delay_counts() -> None:
    base = BaseDelay()
    assert math.isinf(base.least_s)
    for now, delay in ((0.0, 0.05), (0.1, 0.02), (0.2, 0.09), (12.0, 0.03)):
        base.add(delay, now=now)
    assert base.least_s == 0.02


def test_a_delay_of_more_than_a_minute_ago_is_forgotten() -> None:
    base = BaseDelay()
    base.add(0.01, now=0.0)
    for slot in range(1, BASE_SLOTS):
        base.add(0.05, now=slot * BASE_SLOT_S + 0.1 * slot)
    assert base.least_s == 0.01
    base.add(0.05, now=BASE_SLOTS * BASE_SLOT_S + 1)
    assert base.least_s == 0.05


def test_delays_below_zero_are_those_of_clocks_that_differ() -> None:
    base = BaseDelay()
    base.add(-700.0, now=0.0)
    base.add(-699.9, now=0.1)
    assert base.least_s == -700.0
