"""Token buckets by key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.buckets import BucketTable, Rate


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    table = BucketTable(Rate(per_s=2.0, burst=3.0))
    assert [table.take("a", now=0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert table.take("a", now=0.25) == pytest.approx(0.25)
    assert table.take("a", now=0.5) == 0.0
    assert table.take("b", now=0.5) == 0.0
    assert [table.take("a", now=100.0) for _ in range(3)] == [0.0] * 3
    assert table.take("a", now=100.0) > 0
    assert table.refused == 3


def test_a_clock_that_goes_back_gives_nothing_and_breaks_nothing() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0))
    assert table.take("a", now=50.0) == 0.0
    assert table.take("a", now=10.0) == 1.0


def test_the_key_that_was_unused_for_longest_is_forgotten() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0), most=3)
    for key in ("a", "b", "c"):
        table.take(key, now=0.0)
    table.spend("a", now=0.0)
    table.take("d", now=0.0)
    assert len(table) == 3
    assert table.wait_s("b", now=0.0) == 0.0
    assert table.wait_s("a", now=0.0) > 0


@given(
    times=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=60),
    per_s=st.floats(0.1, 50.0),
    burst=st.floats(1.0, 20.0),
)
def test_no_timing_gets_more_than_burst_and_rate(
    times: list[float], per_s: float, burst: float
) -> None:
    table = BucketTable(Rate(per_s=per_s, burst=burst))
    times.sort()
    taken = sum(table.take("a", now=now) == 0.0 for now in times)
    assert taken <= burst + per_s * (times[-1] - times[0]) + 1e-6
    assert table.refused == len(times) - taken


@given(st.integers(1, 500), st.floats(0.1, 50.0))
def test_a_key_never_owes_more_than_one_token(count: int, per_s: float) -> None:
    table = BucketTable(Rate(per_s=per_s, burst=3.0))
    for _ in range(count):
        table.spend("a", now=5.0)
    assert table.wait_s("a", now=5.0) <= 2.0 / per_s + 1e-9


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=60))
def test_the_table_never_holds_more_than_its_limit(steps: list[tuple[str, bool]]) -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0), most=3)
    for key, spends in steps:
        if spends:
            table.spend(key, now=0.0)
            # The newest key is never the one that is forgotten.
            assert table.wait_s(key, now=0.0) > 0
        else:
            table.take(key, now=0.0)
        assert len(table) <= 3


def test_a_key_is_spent_from_until_its_token_is_back() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=2.0))
    assert not table.is_spent_from("a", now=0.0)
    table.spend("a", now=0.0)
    assert table.is_spent_from("a", now=0.5)
    assert not table.is_spent_from("b", now=0.5)
    assert not table.is_spent_from("a", now=1.0)


def test_several_tokens_may_be_asked_for() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=3.0))
    assert [table.wait_s("a", now=0.0, count=count) for count in (1, 3, 4)] == [0.0, 0.0, 1.0]
    table.spend("a", now=0.0)
    assert [table.wait_s("a", now=0.0, count=count) for count in (2, 3, 4)] == [0.0, 1.0, 2.0]


def test_looking_takes_nothing() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0))
    assert [table.wait_s("a", now=0.0) for _ in range(5)] == [0.0] * 5
    assert len(table) == 0
    assert table.take("a", now=0.0) == 0.0
