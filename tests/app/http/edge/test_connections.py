"""Limits on open connections."""

from __future__ import annotations

import collections

from hypothesis import given
from hypothesis import strategies as st

from app.http.edge.connections import MAX_CONNECTIONS, MAX_PER_ADDRESS, ConnectionCounts


def test_counts_admit_up_to_their_limits_and_forget_who_left() -> None:
    counts = ConnectionCounts(most=3, most_per_key=2)
    assert [counts.admit(key) for key in "aaabc"] == [True, True, False, True, False]
    assert (counts.open, counts.refused) == (3, 2)
    counts.leave("a")
    assert counts.admit("c")
    for key in "abc":
        counts.leave(key)
    assert counts.open == 0
    assert counts._by_key == {}


def test_a_refused_connection_is_not_counted_as_open() -> None:
    counts = ConnectionCounts(most=0)
    assert not counts.admit("a")
    assert (counts.open, counts.refused, counts._by_key) == (0, 1, {})


def test_one_household_fits_and_many_of_them_are_bounded() -> None:
    counts = ConnectionCounts()
    assert all(counts.admit("house") for _ in range(MAX_PER_ADDRESS))
    assert not counts.admit("house")
    admitted = sum(counts.admit(f"address {n}") for n in range(MAX_CONNECTIONS))
    assert admitted == MAX_CONNECTIONS - MAX_PER_ADDRESS
    assert counts.open == MAX_CONNECTIONS


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=80))
def test_the_sum_is_that_of_all_keys_and_within_both_limits(
    steps: list[tuple[str, bool]],
) -> None:
    counts, held = ConnectionCounts(most=5, most_per_key=3), collections.Counter[str]()
    for key, comes in steps:
        if comes:
            held[key] += counts.admit(key)
        elif held[key]:
            counts.leave(key)
            held[key] -= 1
        assert counts.open == held.total() <= 5
        assert counts._by_key == +held
        assert max(held.values(), default=0) <= 3
