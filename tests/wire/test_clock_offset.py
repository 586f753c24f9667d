from __future__ import annotations

import dataclasses

import pytest

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from wire import clock
from wire.clock_offset import ClockOffset
from wire.connection import Redis
from wire.site import RedisSite

UNIT = AccessUnit(
    kind=Kind.VIDEO,
    codec=Codec.H264,
    flags=Flags.KEY,
    sequence=0,
    pts=0,
    clock_rate=90_000,
    capture_us=0,
    arrival_us=0,
    payload=b"x",
)


def test_age_is_time_in_the_log_and_time_before_it() -> None:
    age = ClockOffset()
    assert age.age_s(UNIT, "1000-0", now_us=1_250_000) == pytest.approx(0.25)
    # The app's clock is an hour off; only the difference of its own stamps counts.
    off = 3_600_000_000
    stamped = dataclasses.replace(
        UNIT, stamps=((Checkpoint.ARRIVED, off), (Checkpoint.LOGGED, off + 30_000))
    )
    assert age.age_s(stamped, "1000-3", now_us=1_250_000) == pytest.approx(0.28)
    assert age.age_s(UNIT, "2000-0", now_us=1_250_000) == 0.0


def test_slow_comparisons_are_passed_over_until_they_are_all_there_is() -> None:
    age, second = ClockOffset(), 1_000_000
    age.learn(5 * second, before_us=0, after_us=400)
    assert age.redis_us(now_us=200) == 5 * second
    for _ in range(3):
        age.learn(9 * second, before_us=0, after_us=90_000)
        assert age.redis_us(now_us=200) == 5 * second
    for _ in range(20):
        age.learn(9 * second, before_us=0, after_us=90_000)
    assert age.redis_us(now_us=45_000) == 9 * second


async def test_the_clock_of_redis_is_compared_with_ours(redis_client: Redis) -> None:
    age = ClockOffset()
    await age.measure(RedisSite(redis_client, "w1").stream("cam").time_us)
    now_us = clock.now_us()
    assert abs(age.redis_us(now_us=now_us) - now_us) < 100_000


@pytest.mark.parametrize("step_s", [60, -60])
def test_a_step_of_redis_clock_makes_no_unit_old(step_s: int) -> None:
    """Between two comparisons of the clocks, what comes is known to be young."""
    age = ClockOffset()
    for number in range(30):
        now_us = 1_000_000_000 + number * 33_333
        # Appended two milliseconds before it is read, a frame after the last one was read.
        entry = f"{(now_us - 2_000) // 1000 + (step_s * 1000 if number > 10 else 0)}-0"
        found_s = age.age_s(UNIT, entry, now_us=now_us, since_us=now_us - 33_333)
        assert found_s <= 0.034


def test_what_is_replayed_is_as_old_as_its_entry_says() -> None:
    age = ClockOffset()
    assert age.age_s(UNIT, "1000-0", now_us=9_000_000, since_us=None) == pytest.approx(8.0)
