"""Passages of films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.training.film import film_length, read_passage
from tests.cli.clips import make_clip
from tests.models.training.material import CLIPS


def test_a_passage_starts_at_the_frame_asked_for() -> None:
    path = CLIPS / "animation.mp4"
    whole, part = read_passage(path, 0, 20), read_passage(path, 12, 4)
    assert whole.luma.shape == (20, 360, 640)
    assert np.array_equal(whole.luma[12:16], part.luma)
    with pytest.raises(ValueError, match="ends before"):
        read_passage(path, 40, 20)


def test_the_length_is_what_the_container_says(tmp_path: Path) -> None:
    frames, fps = film_length(make_clip(tmp_path / "a.mp4", seconds=2))
    assert (frames, fps) == (50, 25.0)


def test_odd_sizes_are_cropped_to_multiples_of_four(tmp_path: Path) -> None:
    clip = read_passage(make_clip(tmp_path / "a.mp4", seconds=1), 3, 2)
    assert clip.luma.shape == (2, 52, 96) and clip.chroma.shape == (2, 2, 13, 24)
    assert clip.fps == 25


def test_passages_that_overlap_hold_the_same_frames(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", seconds=2)
    first, second = read_passage(path, 10, 12), read_passage(path, 17, 5)
    assert np.array_equal(first.luma[7:], second.luma)
    assert np.array_equal(first.chroma[7:], second.chroma)


def test_the_last_frame_can_be_had_and_one_more_cannot(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", seconds=1)
    assert len(read_passage(path, 24, 1).luma) == 1
    with pytest.raises(ValueError, match=r"a\.mp4 ends before frame 26"):
        read_passage(path, 24, 2)
