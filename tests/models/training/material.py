"""Pictures and clips that training tests are made of."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from models.training.clip import Clip
from models.training.photos import Camera, film_photo

CLIPS = Path(__file__).parents[2] / "data" / "clips"
SIZE = (192, 128)


def photo(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (300, 400, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2.0)


def panned(frames: int = 30) -> Clip:
    rng = np.random.default_rng(4)
    return film_photo(photo(), SIZE, frames, Camera(2.0, 1.0, 0.0, 0.0, 1), rng)
