"""Rendered games: tile maps that scroll, a ground in perspective, sprites, particles, a display."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.clip import Bytes, Clip, from_bgr

__all__ = ["film_game"]

_TILE = 32


def film_game(size: tuple[int, int], frames: int, rng: np.random.Generator) -> Clip:
    """A clip of `size` (width, height), 30 fps."""
    world = _world(size, frames, rng)
    ground = _ground if rng.random() < 0.35 else _map
    sprites = _Sprites(size, rng)
    shown = []
    speed = rng.uniform(0, 9, 2) * rng.choice([0, 1], 2, p=[0.3, 0.7])
    for n in range(frames):
        frame = ground(world, size, speed * n)
        sprites.draw(frame, n)
        _display(frame, n)
        shown.append(frame)
    return from_bgr(shown, 30)


def _world(size: tuple[int, int], frames: int, rng: np.random.Generator) -> Bytes:
    """A map of a dozen kinds of tiles, larger than what is seen."""
    kinds = [_tile(rng) for _ in range(12)]
    # The map scrolls by at most 9 pixels in each frame, so it never ends within a clip.
    rows, columns = (size[1] + 9 * frames) // _TILE + 2, (size[0] + 9 * frames) // _TILE + 2
    # Regions rather than noise: low-pass filtered numbers choose the tile.
    choice = cv2.resize(
        rng.random((rows // 3 + 2, columns // 3 + 2)),
        (columns, rows),
        interpolation=cv2.INTER_LINEAR,
    )
    index = np.clip((choice * 1.4 - 0.2) * 12, 0, 11).astype(int)
    stacked = np.stack(kinds)[index]
    grid = stacked.transpose(0, 2, 1, 3, 4).reshape(rows * _TILE, columns * _TILE, 3)
    return np.ascontiguousarray(grid)


def _tile(rng: np.random.Generator) -> Bytes:
    colour = rng.integers(20, 220, 3)
    tile = np.empty((_TILE, _TILE, 3), np.uint8)
    tile[:] = colour
    kind = int(rng.integers(5))
    if kind == 0:
        noise = rng.normal(0, rng.uniform(4, 25), (_TILE, _TILE, 1))
        return np.clip(tile + noise, 0, 255).astype(np.uint8)
    second = tuple(int(v) for v in np.clip(colour + rng.integers(-70, 71, 3), 0, 255))
    if kind == 1:
        step = int(rng.choice([8, 16]))
        for at in range(0, _TILE, step):
            cv2.line(tile, (0, at), (_TILE, at), second, 1)
            cv2.line(tile, (at // 2, at), (at // 2, at + step), second, 1)
    elif kind == 2:
        for _ in range(10):
            x, y = (int(v) for v in rng.integers(0, _TILE, 2))
            cv2.line(tile, (x, y), (x + 2, y - 6), second, 1, cv2.LINE_AA)
    elif kind == 3:
        cv2.rectangle(tile, (1, 1), (_TILE - 2, _TILE - 2), second, 2)
    else:
        small = rng.integers(0, 60, (8, 8, 1)) - 30
        large = np.repeat(np.repeat(small, 4, 0), 4, 1)
        tile = np.clip(tile.astype(int) + large, 0, 255).astype(np.uint8)
    return tile


def _map(world: Bytes, size: tuple[int, int], shift: NDArray[np.float64]) -> Bytes:
    """The part of the map that is seen, moved by fractions of a pixel."""
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(world, move, size, flags=flags), np.uint8)


def _ground(world: Bytes, size: tuple[int, int], shift: NDArray[np.float64]) -> Bytes:
    """The map as a plane under a sky."""
    width, height = size
    horizon = height * 0.35
    sky = np.linspace((200, 120, 60), (240, 220, 190), height)[:, None]
    frame = np.ascontiguousarray(np.broadcast_to(sky, (height, width, 3)), np.uint8)
    corners = np.array([[-2, 1], [3, 1], [0.6, 0.0], [0.4, 0.0]], np.float32)
    seen = corners * [width, height - horizon] + [0, horizon]
    rows, columns = world.shape[:2]
    part = np.array([[0, rows], [columns, rows], [columns, 0], [0, 0]], np.float32)
    part = part - shift.astype(np.float32)
    plane = cv2.getPerspectiveTransform(part, seen.astype(np.float32))
    cv2.warpPerspective(
        world, plane, size, dst=frame, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT
    )
    return frame


class _Sprites:
    """Filled shapes with outlines that wander over the picture, and sparks."""

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        count = int(rng.integers(4, 14))
        self._size = size
        self._start = rng.uniform(0, 1, (count, 2)) * size
        self._step = rng.normal(0, 4, (count, 2))
        self._radius = rng.integers(6, 50, count)
        self._sides = rng.integers(3, 9, count)
        self._colours = rng.integers(0, 256, (count, 3)).tolist()
        self._sparks = rng.normal(0, 3, (40, 2))

    def draw(self, frame: Bytes, n: int) -> None:
        for k, colour in enumerate(self._colours):
            turn = np.arange(self._sides[k]) / self._sides[k] * 2 * np.pi + n * 0.05
            centre = (self._start[k] + self._step[k] * n) % self._size
            corners = self._radius[k] * np.stack([np.cos(turn), np.sin(turn)], 1) + centre
            # Corners count eighths of a pixel (the shift of 3 below): sprites move smoothly.
            shape = [np.rint(corners * 8).astype(np.int32)]
            cv2.fillPoly(frame, shape, colour, cv2.LINE_AA, 3)
            cv2.polylines(frame, shape, True, (20, 20, 20), 2, cv2.LINE_AA, 3)
        # Sparks start again every 20 frames: sudden content that no motion predicts.
        age = n % 20
        for x, y in self._start[0] + self._sparks * age:
            cv2.circle(frame, (int(x), int(y)), 2, (80, 200, 255), -1, cv2.LINE_AA)


def _display(frame: Bytes, n: int) -> None:
    face = cv2.FontFace("sans")
    cv2.putText(frame, f"SCORE {n * 10:06d}", (10, 30), (255, 255, 255), face, 22, 700)
    cv2.rectangle(frame, (10, 40), (130, 52), (30, 30, 30), -1)
    cv2.rectangle(frame, (12, 42), (128 - n % 60, 50), (60, 60, 220), -1)
