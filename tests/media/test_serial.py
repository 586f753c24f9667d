from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.serial import Unwrapper


@pytest.mark.parametrize("bits", [16, 32])
def test_numbers_go_on_growing_where_they_wrap(bits: int) -> None:
    top = 1 << bits
    unwrapper = Unwrapper(bits)
    seen = [unwrapper.unwrap(n % top) for n in range(top - 3, top + 3)]
    assert seen == list(range(top - 3, top + 3))


def test_an_older_number_lies_before_and_does_not_become_the_reference() -> None:
    unwrapper = Unwrapper(16)
    assert unwrapper.unwrap(2) == 2
    assert unwrapper.unwrap(65535) == -1
    assert unwrapper.unwrap(3) == 3
    # 65535 was not taken as the reference, or this would lie one round on.
    assert unwrapper.unwrap(32770) == 32770


def test_peek_remembers_nothing() -> None:
    unwrapper = Unwrapper(16)
    assert unwrapper.peek(500) == 500
    unwrapper.unwrap(65000)
    assert unwrapper.peek(100) == 65636
    assert unwrapper.peek(60000) == 60000
    assert unwrapper.unwrap(60000) == 60000


@given(
    start=st.integers(0, 65535),
    steps=st.lists(st.integers(-16000, 16000), min_size=1, max_size=50),
)
def test_steps_of_less_than_half_the_range_are_followed_exactly(
    start: int, steps: list[int]
) -> None:
    unwrapper = Unwrapper(16)
    highest = unwrapper.unwrap(start)
    for step in steps:
        true = highest + step
        assert unwrapper.unwrap(true % 65536) == true
        highest = max(highest, true)


@pytest.mark.parametrize(
    ("value", "unwrapped"),
    [(32_767, 32_767), (32_768, -32_768), (32_769, -32_767), (65_535, -1), (0, 0)],
)
def test_what_is_half_the_range_away_lies_behind(value: int, unwrapped: int) -> None:
    unwrapper = Unwrapper(16)
    unwrapper.unwrap(0)
    assert unwrapper.peek(value) == unwrapped


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_number_is_congruent_and_within_half_the_range(first: int, second: int) -> None:
    unwrapper = Unwrapper(32)
    unwrapper.unwrap(first)
    found = unwrapper.unwrap(second)
    assert found % 2**32 == second
    assert -(2**31) <= found - first < 2**31
