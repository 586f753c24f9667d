"""Where each pixel was in the frame before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.training.motion import CELL, backward_flow, move


def textured(seed: int = 0, size: int = 128) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (size, size), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8) * 3


@pytest.mark.parametrize(("right", "down"), [(4, 0), (0, 3), (-3, 2)])
def test_a_shift_is_found_and_points_back(right: int, down: int) -> None:
    first = textured()
    second = np.roll(first, (down, right), (0, 1))
    flow = backward_flow(np.stack([first, second]))
    assert flow.shape == (2, 2, 128 // CELL, 128 // CELL) and flow.dtype == np.float16
    assert not flow[0].any()
    x, y = (float(np.median(part[6:-6, 6:-6].astype(float))) for part in flow[1])
    assert (x, y) == pytest.approx((-right, -down), abs=0.5)


def test_a_still_picture_has_no_motion() -> None:
    flow = backward_flow(np.stack([textured()] * 3))
    assert np.abs(flow.astype(float)).max() < 0.1


def test_an_enhanced_picture_is_moved_by_the_scale() -> None:
    before = textured()
    now = np.roll(before, 4, 1)
    last = np.asarray(cv2.resize(before, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)
    wanted = np.roll(last, 8, 1)
    moved = move(last, before, now)
    inside = np.s_[24:-24, 32:-32]
    assert np.abs(moved[inside].astype(int) - wanted[inside]).mean() < 4
    assert np.abs(last[inside].astype(int) - wanted[inside]).mean() > 10
