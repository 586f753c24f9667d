from __future__ import annotations

from app.rtc.bucket import TokenBucket


def test_a_burst_is_taken_at_once_and_then_the_rate() -> None:
    bucket = TokenBucket(per_s=10.0, burst=5.0)
    assert [bucket.take(now=0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert bucket.take(now=0.1)
    assert not bucket.take(now=0.15)


def test_no_more_than_a_burst_is_saved_up() -> None:
    bucket = TokenBucket(per_s=1.0, burst=3.0)
    bucket.take(now=0.0)
    assert sum(bucket.take(now=1000.0) for _ in range(10)) == 3


def test_over_a_minute_the_rate_holds_however_often_it_is_asked() -> None:
    bucket = TokenBucket(per_s=2.0, burst=2.0)
    assert 120 <= sum(bucket.take(now=n / 50) for n in range(3000)) <= 122
