"""Filters and sizes, and one clip sent for real."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from benchmarks.material import CLIP_FOLDER
from benchmarks.sending import sweep
from benchmarks.sending.sweep import FILTERS, UNIT, file_name, filtered, read_clip, resize, send


def test_planes_are_resized_in_any_number_of_dimensions() -> None:
    chroma = np.full((2, 2, 12, 20), 7, np.uint8)
    assert resize(chroma, 10, 6).shape == (2, 2, 6, 10)
    assert (resize(chroma, 40, 24) == 7).all()


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_leaves_flat_pictures_and_sizes_alone(name: str) -> None:
    flat = np.full((3, 24, 32), 90, np.uint8)
    assert np.array_equal(filtered(flat, name), flat)


def test_filters_calm_noise_and_the_temporal_one_keeps_what_changes() -> None:
    noise = np.random.default_rng(1).integers(98, 103, (6, 24, 32)).astype(np.uint8)
    for name in FILTERS[1:]:
        made = filtered(noise, name).astype(float)
        assert np.var(np.diff(made, axis=0)) < np.var(np.diff(noise.astype(float), axis=0))
    cut = np.concatenate([np.full((1, 8, 8), 20, np.uint8), np.full((1, 8, 8), 200, np.uint8)])
    assert np.array_equal(filtered(cut, "temporal"), cut)


def test_a_clip_is_cut_so_that_every_size_has_even_sides() -> None:
    clip = read_clip(CLIP_FOLDER, "handheld")
    height, width = clip.luma.shape[1:]
    assert height % UNIT == width % UNIT == 0
    assert clip.chroma.shape[2:] == (height // 4, width // 4)


def test_what_other_weights_gave_is_not_taken_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [file_name("speaker", "h264", size) for size in ("1/2", "1")]
    assert names == [file_name("speaker", "h264", size) for size in ("1/2", "1")]
    monkeypatch.setitem(sweep.NETS, Fraction(1, 2), "live-m")
    half, full = (file_name("speaker", "h264", size) for size in ("1/2", "1"))
    # The full picture is forwarded, whatever net there is.
    assert half != names[0] and full == names[1]


@pytest.mark.slow
def test_half_a_picture_and_a_whole_one_are_scored_at_the_same_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sweep, "RATES", (300,))
    monkeypatch.setattr(sweep, "FRAMES", 6)
    for size in ("1/2", "1"):
        (found,) = send(CLIP_FOLDER, "speaker", "h264", size, ("",))
        assert (found.size, found.filter, found.asked_kbps) == (size, "", 300)
        assert 20 < found.neg < 100 and 20 < found.psnr_db < 60 and 0 < found.bpp < 0.5
