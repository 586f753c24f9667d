from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.workers.upscale import sited
from workers.media.picture import Picture
from workers.upscale.model_cache import ModelCache
from workers.upscale.upscaler import Upscaler

SIZES = pytest.mark.parametrize("size", [(64, 48), (63, 48), (64, 47), (61, 45), (2, 2), (1, 1)])


def noise(width: int, height: int) -> Picture:
    made, rng = Picture.blank(width, height), np.random.default_rng(width * height)
    for plane in (made.y, made.u, made.v):
        plane[:] = rng.integers(0, 256, plane.shape, dtype=np.uint8)
    return made


def doubled(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    large = cv2.resize(np.ascontiguousarray(plane), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return large[:height, :width]


def is_doubled_chroma(made: np.ndarray, plane: np.ndarray) -> bool:
    expected = sited.enlarged(plane, 2)[: made.shape[0], : made.shape[1]]
    return bool(np.abs(made - expected).max() < 2)


@SIZES
def test_a_resize_is_bicubic_on_all_planes_also_at_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    source = noise(width, height)
    made = Upscaler().resize(source)
    assert made.y.shape == (2 * height, 2 * width)
    assert made.u.shape == made.v.shape == (height, width)
    assert np.array_equal(made.y, doubled(source.y, 2 * width, 2 * height))
    assert is_doubled_chroma(made.u, source.u)
    assert is_doubled_chroma(made.v, source.v)


@SIZES
@pytest.mark.parametrize("model", ["tiny", "tiny4"])
def test_the_net_makes_the_luma_and_padding_leaves_no_trace(
    nets: ModelCache, model: str, size: tuple[int, int]
) -> None:
    width, height = size
    source = noise(width, height)
    upscaler = Upscaler()
    upscaler.use(nets.load(model, width, height))
    for _ in range(2):
        made = upscaler.enhance(source)
        assert np.array_equal(made.y, source.y.repeat(2, 0).repeat(2, 1))
        assert is_doubled_chroma(made.u, source.u)


def test_a_net_can_be_changed_between_pictures(nets: ModelCache) -> None:
    source = noise(32, 32)
    upscaler = Upscaler()
    upscaler.use(nets.load("tiny", 32, 32))
    plain = upscaler.enhance(source)
    upscaler.use(nets.load("other", 32, 32))
    assert np.array_equal(upscaler.enhance(source).y, 255 - plain.y)


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (61, 46)])
def test_three_times_as_large_loses_at_most_one_odd_row_or_column(
    nets: ModelCache, size: tuple[int, int]
) -> None:
    width, height = size
    source = noise(width, height)
    upscaler = Upscaler()
    upscaler.use(nets.load("tiny3", width, height))
    for made in (upscaler.enhance(source), upscaler.resize(source)):
        assert made.y.shape == (3 * height // 2 * 2, 3 * width // 2 * 2)
        assert made.u.shape == (3 * height // 2, 3 * width // 2)
    expected = source.y.repeat(3, 0).repeat(3, 1)
    made = upscaler.enhance(source)
    assert np.array_equal(made.y, expected[: made.height, : made.width])


def test_a_strength_holds_for_its_picture_alone(nets: ModelCache) -> None:
    source = noise(16, 16)
    source.y[:] = 40
    upscaler = Upscaler()
    upscaler.use(nets.load("looks", 16, 16))
    levels = [int(upscaler.enhance(source, strength).y[0, 0]) for strength in (0.0, 1.0, 0.25)]
    assert levels == [40, 140, 65]


def test_the_previous_picture_is_a_bicubic_one_after_a_gap(nets: ModelCache) -> None:
    source = noise(64, 48)
    source.y[:] = 60
    upscaler = Upscaler()
    upscaler.use(nets.load("follows", 64, 48))
    assert int(upscaler.enhance(source).y[10, 10]) == 60 + 30
    assert int(upscaler.enhance(source).y[10, 10]) == 60 + 45
    upscaler.resize(source)
    assert int(upscaler.enhance(source).y[10, 10]) == 60 + 30


@pytest.mark.parametrize("model", ["window", "colours"])
@pytest.mark.parametrize("size", [(32, 20), (33, 21)])
def test_a_net_for_torch_takes_windows_and_colours(
    nets: ModelCache, model: str, size: tuple[int, int]
) -> None:
    pytest.importorskip("torch")
    width, height = size
    source = noise(width, height)
    # Colours that RGB cannot hold would be clipped, and noise in chroma is blurred by 4:2:0.
    source.y[:] = np.linspace(60, 180, width).astype(np.uint8)
    source.u[:], source.v[:] = 120, 135
    upscaler = Upscaler()
    net = nets.load(model, width, height)
    assert net.engine == "torch"
    assert net.trial_s is not None
    upscaler.use(net)
    for _ in range(3):
        made = upscaler.enhance(source)
    expected = cv2.resize(source.y, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(made.y[inner].astype(int) - expected[inner]).max() <= 2
    assert np.abs(made.u.astype(int) - 120).max() <= 1
    assert np.abs(made.v.astype(int) - 135).max() <= 1
