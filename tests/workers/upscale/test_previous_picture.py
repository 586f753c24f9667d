from __future__ import annotations

import cv2
import numpy as np

from workers.upscale.previous_picture import PreviousPicture


def scene(seed: int = 0, side: int = 160) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float32)
    strong: np.ndarray = np.clip((smooth - smooth.mean()) * 5 + 128, 0, 255)
    return strong.astype(np.uint8)


def enlarged(luma: np.ndarray) -> np.ndarray:
    return cv2.resize(luma, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def test_before_the_first_picture_there_is_a_bicubic_one() -> None:
    luma = scene()[:64, :80]
    assert np.array_equal(PreviousPicture(2).of(luma), enlarged(luma))


def test_the_last_enhanced_picture_follows_a_pan() -> None:
    world = scene()
    before, now = world[20:100, 20:120], world[22:102, 23:123]
    previous = PreviousPicture(2)
    # Marked, so that it can be told from an enlargement of the present picture.
    previous.keep(before, 255 - enlarged(before))
    moved = previous.of(now)
    apart = np.abs((255 - moved[24:-24, 24:-24]).astype(int) - enlarged(now)[24:-24, 24:-24])
    assert apart.mean() < 3


def test_another_scene_begins_anew() -> None:
    previous = PreviousPicture(2)
    previous.keep(scene(1)[:80, :96], np.full((160, 192), 7, np.uint8))
    other = 255 - scene(2)[:80, :96] // 2
    assert np.array_equal(previous.of(other), enlarged(other))


def test_what_was_forgotten_does_not_come_back() -> None:
    luma = scene()[:64, :80]
    previous = PreviousPicture(2)
    previous.keep(luma, np.full((128, 160), 7, np.uint8))
    previous.forget()
    assert np.array_equal(previous.of(luma), enlarged(luma))
