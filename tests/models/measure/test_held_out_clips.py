"""The clips that no net was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.clip import Clip
from tests.models.training.material import CLIPS as FOLDER


@pytest.mark.parametrize("name", CLIPS)
def test_each_clip_can_be_read(name: str) -> None:
    clip = read_clip(FOLDER, name, 2)
    assert clip.luma.shape[0] == 2 and clip.luma.std() > 5


def test_a_shorter_clip_gives_what_it_has() -> None:
    assert len(read_clip(FOLDER, "dashcam").luma) == 36
    assert len(read_clip(FOLDER, "screen").luma) == 48


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_clip_is_cut_to_whole_cells_and_made_smaller(scale: int) -> None:
    rng = np.random.default_rng(1)
    luma = rng.integers(0, 256, (2, 100, 132), np.uint8)
    chroma = rng.integers(0, 256, (2, 2, 25, 33), np.uint8)
    cut, small, half = small_clip(Clip(luma, chroma, 30), scale)
    assert cut.luma.shape[1] % (2 * scale) == cut.luma.shape[2] % (2 * scale) == 0
    assert small.shape == (2, cut.luma.shape[1] // scale, cut.luma.shape[2] // scale)
    assert half.shape == (2, 2, small.shape[1] // 2, small.shape[2] // 2)
    assert np.array_equal(cut.luma, luma[:, : cut.luma.shape[1], : cut.luma.shape[2]])
    mean = cut.luma.reshape(2, small.shape[1], scale, small.shape[2], scale).mean((2, 4))
    assert np.abs(small - mean).max() <= 0.5
