"""``workers.tuning.cut_detector``: cuts of real clips, and what is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.measure.held_out_clips import CLIPS, read_clip
from workers.tuning.cut_detector import CutDetector

Plane = npt.NDArray[np.uint8]

FOLDER = Path(__file__).parents[2] / "data" / "clips"


def frames(name: str) -> list[Plane]:
    return list(read_clip(FOLDER, name).luma)


def cuts(pictures: list[Plane]) -> list[int]:
    detector = CutDetector()
    return [number for number, luma in enumerate(pictures) if detector.is_cut(luma)]


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_of_one_scene_has_no_cut(name: str) -> None:
    assert cuts(frames(name)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("handheld", "screen"),
        ("speaker", "motion"),
        ("screen", "speaker"),
        ("animation", "street"),
        ("dashcam", "game"),
    ],
)
def test_another_clip_is_a_cut_once(first: str, second: str) -> None:
    before, after = frames(first)[:12], frames(second)[:12]
    assert cuts([*before, *after]) == [12]


def test_another_size_is_a_cut() -> None:
    luma = frames("screen")[0]
    small = np.ascontiguousarray(luma[::2, ::2])
    assert cuts([luma, luma, small, small, small]) == [2]


def test_noise_that_goes_on_is_no_cut() -> None:
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, (270, 480), np.uint8) for _ in range(60)]
    assert cuts(noise) == []
    # It is still told from another scene.
    assert cuts([*frames("screen")[:8], *frames("speaker")[:8], *frames("screen")[:8]]) == [8, 16]


@pytest.mark.parametrize("shape", [(16, 16), (18, 32), (2, 2), (1088, 1920)])
def test_pictures_of_any_size_are_taken(shape: tuple[int, int]) -> None:
    dark, bright = np.zeros(shape, np.uint8), np.full(shape, 200, np.uint8)
    assert cuts([dark, dark, dark, bright, bright]) == [3]
