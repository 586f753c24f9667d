"""The order and the sides of the pairs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.blind.pairs import PAIRS, by_chance, choose
from tests.benchmarks.blind.frames import NET, frame

NINE = [frame(name) for name in "abcdefghi"]


def test_each_clip_shows_its_busiest_part_before_any_shows_its_middle() -> None:
    titles = sorted(pair.title for pair in choose(NINE, NET, 1))
    assert titles == sorted(
        [f"{name}, busiest part" for name in "abcdefghi"] + [f"{name}, middle" for name in "abc"]
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_pair_knows_its_enhanced_side(seed: int) -> None:
    for pair in choose(NINE, NET, seed):
        enhanced, other = (
            (pair.left, pair.right) if pair.enhanced_is_left else (pair.right, pair.left)
        )
        assert (enhanced == 255).all() and (other == 0).all()


def test_the_seed_alone_decides_order_and_sides() -> None:
    def seen(seed: int) -> list[tuple[str, bool]]:
        return [(pair.title, pair.enhanced_is_left) for pair in choose(NINE, NET, seed)]

    assert seen(3) == seen(3)
    assert len({tuple(seen(seed)) for seed in range(5)}) == 5


def test_sides_are_as_often_left_as_right() -> None:
    lefts = sum(pair.enhanced_is_left for seed in range(100) for pair in choose(NINE, NET, seed))
    assert 0.45 < lefts / (100 * PAIRS) < 0.55


def test_few_clips_give_fewer_pairs() -> None:
    assert len(choose(NINE[:2], NET, 1)) == 4
    assert len(choose(NINE, NET, 1)) == PAIRS == 12


def test_by_chance_is_the_binomial_tail() -> None:
    assert by_chance(0) == 1
    assert by_chance(12) == pytest.approx(1 / 4096)
    assert by_chance(10) == pytest.approx((66 + 12 + 1) / 4096)
    assert by_chance(1, 2) == pytest.approx(0.75)
    tail = [by_chance(n) for n in range(13)]
    assert tail == sorted(tail, reverse=True)
