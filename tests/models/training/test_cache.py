"""The cache of patches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.training.cache import (
    FILM,
    CacheConfig,
    Sources,
    degrade,
    draw_kind,
    fill_cache,
    make_clip,
    open_cache,
    open_sequences,
)
from tests.models.training.material import CLIPS, panned, photo

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


def test_degradation_follows_from_the_seed() -> None:
    clip, config = panned(), CacheConfig()
    first, second, other = (
        degrade(clip, config, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


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


def test_a_degraded_clip_is_smaller_by_the_scale_and_worse() -> None:
    clip = panned(8)
    for scale in (2, 4):
        decoded = degrade(clip, CacheConfig(scale=scale), np.random.default_rng(1))
        assert decoded.shape == (8, clip.luma.shape[1] // scale, clip.luma.shape[2] // scale)
        mean = clip.luma.reshape(8, *decoded.shape[1:2], scale, decoded.shape[2], scale).mean(
            (2, 4)
        )
        assert 1 < np.abs(decoded - mean).mean() < 30


def test_every_kind_of_clip_is_drawn_and_all_have_whole_sizes(sources: Sources) -> None:
    shapes = set()
    for seed in range(6):
        clip = make_clip(sources, CacheConfig(frames=2), np.random.default_rng(seed))
        assert len(clip.luma) >= 2 and clip.luma.dtype == np.uint8
        assert clip.luma.shape[1] % 4 == clip.luma.shape[2] % 4 == 0
        assert clip.chroma.shape[2:] == (clip.luma.shape[1] // 4, clip.luma.shape[2] // 4)
        shapes.add(clip.luma.shape)
    assert len(shapes) > 1


def test_a_short_clip_of_a_camera_is_taken_whole(sources: Sources) -> None:
    camera = Sources(sources.photos, sources.films, (CLIPS / "handheld.mp4",))
    clip = FILM["natural"](camera, (64, 64), 500, np.random.default_rng(1))
    assert len(clip.luma) == 48


def test_all_kinds_are_drawn_and_a_third_are_cameras() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_kind(rng) for _ in range(2000)]
    assert set(drawn) == set(FILM)
    assert 0.28 < drawn.count("natural") / len(drawn) < 0.36


def test_without_clips_of_cameras_films_stand_in(sources: Sources) -> None:
    clip = FILM["natural"](sources, (64, 64), 4, np.random.default_rng(1))
    assert clip.luma.shape[0] == 4


def test_folders_of_other_caches_are_other_folders() -> None:
    work = Path("work")
    configs = (CacheConfig(), CacheConfig(scale=3), CacheConfig(seed=2), CacheConfig(window=5))
    folders = {config.folder(work) for config in configs}
    assert len(folders) == 4 and all(folder.parent == work for folder in folders)


def test_a_cache_that_was_never_filled_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        open_cache(tmp_path, CacheConfig(**SHAPE))


def test_a_filled_cache_is_left_alone(tmp_path: Path, sources: Sources) -> None:
    config = CacheConfig(**{**SHAPE, "clips": 1})
    fill_cache(tmp_path / "cache", sources, config, print)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "cache").glob("*.npy")}
    said: list[str] = []
    fill_cache(tmp_path / "cache", sources, config, said.append)
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "cache").glob("*.npy")} == before
