"""What the makers of material make."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.clip import from_bgr, to_limited


@pytest.mark.parametrize(
    ("bgr", "expected"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 255), (81, 90, 240)),
        ((0, 255, 0), (145, 54, 34)),
        ((255, 0, 0), (41, 240, 110)),
    ],
)
def test_colours_are_those_of_bt601_in_the_limited_range(
    bgr: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    planes = to_limited(np.full((2, 2, 3), bgr, np.uint8))
    assert np.abs(planes[0, 0].astype(int) - expected).max() <= 1


def test_no_colour_leaves_the_limited_range() -> None:
    every = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    planes = to_limited(every)
    assert planes[:, :, 0].min() >= 16 and planes[:, :, 0].max() <= 235
    assert planes[:, :, 1:].min() >= 16 and planes[:, :, 1:].max() <= 240


def test_a_clip_holds_luma_whole_and_chroma_a_quarter_of_it() -> None:
    frames = [np.random.default_rng(n).integers(0, 256, (16, 24, 3), np.uint8) for n in range(3)]
    clip = from_bgr(frames, 25)
    assert (clip.luma.shape, clip.chroma.shape, clip.fps) == ((3, 16, 24), (3, 2, 4, 6), 25)
    assert np.array_equal(clip.luma[1], to_limited(frames[1])[:, :, 0])
    mean = to_limited(frames[1])[:, :, 1].reshape(4, 4, 6, 4).mean((1, 3))
    assert np.abs(clip.chroma[1, 0] - mean).max() <= 1
