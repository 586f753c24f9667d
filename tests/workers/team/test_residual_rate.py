"""The chosen quality keeps to a budget, whatever the content, and follows its changes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.team.residuals import Bytes, scene
from workers.team.residual_codec import MAX_QUALITY, encode_region
from workers.team.residual_rate import FIRST_BITS, ResidualRate

WHOLE = 960 * 540


def test_more_budget_never_gives_a_coarser_quality() -> None:
    rate = ResidualRate(MAX_QUALITY)
    found = [rate.quality(WHOLE, budget) for budget in (0, 1, 100, 3000, 17_000, 60_000, 1e9)]
    assert found == sorted(found) and found[0] == 0 and found[-1] == MAX_QUALITY


def test_the_first_guess_is_for_a_usual_picture() -> None:
    rate = ResidualRate(MAX_QUALITY)
    assert rate.quality(WHOLE, 1.01 * FIRST_BITS * WHOLE / 8) == 15


def test_what_was_taken_is_expected_again() -> None:
    for quality, size in ((12, 3000), (15, 11_000), (3, 20_000), (20, 90_000)):
        rate = ResidualRate(MAX_QUALITY)
        rate.took(quality, WHOLE, size)
        assert rate.expected(quality, WHOLE) == pytest.approx(size, rel=0.15)
        assert rate.expected(quality, WHOLE // 4) == pytest.approx(size / 4, rel=0.15)


def test_finer_qualities_are_expected_to_take_more() -> None:
    rate = ResidualRate(MAX_QUALITY)
    rate.took(10, WHOLE, 2000)
    sizes = [rate.expected(quality, WHOLE) for quality in range(MAX_QUALITY + 1)]
    assert sizes == sorted(sizes)


def test_one_odd_region_changes_little() -> None:
    rate = ResidualRate(MAX_QUALITY)
    for _ in range(10):
        rate.took(14, WHOLE, 9000)
    before = rate.expected(14, WHOLE)
    rate.took(14, 4096, 4000)
    assert rate.expected(14, WHOLE) == pytest.approx(before, rel=0.05)


def test_a_change_of_content_is_followed_in_a_few_pictures() -> None:
    rate = ResidualRate(MAX_QUALITY)
    for _ in range(20):
        rate.took(14, WHOLE, 5000)
    for _ in range(8):
        rate.took(14, WHOLE, 40_000)
    assert rate.expected(14, WHOLE) == pytest.approx(40_000, rel=0.2)


def test_nothing_and_extremes_are_taken() -> None:
    rate = ResidualRate(MAX_QUALITY)
    rate.took(5, 0, 0)
    assert rate.quality(WHOLE, 13_500) == 15
    for size in (0, 10**9):
        rate.took(20, WHOLE, size)
        assert 0 <= rate.quality(WHOLE, 10_000) <= MAX_QUALITY


def region(seed: int) -> tuple[Bytes, Bytes]:
    """Returns one scene with another noise, which is smooth as a net's is."""
    made, plain = scene(160, 240, 3)
    noise = np.random.default_rng(seed).normal(0, 6, made.shape)
    noise += np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))
    noise *= np.hypot(*np.gradient(plain.astype(float))) > 4
    return np.rint(made + noise).clip(0, 255).astype(np.uint8), plain


@pytest.mark.parametrize("bits", [0.3, 0.6, 1.2])
def test_real_regions_keep_to_a_budget(bits: float) -> None:
    rate, sizes, budget = ResidualRate(MAX_QUALITY), [], bits * 160 * 240 / 8
    for seed in range(12):
        made, plain = region(seed)
        quality = rate.quality(made.size, budget)
        size = len(encode_region(made, plain, quality))
        rate.took(quality, made.size, size)
        sizes.append(size)
    # Steps of a quality are up to a half of an octave apart, and the mean may lie one below.
    assert 0.6 * budget < np.mean(sizes[2:]) < 1.1 * budget
