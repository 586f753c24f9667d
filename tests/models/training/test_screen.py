"""Rendered screens."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.clip import Clip
from models.training.screen import film_screen, stamp_time
from tests.models.training.material import panned


@pytest.mark.parametrize("seed", range(8))
def test_screens_are_rendered_alike_from_one_seed(seed: int) -> None:
    first, second = (film_screen((320, 240), 3, np.random.default_rng(seed)) for _ in range(2))
    assert first.luma.shape == (3, 240, 320)
    assert np.array_equal(first.luma, second.luma)
    assert first.luma.std() > 1


def test_a_stamped_time_changes_one_corner() -> None:
    clip = panned(3)
    away = stamp_time(clip, np.random.default_rng(1)).luma.astype(int) - clip.luma
    assert np.abs(away).max() > 50
    assert not away[:, 50:80].any()


def test_a_stamp_leaves_the_clip_it_was_given_and_its_chroma_as_they_were() -> None:
    clip = panned(2)
    before = clip.luma.copy()
    stamped = stamp_time(clip, np.random.default_rng(1))
    assert np.array_equal(clip.luma, before)
    assert stamped.chroma is clip.chroma and stamped.fps == clip.fps


def test_the_time_that_is_stamped_runs() -> None:
    grey = Clip(np.full((31, 128, 256), 120, np.uint8), np.full((31, 2, 32, 64), 128, np.uint8), 30)
    stamped = stamp_time(grey, np.random.default_rng(3)).luma
    # Within one second the digits stay, from one to the next they change.
    assert np.array_equal(stamped[0], stamped[29])
    assert not np.array_equal(stamped[0], stamped[30])


def test_every_screen_holds_edges_that_a_net_can_learn() -> None:
    for seed in range(12):
        screen = film_screen((320, 240), 1, np.random.default_rng(seed)).luma[0].astype(int)
        assert np.abs(np.diff(screen)).max() > 40
