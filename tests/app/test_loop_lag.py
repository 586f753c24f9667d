from __future__ import annotations

import asyncio
import random
import time

from app.loop_lag import CHECK_S, WINDOW_S, LoopLag
from tests.app.peers import until


def test_the_longest_delay_is_told_until_it_is_over_for_a_while() -> None:
    lag = LoopLag()
    assert lag.longest_s(now=0.0) == 0.0
    lag.note(0.02, now=1.0)
    lag.note(0.5, now=2.0)
    lag.note(0.01, now=3.0)
    assert lag.longest_s(now=3.0) == 0.5
    assert lag.longest_s(now=2.1 + WINDOW_S) == 0.01
    assert lag.longest_s(now=4.0 + WINDOW_S) == 0.0


def test_it_is_the_maximum_of_the_window_whatever_comes_and_keeps_little() -> None:
    of = random.Random(5)
    lag, all_of_them = LoopLag(), []
    for step in range(2000):
        now, late = step * CHECK_S, of.expovariate(100)
        lag.note(late, now=now)
        all_of_them.append((now, late))
        window = [late for at, late in all_of_them if now - at <= WINDOW_S]
        assert lag.longest_s(now=now) == max(window)
    assert len(lag._late) <= WINDOW_S / CHECK_S + 1


async def test_a_loop_that_stands_still_is_seen() -> None:
    lag = LoopLag()
    task = asyncio.get_running_loop().create_task(lag.run(), name="lag")
    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251 - the standstill
    await until(lambda: lag.longest_s(now=time.monotonic()) >= 0.25)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
