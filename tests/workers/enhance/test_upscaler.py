from __future__ import annotations

import cv2
import numpy as np
import pytest

from workers.enhance.nets import NetCache
from workers.enhance.upscaler import Upscaler
from workers.picture import Picture

SIZES = pytest.mark.parametrize("size", [(64, 48), (63, 48), (64, 47), (61, 45), (2, 2), (1, 1)])


def noise(width: int, height: int) -> Picture:
    made, rng = Picture.blank(width, height), np.random.default_rng(width * height)
    for plane in (made.y, made.u, made.v):
        plane[:] = rng.integers(0, 256, plane.shape, dtype=np.uint8)
    return made


def doubled(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    large = cv2.resize(np.ascontiguousarray(plane), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return large[:height, :width]


@SIZES
def test_a_resize_is_bicubic_on_all_planes_also_at_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    source = noise(width, height)
    made = Upscaler().resize(source)
    assert made.y.shape == (2 * height, 2 * width)
    assert made.u.shape == made.v.shape == (height, width)
    assert np.array_equal(made.y, doubled(source.y, 2 * width, 2 * height))
    assert np.array_equal(made.u, doubled(source.u, width, height))
    assert np.array_equal(made.v, doubled(source.v, width, height))


@SIZES
@pytest.mark.parametrize("model", ["tiny", "tiny4"])
def test_the_net_makes_the_luma_and_padding_leaves_no_trace(
    nets: NetCache, model: str, size: tuple[int, int]
) -> None:
    width, height = size
    source = noise(width, height)
    upscaler = Upscaler()
    upscaler.use(nets.load(model, width, height))
    for _ in range(2):
        made = upscaler.enhance(source)
        assert np.array_equal(made.y, source.y.repeat(2, 0).repeat(2, 1))
        assert np.array_equal(made.u, doubled(source.u, width, height))


def test_a_net_can_be_changed_between_pictures(nets: NetCache) -> None:
    source = noise(32, 32)
    upscaler = Upscaler()
    upscaler.use(nets.load("tiny", 32, 32))
    plain = upscaler.enhance(source)
    upscaler.use(nets.load("other", 32, 32))
    assert np.array_equal(upscaler.enhance(source).y, 255 - plain.y)
