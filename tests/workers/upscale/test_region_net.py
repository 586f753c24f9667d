"""Regions by a real net: the samples are those of the whole picture, whatever the rectangle."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from models.manifest import load_manifest
from tests.workers.temporal.scenes import texture
from workers.engines.engine import DynamicShapeSession
from workers.engines.registry import make_engine
from workers.temporal.region_selection import Region
from workers.upscale.model_cache import ModelCache
from workers.upscale.region_net import RegionNet

from .test_temporal_session import wait

WIDTH, HEIGHT = 100, 70
"""No whole cells, neither across nor down."""
LUMA = texture(HEIGHT, WIDTH, 3)
REGIONS = [
    Region(0, 0, 8, 8),
    Region(8, 16, 32, 24),
    Region(0, 64, 72, 40),
    Region(64, 0, 8, 104),
    Region(64, 96, 8, 8),
    Region(0, 0, 72, 104),
]


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    yield made
    made.close()


def region_net(nets: ModelCache, model: str) -> RegionNet:
    wait(nets, model, (WIDTH, HEIGHT))
    session = nets.ready_dynamic(model, WIDTH, HEIGHT)
    assert session is not None
    return RegionNet(load_manifest(model), session)


@pytest.mark.parametrize("model", ["live-s", "live-m-x3"])
@pytest.mark.parametrize("strength", [0.0, 0.7])
def test_a_region_is_bit_for_bit_what_the_whole_picture_has_there(
    nets: ModelCache, model: str, strength: float
) -> None:
    net = region_net(nets, model)
    net.take(LUMA)
    begin, scale = net.scale * net.halo, net.scale
    whole = net.whole(strength).copy()
    whole = whole[begin : begin + scale * HEIGHT, begin : begin + scale * WIDTH]
    for region in REGIONS:
        top, left = scale * region.top, scale * region.left
        there = whole[top : top + scale * region.height, left : left + scale * region.width]
        assert np.array_equal(net.part(region, strength), there), region


class Noting:
    """A session that repeats every sample in a block, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def run(self, luma: np.ndarray, strength: float) -> np.ndarray:
        self.shown.append(luma.copy())
        return luma.repeat(2, 0).repeat(2, 1)


@pytest.fixture
def noting() -> Noting:
    return Noting()


def test_the_net_sees_the_edge_repeated_by_its_receptive_field(noting: Noting) -> None:
    session: DynamicShapeSession = noting
    net = RegionNet(load_manifest("live-s"), session)
    net.take(LUMA)
    net.whole(0.0)
    halo = net.halo
    expected = cv2.copyMakeBorder(LUMA, halo, halo, halo, halo, cv2.BORDER_REPLICATE)
    assert np.array_equal(noting.shown[0], expected)
    framed = net.framed(Region(64, 96, 8, 8), 0.0)
    assert framed.shape == (2 * (8 + 2 * halo),) * 2
    assert noting.shown[1].flags.c_contiguous
    assert (noting.shown[1][halo + HEIGHT - 64 :, halo + WIDTH - 96 :] == LUMA[-1, -1]).all()


def test_a_part_ends_with_the_picture(noting: Noting) -> None:
    net = RegionNet(load_manifest("live-s"), noting)
    net.take(LUMA)
    part = net.part(Region(64, 96, 8, 8), 0.0)
    assert np.array_equal(part, LUMA[64:, 96:].repeat(2, 0).repeat(2, 1))
    net.take(LUMA[:16, :24])
    assert net.part(Region(0, 0, 16, 24), 0.0).shape == (32, 48)
