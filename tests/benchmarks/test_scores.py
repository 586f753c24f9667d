from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")

from benchmarks.scores import flicker, psnr, score


def clip(frames: int = 4) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (1, 96, 160)).astype(np.float32)
    still = np.clip((cv2.GaussianBlur(noise[0], (0, 0), 1.5) - 128) * 3 + 128, 0, 255)
    return np.stack([still.astype(np.uint8)] * frames)


def test_a_blurred_clip_scores_worse_by_every_measure() -> None:
    truth = clip()
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in truth])
    same, worse = score(truth, truth), score(truth, blurred)
    assert same.vmaf > 95 and same.ssim == pytest.approx(1.0) and same.xpsnr == 100
    for measure in ("psnr", "ssim", "vmaf", "neg", "xpsnr"):
        assert getattr(worse, measure) < getattr(same, measure) - 0.05


def test_sharpening_raises_vmaf_more_than_its_guard() -> None:
    truth = clip()
    sharp = np.stack(
        [cv2.addWeighted(x, 1.3, cv2.GaussianBlur(x, (0, 0), 2), -0.3, 0) for x in truth]
    )
    found = score(truth, sharp)
    assert found.vmaf > found.neg + 0.5


def test_psnr_is_that_of_the_mean_error() -> None:
    truth = clip(2)
    assert psnr(truth, truth // 2 * 2) == pytest.approx(
        10 * np.log10(255**2 / np.mean((truth % 2).astype(float))), abs=0.01
    )


def test_flicker_is_change_that_the_original_does_not_have() -> None:
    truth = clip()
    assert flicker(truth, truth) == 0
    steady = np.clip(truth.astype(int) + 10, 0, 255).astype(np.uint8)
    steady_error = flicker(np.full_like(truth, 100), np.full_like(truth, 110))
    assert steady_error == 0
    shimmering = truth.copy()
    shimmering[1::2] = steady[1::2]
    assert flicker(truth, shimmering) > 5
