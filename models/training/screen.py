"""Rendered screens: documents that scroll, terminals that fill, windows with a pointer."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.training.clip import Bytes, Clip, from_bgr

__all__ = ["film_screen", "stamp_time"]

Colour = tuple[int, int, int]
Renderer = Callable[[tuple[int, int], int, np.random.Generator], list[Bytes]]

_LETTERS = "etaoinshrdlucmfwypvbgkqjxzETAOINSHRDLU0123456789"
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
_FACES = ("sans", "italic")
"""OpenCV's own scalable faces, filled and anti-aliased as a browser's are."""


def film_screen(size: tuple[int, int], frames: int, rng: np.random.Generator) -> Clip:
    """A clip of `size` (width, height), 30 fps, of one of the three kinds."""
    kinds: tuple[Renderer, ...] = (_document, _terminal, _windows)
    render = kinds[int(rng.integers(len(kinds)))]
    return from_bgr(render(size, frames, rng), 30)


def stamp_time(clip: Clip, rng: np.random.Generator) -> Clip:
    """The clip with the date and a running time in a corner, as surveillance cameras burn them
    in.
    """
    luma = clip.luma.copy()
    scale, name = float(rng.uniform(0.5, 1.0)), f"CAM {int(rng.integers(1, 17)):02d}"
    start, low = int(rng.integers(0, 80_000)), bool(rng.random() < 0.5)
    at = (8, luma.shape[1] - 10 if low else 26)
    for n, frame in enumerate(luma):
        # The clock steps once in a second of the clip: small text that is still and then changes.
        second = start + n // clip.fps
        text = f"2025-03-{1 + start % 28:02d} {second // 3600:02d}:{second // 60 % 60:02d}"
        text += f":{second % 60:02d} {name}"
        # A dark outline keeps the white digits legible on any picture.
        cv2.putText(frame, text, at, _FONTS[0], scale, (16,), 3, cv2.LINE_AA)
        cv2.putText(frame, text, at, _FONTS[0], scale, (235,), 1, cv2.LINE_AA)
    return Clip(luma, clip.chroma, clip.fps)


def _words(rng: np.random.Generator, length: int) -> str:
    text = ""
    while len(text) < length:
        text += "".join(rng.choice(list(_LETTERS), int(rng.integers(1, 10)))) + " "
    return text[:length]


def _colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> Colour:
    b, g, r = (int(v) for v in rng.integers(low, high, 3))
    return b, g, r


def _text_page(
    size: tuple[int, int], paper: Colour, ink: Colour, rng: np.random.Generator
) -> Bytes:
    width, height = size
    page = np.full((height, width, 3), paper, np.uint8)
    face = cv2.FontFace(str(rng.choice(_FACES))) if rng.random() < 0.6 else None
    y = 24
    while y < height:
        heading = rng.random() < 0.1
        scale = float(rng.uniform(0.9, 1.6)) if heading else float(rng.uniform(0.38, 0.62))
        font = _FONTS[int(rng.integers(len(_FONTS)))]
        x = 10 + int(rng.choice([0, 0, 0, 24, 48]))
        length = int(rng.uniform(0.2, 1.1) * (width - x) / (18 * scale))
        tint = _colour(rng) if rng.random() < 0.15 else ink
        text, weight = _words(rng, length), 1 + heading
        if face is None:
            cv2.putText(page, text, (x, y), font, scale, tint, weight, cv2.LINE_AA)
        else:
            cv2.putText(page, text, (x, y), tint, face, round(32 * scale), 200 + 200 * weight)
        y += int(34 * scale) + int(rng.choice([4, 4, 4, 20]))
    return page


def _document(size: tuple[int, int], frames: int, rng: np.random.Generator) -> list[Bytes]:
    dark = rng.random() < 0.4
    paper, ink = (
        (_colour(rng, 10, 60), _colour(rng, 180))
        if dark
        else (_colour(rng, 215), _colour(rng, 0, 80))
    )
    speed = int(rng.choice([0, 1, 2, 4, 8, 14]))
    page = _text_page((size[0], size[1] + speed * frames), paper, ink, rng)
    return [page[n * speed : n * speed + size[1]].copy() for n in range(frames)]


def _terminal(size: tuple[int, int], frames: int, rng: np.random.Generator) -> list[Bytes]:
    paper, ink = _colour(rng, 0, 50), _colour(rng, 140)
    line, scale = int(rng.integers(14, 24)), float(rng.uniform(0.38, 0.6))
    screen = np.full((size[1], size[0], 3), paper, np.uint8)
    every = int(rng.integers(1, 8))
    shown = []
    # A full screen first: an empty one teaches nothing.
    for step in range(-(size[1] // line), frames):
        if step < 0 or step % every == 0:
            screen = np.roll(screen, -line, axis=0)
            screen[-line:] = paper
            tint = ink if rng.random() < 0.7 else _colour(rng, 90)
            text = _words(rng, int(rng.integers(4, 80)))
            cv2.putText(screen, text, (4, size[1] - 5), _FONTS[0], scale, tint, 1, cv2.LINE_AA)
        if step >= 0:
            shown.append(screen.copy())
    return shown


def _windows(size: tuple[int, int], frames: int, rng: np.random.Generator) -> list[Bytes]:
    desk = np.full((size[1], size[0], 3), _colour(rng), np.uint8)
    for _ in range(int(rng.integers(2, 6))):
        w, h = int(rng.integers(120, size[0] * 2 // 3)), int(rng.integers(80, size[1] * 2 // 3))
        x, y = int(rng.integers(0, size[0] - w)), int(rng.integers(0, size[1] - h))
        desk[y : y + h, x : x + w] = _text_page((w, h), _colour(rng, 200), _colour(rng, 0, 90), rng)
        cv2.rectangle(desk, (x, y), (x + w, y + h), _colour(rng), 1)
        cv2.rectangle(desk, (x, y), (x + w, y + 16), _colour(rng), -1)
    moving = _text_page((180, 120), _colour(rng, 180), _colour(rng, 0, 90), rng)
    cv2.rectangle(moving, (0, 0), (179, 119), _colour(rng), 2)
    step = rng.integers(-6, 7, 2)
    at = np.array([size[0] // 2 - 90, size[1] // 2 - 60])
    shown = []
    for n in range(frames):
        frame = desk.copy()
        x, y = np.clip(at + step * n, 0, [size[0] - 180, size[1] - 120])
        frame[y : y + 120, x : x + 180] = moving
        pointer = np.array([[0, 0], [0, 17], [5, 12], [12, 12]]) + np.clip(
            at + 2 * step * n, 0, size
        )
        cv2.fillPoly(frame, [pointer.astype(np.int32)], (250, 250, 250), cv2.LINE_AA)
        shown.append(frame)
    return shown
