"""Scores by models of human vision."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from benchmarks import perceptual
from benchmarks.perceptual import colour_video_vdp, missing, ssimulacra2

without = pytest.mark.skipif("ssimulacra2" in missing(), reason="SSIMULACRA2 is not installed")


def clip(frames: int = 4) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (96, 160)).astype(np.float32)
    still = np.clip((cv2.GaussianBlur(noise, (0, 0), 1.5) - 128) * 3 + 128, 16, 235)
    return np.stack([still.astype(np.uint8)] * frames)


def blurred(truth: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in truth])


@pytest.mark.slow
@pytest.mark.timeout(600)  # Loading it alone takes minutes on a busy machine.
@pytest.mark.skipif("pycvvdp" in missing(), reason="ColorVideoVDP is not installed")
def test_colour_video_vdp_falls_from_ten_as_the_picture_is_blurred() -> None:
    truth = clip()
    same, soft, worse = (
        colour_video_vdp(truth, x, 30) for x in (truth, blurred(truth, 1), blurred(truth, 3))
    )
    assert same == pytest.approx(10)
    assert worse < soft < same


@without
def test_ssimulacra2_falls_from_a_hundred_as_the_picture_is_blurred() -> None:
    truth = clip()
    same, soft, worse = (
        ssimulacra2(truth, x) for x in (truth, blurred(truth, 1), blurred(truth, 3))
    )
    assert same == pytest.approx(100)
    assert worse < soft < same


@without
def test_ssimulacra2_is_the_mean_of_the_frames_that_are_taken() -> None:
    truth = clip(4)
    got = truth.copy()
    got[1] = blurred(truth[1:2], 2)[0]
    # Frames 1 and 3 are taken, one of them blurred.
    alone = ssimulacra2(truth[1:2], got[1:2])
    assert ssimulacra2(truth, got, every=2) == pytest.approx((alone + 100) / 2)


def test_without_a_wheel_a_score_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "_is_there", lambda name: False)
    assert missing() == ["pycvvdp", "ssimulacra2"]
    assert math.isnan(colour_video_vdp(clip(), clip(), 30))
    assert math.isnan(ssimulacra2(clip(), clip()))
