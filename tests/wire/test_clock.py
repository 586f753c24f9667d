from __future__ import annotations

import time

from wire.clock import now_us


def test_the_clock_is_near_the_wall_clock() -> None:
    assert abs(now_us() - time.time_ns() // 1000) < 1_000_000


def test_the_clock_never_goes_back() -> None:
    times = [now_us() for _ in range(1000)]
    assert times == sorted(times)
