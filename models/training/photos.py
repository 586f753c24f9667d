"""Photographs in motion: a camera that pans, zooms, turns and shakes over them, or stands still
before a moving part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.clip import Bytes, Clip, to_limited

__all__ = ["Camera", "film_layers", "film_photo", "film_still_camera"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """Motion of the camera; pixels are those of the high-resolution clip."""

    speed: float
    """Pan, pixels per frame."""
    shake: float
    """Hand shake, pixels."""
    turn: float
    """Rotation, radians over the whole clip."""
    zoom: float
    """Natural logarithm of the zoom over the whole clip."""
    blur: int
    """Sub-frames averaged for motion blur; 1 is none."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Camera:
        # Log-uniform, so that slow pans are as frequent as fast ones.
        speed = float(np.exp(rng.uniform(np.log(0.2), np.log(20))))
        return cls(
            speed=speed,
            shake=float(np.exp(rng.uniform(np.log(0.1), np.log(4)))),
            turn=float(rng.normal(0, 0.06)),
            zoom=float(rng.normal(0, 0.12)),
            # A shutter that is open for most of the frame smears what moves faster than this.
            blur=3 if speed > 3 else 1,
        )


def film_photo(
    photo: Bytes, size: tuple[int, int], frames: int, camera: Camera, rng: np.random.Generator
) -> Clip:
    """A clip of `size` (width, height) over `photo` (BGR), 30 fps. Where the path leaves the photo
    it is mirrored.
    """
    planes = _prepare(photo, size, rng)
    path = _path(planes.shape, size, frames * camera.blur, camera, rng)
    # Brightness swings by a few per cent, as automatic exposure makes it.
    exposure = 1 + rng.normal(0, 0.05) * np.sin(np.linspace(0, rng.uniform(1, 6), frames))
    luma, chroma = [], []
    for index in range(frames):
        moves = path[index * camera.blur : (index + 1) * camera.blur]
        views = [_view(planes[:, :, 0], move, size) for move in moves]
        view = views[0] if len(views) == 1 else np.mean(views, axis=0)
        # Exposure scales the light, and black is at 16 in the limited range.
        luma.append(np.clip(np.rint((view - 16.0) * exposure[index] + 16), 0, 255).astype(np.uint8))
        chroma.append(_chroma_view(planes[:, :, 1:], moves[0], size))
    return Clip(np.stack(luma), np.stack(chroma), 30)


def film_still_camera(
    photo: Bytes, part: Bytes, size: tuple[int, int], frames: int, rng: np.random.Generator
) -> Clip:
    """A nearly fixed camera before `photo`, and a soft-edged oval cut from `part` that sways, as a
    speaker does.
    """
    still = Camera(speed=0.0, shake=float(rng.uniform(0, 0.15)), turn=0.0, zoom=0.0, blur=1)
    sway = Camera(
        0.3, float(rng.uniform(1, 6)), float(rng.normal(0, 0.1)), float(rng.normal(0, 0.04)), 1
    )
    return film_layers(photo, part, size, frames, still, sway, rng)


def film_layers(
    photo: Bytes,
    part: Bytes,
    size: tuple[int, int],
    frames: int,
    far: Camera,
    close: Camera,
    rng: np.random.Generator,
) -> Clip:
    """A soft-edged oval of `part`, seen by the camera `close`, before `photo`, seen by `far`: two
    depths that move against each other.
    """
    behind = film_photo(photo, size, frames, far, rng)
    before = film_photo(part, size, frames, close, rng)
    width, height = size
    mask = np.zeros((height, width), np.float32)
    centre = (int(width * rng.uniform(0.3, 0.7)), int(height * rng.uniform(0.5, 0.7)))
    axes = (int(width * rng.uniform(0.12, 0.25)), int(height * rng.uniform(0.25, 0.45)))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    luma, chroma = [], []
    for index in range(frames):
        shift = 3 * close.shake * np.sin(index / frames * 2 * np.pi * np.array([0.9, 0.5]) + [0, 1])
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        near = cv2.GaussianBlur(cv2.warpAffine(mask, move, size), (0, 0), 1.2)
        luma.append(_blend(behind.luma[index], before.luma[index], near))
        small = cv2.resize(near, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        chroma.append(_blend(behind.chroma[index], before.chroma[index], small))
    return Clip(np.stack(luma), np.stack(chroma), 30)


def _blend(behind: Bytes, before: Bytes, alpha: NDArray[Any]) -> Bytes:
    mixed = behind + alpha * (before.astype(np.float32) - behind)
    return np.asarray(np.rint(mixed), np.uint8)


def _prepare(photo: Bytes, size: tuple[int, int], rng: np.random.Generator) -> Bytes:
    """The photo in video range, shrunk so that the camera's view covers a random part of it."""
    height, width = photo.shape[:2]
    smallest = max(size[0] / width, size[1] / height)
    factor = min(1.0, float(rng.uniform(min(1.0, smallest), 1.0)))
    if factor < 0.95:
        smaller = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        photo = np.asarray(smaller, np.uint8)
    if rng.random() < 0.5:
        photo = photo[:, ::-1]
    return to_limited(np.ascontiguousarray(photo))


def _path(
    shape: tuple[int, ...],
    size: tuple[int, int],
    steps: int,
    camera: Camera,
    rng: np.random.Generator,
) -> list[Float]:
    """One 2x3 matrix per sub-frame, from clip coordinates to photo coordinates."""
    margin = np.array([shape[1] - size[0], shape[0] - size[1]]) / 2
    centre = np.array([shape[1], shape[0]]) / 2 + rng.uniform(-1, 1, 2) * np.maximum(margin, 0)
    heading = rng.uniform(0, 2 * np.pi)
    velocity = camera.speed / camera.blur * np.array([np.cos(heading), 0.5 * np.sin(heading)])
    seconds = np.arange(steps) / (30 * camera.blur)
    shake = np.zeros((steps, 2))
    for hertz in rng.uniform(0.5, 7, 4):
        # Slow sway is wide and fast tremor is small.
        shake += np.sin(2 * np.pi * (hertz * seconds[:, None] + rng.random(2))) / hertz**0.7
    matrices = []
    for step in range(steps):
        progress = step / max(1, steps - 1)
        angle, scale = camera.turn * progress, float(np.exp(camera.zoom * (progress - 0.5)))
        at = centre + velocity * (step - steps / 2) + camera.shake * shake[step]
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        origin = at - turn @ (np.array(size) / 2)
        matrices.append(np.hstack([turn, origin[:, None]]))
    return matrices


def _view(plane: Bytes, move: Float, size: tuple[int, int]) -> Bytes:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(plane, move, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(view, np.uint8)


def _chroma_view(planes: Bytes, move: Float, size: tuple[int, int]) -> Bytes:
    """Returns the chroma of a view, [2, H/4, W/4].

    Coarse sampling is enough: chroma only has to cost the encoder its part of the bits.
    """
    # The centre of a cell of 4 pixels lies 1.5 pixels behind the centre of its first one.
    coarse = move @ np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    small = (size[0] // 4, size[1] // 4)
    view = cv2.warpAffine(planes, coarse, small, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(view.transpose(2, 0, 1), np.uint8)
