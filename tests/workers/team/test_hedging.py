from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.team.hedging import FIRST_SAMPLES, MAX_FRACTION, WINDOW_S, HedgeBudget


def worked(frames: int, *, begin: float = 0.0, parity: int = 0) -> HedgeBudget:
    """A budget after so many frames of 100000 samples and 10000 bytes, ten to a second."""
    budget = HedgeBudget()
    for number in range(frames):
        budget.add_work(100_000, now=begin + number / 10)
        budget.add_bytes(10_000, parity=parity, now=begin + number / 10)
    return budget


def test_a_tenth_of_the_work_may_be_asked_for_twice() -> None:
    budget = worked(50)
    given = [budget.take(100_000, 1000, now=5.0) for _ in range(10)]
    assert given == [True] * 5 + [False] * 5
    assert budget.spent.hedged_samples == 500_000


def test_a_tenth_of_the_bytes_may_be_and_parity_takes_its_part_first() -> None:
    budget = worked(50)
    assert [budget.take(10, 10_000, now=5.0) for _ in range(7)] == [True] * 5 + [False] * 2
    budget = worked(50, parity=600)
    assert [budget.take(10, 10_000, now=5.0) for _ in range(4)] == [True] * 2 + [False] * 2
    budget = worked(50, parity=1500)
    assert not budget.take(10, 10, now=5.0)
    # A second order's result, whose bytes were counted before it came, has parity as well.
    budget = worked(50)
    budget.add_bytes(0, parity=45_000, now=5.0)
    assert not budget.take(10, 6000, now=5.0) and budget.take(10, 5000, now=5.0)


def test_parity_of_long_ago_does_not_count() -> None:
    budget = worked(50, parity=1500)
    for number in range(int(10 * (WINDOW_S + 1))):
        budget.add_work(1000, now=5.0 + number / 10)
        budget.add_bytes(1000, now=5.0 + number / 10)
    assert budget.spent.parity_bytes == 0
    assert budget.take(10, 1000, now=16.0)


def test_nothing_is_hedged_before_there_was_a_result() -> None:
    budget = HedgeBudget()
    budget.add_work(1_000_000, now=0.0)
    assert not budget.take(1000, 100, now=0.1)
    budget.add_bytes(3000, now=0.1)
    assert budget.take(FIRST_SAMPLES, 100, now=0.2)


def test_what_is_long_ago_does_not_count() -> None:
    budget = worked(50)
    while budget.take(100_000, 1000, now=5.0):
        pass
    for number in range(int(10 * (WINDOW_S + 1))):
        budget.add_work(1000, now=5.0 + number / 10)
    assert budget.spent.hedged_samples == 0
    assert budget.spent.samples == pytest.approx(1000 * 10 * WINDOW_S, rel=0.06)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 0.4),
            st.integers(1, 200_000),
            st.integers(1, 30_000),
            st.integers(1, 200_000),
        ),
        max_size=150,
    ),
    st.floats(0.0, 0.2),
)
def test_the_budget_is_never_exceeded(
    events: list[tuple[float, int, int, int]], parity: float
) -> None:
    budget, now = HedgeBudget(), 0.0
    for passed_s, samples, size, more in events:
        now += passed_s
        budget.add_work(samples, now=now)
        budget.add_bytes(size, parity=int(parity * size), now=now)
        before = budget.spent.samples, budget.spent.content_bytes
        if budget.take(more, size, now=now):
            spent = budget.spent
            assert spent.hedged_samples <= max(MAX_FRACTION * before[0], FIRST_SAMPLES)
            assert spent.hedged_bytes + spent.parity_bytes <= MAX_FRACTION * before[1]
        assert 0 <= budget.spent.hedged_samples <= budget.spent.samples
        assert 0 <= budget.spent.hedged_bytes <= budget.spent.content_bytes
