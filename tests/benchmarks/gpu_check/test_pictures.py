"""Differences of pictures in levels, and the pictures that are compared."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gpu_check.pictures import LIMITS, Difference, difference, feeds_of, render, worst
from models.manifest import load_manifest, model_file
from workers.engines.registry import make_engine


def test_differences_are_in_levels() -> None:
    one = np.full((4, 4), 100, np.uint8)
    other = one.copy()
    other[0, 0] = 104
    found = difference(one, other)
    assert (found.greatest, found.mean) == (4.0, 0.25)
    assert found.psnr_db == pytest.approx(48.13, abs=0.01)
    assert difference(one, one) == Difference(0.0, 0.0, 99.0)
    halves = np.full((2, 2), 0.5, np.float32)
    assert difference(halves, halves + np.float32(1 / 255)).greatest == pytest.approx(1.0, abs=1e-4)


def test_a_picture_that_is_no_number_is_as_far_apart_as_can_be() -> None:
    broken = np.full((2, 2), np.nan, np.float32)
    assert difference(broken, np.zeros((2, 2), np.float32)) == Difference(255.0, 255.0, 0.0)


def test_the_worst_of_each_counts() -> None:
    flat = np.zeros((2, 2), np.uint8)
    one, many = flat.copy(), flat + np.uint8(1)
    one[0, 0] = 3
    found = worst([(flat, one), (flat, many)])
    assert found.greatest == 3 and found.mean == 1.0


@pytest.mark.parametrize("precision", LIMITS)
def test_each_precision_has_its_limits(precision: str) -> None:
    greatest, mean = LIMITS[precision]
    assert Difference(greatest, mean, 50.0).is_within(precision)
    assert not Difference(greatest + 1, mean, 50.0).is_within(precision)
    assert not Difference(greatest, mean + 0.01, 50.0).is_within(precision)


def test_a_net_is_fed_a_clip_and_noise_in_every_port() -> None:
    manifest = load_manifest("live-t")
    engine = make_engine("openvino", threads=1)
    net = engine.compile(manifest, model_file(manifest, "fp32"), width=64, height=36)
    fed = feeds_of(net, strength=0.25)
    assert len(fed) == 4
    for feeds in fed:
        for port in net.info.inputs:
            assert feeds[port.name].shape == port.shape
            assert feeds[port.name].dtype == np.dtype(port.dtype)
    assert float(fed[0]["strength"].flat[0]) == 0.25
    assert set(np.unique(fed[-1]["luma"])) >= {0, 255}
    assert [made.shape for made in render(net, fed)] == [(72, 128)] * 4
    engine.close()
