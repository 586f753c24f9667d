"""Rendered games."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.game import film_game


@pytest.mark.parametrize("seed", range(4))
def test_games_are_rendered_alike_from_one_seed_and_move(seed: int) -> None:
    first, second = (film_game((320, 240), 3, np.random.default_rng(seed)) for _ in range(2))
    assert first.luma.shape == (3, 240, 320)
    assert np.array_equal(first.luma, second.luma)
    assert np.abs(np.diff(first.luma.astype(int), axis=0)).mean() > 0.1


def test_the_score_counts_and_the_rest_of_a_still_world_stays() -> None:
    clips = [film_game((320, 240), 2, np.random.default_rng(seed)) for seed in range(8)]
    for clip in clips:
        score = clip.luma[:, 10:36, 10:200].astype(int)
        assert np.abs(np.diff(score, axis=0)).max() > 30
    # In some of them the world does not scroll.
    changes = [np.abs(np.diff(clip.luma[:, 60:].astype(int), axis=0)).mean() for clip in clips]
    assert min(changes) < 0.5 * max(changes)


@pytest.mark.parametrize("size", [(64, 64), (640, 360)])
def test_any_size_is_filled_with_colours(size: tuple[int, int]) -> None:
    clip = film_game(size, 2, np.random.default_rng(1))
    assert clip.luma.shape == (2, size[1], size[0])
    assert clip.chroma.shape == (2, 2, size[1] // 4, size[0] // 4)
    assert clip.luma.std() > 5 and clip.chroma.std() > 2
