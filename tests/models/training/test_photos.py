"""Photographs in motion."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.training.photos import Camera, film_layers, film_photo, film_still_camera
from tests.models.training.material import SIZE, photo

STILL = Camera(speed=0.0, shake=0.0, turn=0.0, zoom=0.0, blur=1)


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


def test_a_camera_that_does_nothing_films_one_picture() -> None:
    clip = film_photo(photo(), SIZE, 4, STILL, np.random.default_rng(1))
    moving = film_photo(
        photo(), SIZE, 4, dataclasses.replace(STILL, speed=8.0), np.random.default_rng(1)
    )
    # What changes is the exposure alone, the same everywhere.
    still = np.abs(np.diff(clip.luma.astype(int), axis=0)).mean()
    assert still < 0.3 * np.abs(np.diff(moving.luma.astype(int), axis=0)).mean()


def test_films_of_one_seed_are_alike_and_of_two_are_not() -> None:
    camera = Camera.draw(np.random.default_rng(2))
    first, second, other = (
        film_photo(photo(), SIZE, 3, camera, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert np.array_equal(first.luma, second.luma) and np.array_equal(first.chroma, second.chroma)
    assert not np.array_equal(first.luma, other.luma)


def test_a_photo_smaller_than_the_clip_is_filmed_all_the_same() -> None:
    camera = Camera(speed=30.0, shake=4.0, turn=0.2, zoom=-0.3, blur=1)
    clip = film_photo(photo()[:60, :80], SIZE, 6, camera, np.random.default_rng(1))
    assert clip.luma.shape == (6, SIZE[1], SIZE[0])
    # Where the path leaves the photograph it is mirrored: no black border.
    assert clip.luma.min() >= 16 - 3 and clip.luma[:, 0].std() > 1


def test_cameras_are_drawn_within_what_hands_do() -> None:
    cameras = [Camera.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert all(0.2 <= camera.speed <= 20 and 0.1 <= camera.shake <= 4 for camera in cameras)
    assert {camera.blur for camera in cameras} == {1, 3}
    assert all((camera.blur == 3) == (camera.speed > 3) for camera in cameras)


@pytest.mark.parametrize("seed", range(3))
def test_two_depths_move_against_each_other(seed: int) -> None:
    far = dataclasses.replace(STILL, speed=0.0)
    close = dataclasses.replace(STILL, speed=6.0)
    rng = np.random.default_rng(seed)
    clip = film_layers(photo(), photo(1), SIZE, 5, far, close, rng)
    change = np.abs(np.diff(clip.luma.astype(int), axis=0)).mean(0)
    width, height = SIZE
    corner, middle = change[:16, :16], change[height // 2 - 16 :, width // 4 : -width // 4]
    assert corner.mean() < middle.mean()
