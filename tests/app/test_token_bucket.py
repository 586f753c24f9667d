from __future__ import annotations

from app.token_bucket import TokenBucket


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


def test_who_spends_in_advance_waits_for_all_before_him() -> None:
    bucket = TokenBucket(per_s=4.0, burst=2.0)
    waits = []
    for _ in range(4):
        waits.append(bucket.wait_s(now=0.0))
        bucket.spend(now=0.0)
    assert waits == [0.0, 0.0, 0.25, 0.5]


def test_no_more_is_owed_than_may_be() -> None:
    bucket = TokenBucket(per_s=4.0, burst=2.0, most_owed=1.0)
    for _ in range(9):
        bucket.spend(now=0.0)
    assert bucket.wait_s(now=0.0) == 0.5
    assert not bucket.take(now=0.25)
    assert bucket.take(now=0.5)


def test_several_tokens_may_be_waited_for() -> None:
    bucket = TokenBucket(per_s=4.0, burst=2.0)
    assert [bucket.wait_s(now=0.0, count=count) for count in (1, 2, 3)] == [0.0, 0.0, 0.25]
    bucket.spend(now=0.0)
    assert [bucket.wait_s(now=0.0, count=count) for count in (1, 2, 3)] == [0.0, 0.25, 0.5]


def test_a_clock_that_goes_back_gains_nothing() -> None:
    bucket = TokenBucket(per_s=1.0, burst=1.0)
    assert bucket.take(now=50.0)
    assert not bucket.take(now=10.0)
    assert bucket.wait_s(now=50.5) == 0.5


def test_a_bucket_is_full_until_something_is_taken() -> None:
    bucket = TokenBucket(per_s=1.0, burst=2.0)
    assert bucket.is_full(now=0.0)
    bucket.spend(now=0.0)
    assert not bucket.is_full(now=0.9)
    assert bucket.is_full(now=1.0)
