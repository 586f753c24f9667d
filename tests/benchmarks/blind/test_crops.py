"""Which parts are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.blind.crops import CROP, RULES, busiest, cut, middle

WIDTH, HEIGHT = CROP


def test_the_busiest_part_is_where_the_detail_is() -> None:
    luma = np.full((360, 640), 128, np.uint8)
    rng = np.random.default_rng(0)
    luma[200:340, 400:590] = rng.integers(0, 256, (140, 190))
    left, top = busiest(luma)
    assert left <= 400 and left + WIDTH >= 590
    assert top <= 200 and top + HEIGHT >= 340


def test_detail_at_the_lower_right_corner_is_found_too() -> None:
    luma = np.full((360, 640), 128, np.uint8)
    luma[-40:, -40:] = np.random.default_rng(0).integers(0, 256, (40, 40))
    left, top = busiest(luma)
    assert left + WIDTH > 640 - 40 and top + HEIGHT > 360 - 40


def test_the_middle_is_the_middle() -> None:
    assert middle(np.zeros((HEIGHT + 20, WIDTH + 40), np.uint8)) == (20, 10)


@pytest.mark.parametrize("rule", list(RULES))
def test_a_smaller_picture_is_shown_whole(rule: str) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (HEIGHT - 8, WIDTH - 16), np.uint8)
    place = RULES[rule](luma)
    assert place == (0, 0)
    assert np.array_equal(cut(luma, place), luma)


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(8, 400),
    width=st.integers(8, 700),
    seed=st.integers(0, 99),
    rule=st.sampled_from(list(RULES)),
)
def test_a_part_lies_within_the_picture(height: int, width: int, seed: int, rule: str) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    left, top = RULES[rule](luma)
    part = cut(luma, (left, top))
    assert left >= 0 and top >= 0
    assert part.shape == (min(HEIGHT, height), min(WIDTH, width))


def test_the_same_picture_gives_the_same_part() -> None:
    luma = np.random.default_rng(1).integers(0, 256, (300, 500), np.uint8)
    assert {busiest(luma) for _ in range(3)} == {busiest(luma.copy())}
