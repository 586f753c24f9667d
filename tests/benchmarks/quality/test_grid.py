"""The parts of clips that are judged."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.quality.grid import PART, middle
from models.training.clip import Clip


@pytest.mark.parametrize("size", [(540, 960), (360, 640), (320, 424)])
def test_the_middle_is_cut_at_whole_samples_and_a_smaller_clip_stays(size: tuple[int, int]) -> None:
    height, width = size
    luma = np.random.default_rng(0).integers(0, 256, (1, height, width), np.uint8)
    chroma = np.zeros((1, 2, height // 4, width // 4), np.uint8)
    part = middle(Clip(luma, chroma, 30))
    expected = (min(PART[0], height), min(PART[1], width))
    assert part.luma.shape[1:] == expected
    assert part.chroma.shape[2:] == (expected[0] // 4, expected[1] // 4)
    top, left = ((whole - own) // 2 // 4 * 4 for whole, own in zip(size, expected, strict=True))
    assert np.array_equal(part.luma[0], luma[0, top : top + expected[0], left : left + expected[1]])
