from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.training import held_out
from models.training.cache import (
    CacheConfig,
    Sources,
    degrade,
    fill_cache,
    open_cache,
    open_sequences,
)
from models.training.clip import Clip
from models.training.codec import CODECS, LiveEncoder, transcode
from models.training.downscale import KERNELS, reduce
from models.training.film import read_passage
from models.training.game import film_game
from models.training.photos import Camera, film_photo, film_still_camera
from models.training.screen import film_screen, stamp_time

CLIPS = Path(__file__).parents[1] / "data" / "clips"
SIZE = (192, 128)


def photo(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (300, 400, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2.0)


def panned(frames: int = 30) -> Clip:
    rng = np.random.default_rng(4)
    return film_photo(photo(), SIZE, frames, Camera(2.0, 1.0, 0.0, 0.0, 1), rng)


@pytest.mark.parametrize("blur", [1, 3])
def test_a_filmed_photo_has_its_shape_and_moves(blur: int) -> None:
    camera = Camera(6.0, 1.0, 0.05, 0.1, blur)
    clip = film_photo(photo(), SIZE, 5, camera, np.random.default_rng(1))
    assert clip.luma.shape == (5, 128, 192)
    assert clip.chroma.shape == (5, 2, 32, 48)
    assert np.abs(np.diff(clip.luma.astype(int), axis=0)).mean() > 1


def test_a_still_camera_leaves_the_corner_still() -> None:
    clip = film_still_camera(photo(), photo(1), SIZE, 6, np.random.default_rng(2))
    corner, middle = clip.luma[:, :20, :20].astype(int), clip.luma[:, 60:90, 70:120].astype(int)
    assert np.abs(np.diff(corner, axis=0)).mean() < np.abs(np.diff(middle, axis=0)).mean()


@pytest.mark.parametrize("seed", range(8))
def test_screens_are_rendered_alike_from_one_seed(seed: int) -> None:
    first, second = (film_screen((320, 240), 3, np.random.default_rng(seed)) for _ in range(2))
    assert first.luma.shape == (3, 240, 320)
    assert np.array_equal(first.luma, second.luma)
    assert first.luma.std() > 1


@pytest.mark.parametrize("seed", range(4))
def test_games_are_rendered_alike_from_one_seed_and_move(seed: int) -> None:
    first, second = (film_game((320, 240), 3, np.random.default_rng(seed)) for _ in range(2))
    assert first.luma.shape == (3, 240, 320)
    assert np.array_equal(first.luma, second.luma)
    assert np.abs(np.diff(first.luma.astype(int), axis=0)).mean() > 0.1


def test_a_stamped_time_changes_one_corner() -> None:
    clip = panned(3)
    away = stamp_time(clip, np.random.default_rng(1)).luma.astype(int) - clip.luma
    assert np.abs(away).max() > 50
    assert not away[:, 50:80].any()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_reduction_keeps_the_mean_and_the_place(kernel: str, scale: int) -> None:
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (48, 1))
    small = reduce(ramp, scale, kernel)
    assert small.shape == (48 // scale, 120 // scale)
    # Each output pixel lies in the middle of its input pixels.
    cells = ramp.astype(float).reshape(48 // scale, scale, 120 // scale, scale)
    assert np.abs(small - cells.mean((1, 3)))[4:-4, 8:-8].max() <= 1


@pytest.mark.parametrize("codec", CODECS)
def test_encoders_keep_to_their_rate_and_repeat_themselves(codec: str) -> None:
    clip = panned(45)
    small = np.stack([reduce(frame, 2, "area") for frame in clip.luma])
    results = [
        transcode(small, clip.chroma, 30, LiveEncoder(codec, rate)) for rate in (0.1, 0.1, 0.4)
    ]
    (first, low), (again, _), (better, high) = results
    assert first.shape == small.shape
    assert np.array_equal(first, again)
    assert low < high
    assert high < 0.8
    error = [np.mean((seen.astype(float) - small) ** 2) for seen in (first, better)]
    assert error[1] < error[0]


def test_degradation_follows_from_the_seed() -> None:
    clip, config = panned(), CacheConfig()
    first, second, other = (
        degrade(clip, config, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_passage_starts_at_the_frame_asked_for() -> None:
    path = CLIPS / "animation.mp4"
    whole, part = read_passage(path, 0, 20), read_passage(path, 12, 4)
    assert whole.luma.shape == (20, 360, 640)
    assert np.array_equal(whole.luma[12:16], part.luma)
    with pytest.raises(ValueError, match="ends before"):
        read_passage(path, 40, 20)


def test_held_out_passages_are_refused_frame_by_frame() -> None:
    start, end = held_out.PASSAGES["bbb_b_360p24"]
    may = held_out.may_train_on_frames
    assert may("bbb_b_360p24", int(start * 24) - 36, 36, 24)
    assert not may("bbb_b_360p24", int(start * 24) - 35, 36, 24)
    assert not may("bbb_b_360p24", int(end * 24) - 1, 36, 24)
    assert may("bbb_b_360p24", int(end * 24), 36, 24)
    assert may("bbb_a_360p24", int(start * 24), 36, 24)


def test_held_out_photographs_are_not_found(tmp_path: Path) -> None:
    for folder, name in [("photos", "Autumn.jpg"), ("photos", "Path.jpg"), ("video", "film.mp4")]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    assert [path.name for path in Sources.find(tmp_path).photos] == ["Path.jpg"]
    with pytest.raises(FileNotFoundError):
        Sources.find(tmp_path / "photos")


SHAPE: dict[str, Any] = {
    "clips": 3,
    "frames": 4,
    "encodes": 1,
    "patches": 2,
    "patch": 16,
    "seed": 5,
}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    cv2.imwrite(str(tmp_path / "photo.png"), photo())
    return Sources((tmp_path / "photo.png",), (CLIPS / "animation.mp4",))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_interrupted_cache_goes_on_to_the_same_pairs(
    tmp_path: Path, sources: Sources, scale: int
) -> None:
    config = CacheConfig(**SHAPE, scale=scale)
    fill_cache(tmp_path / "whole", sources, config, print)
    fill_cache(tmp_path / "parts", sources, config, print)
    (tmp_path / "parts" / "done.txt").write_text("1")
    fill_cache(tmp_path / "parts", sources, config, print)
    whole, parts = open_cache(tmp_path / "whole", config), open_cache(tmp_path / "parts", config)
    assert whole[0].shape == (6, 16, 16)
    assert whole[1].shape == (6, 16 * scale, 16 * scale)
    for a, b in zip(whole, parts, strict=True):
        assert np.array_equal(a, b)


def test_sequences_come_with_their_motion(tmp_path: Path, sources: Sources) -> None:
    config = CacheConfig(**SHAPE, window=3)
    fill_cache(tmp_path, sources, config, print)
    decoded, original, flow = open_sequences(tmp_path, config)
    assert decoded.shape == (6, 3, 16, 16)
    assert original.shape == (6, 3, 32, 32)
    assert flow.shape == (6, 3, 2, 4, 4)
