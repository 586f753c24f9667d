"""The clips for each kind of content."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.material import CLIP_FOLDER, back_and_forth
from models.measure.held_out_clips import read_clip, small_clip
from models.training.clip import Bytes, Clip
from models.training.game import film_game
from models.training.screen import film_screen
from workers.media.frame_info import CELL

__all__ = ["KINDS", "LARGE", "NORMAL", "SCALE", "Material", "film", "thumbnail"]

SCALE = 2

KINDS = {
    "speaker": "fixed camera",
    "handheld": "hand-held",
    "animation": "animation",
    "screen": "screen",
    "game": "game",
}

NORMAL, LARGE = "normal", "large"
"""Coded sizes: 480x270 (320x180 for animation), and 640x360."""

GAME_SEED, SCREEN_SEED = 2, 4

_WIDE = (1280, 720)


@dataclasses.dataclass(frozen=True, slots=True)
class Material:
    """A clip before it is coded."""

    kind: str
    """One of KINDS."""
    truth: Bytes
    """Luma [frames, SCALE * height, SCALE * width]."""
    small: Bytes
    """Luma [frames, height, width]: what is coded."""
    chroma: Bytes
    """Chroma, [frames, 2, height / 2, width / 2]."""
    fps: int
    is_true: bool = True
    """False where the truth was itself enlarged: it judges no picture."""

    @property
    def size(self) -> str:
        """Size of the coded picture, as in 480x270."""
        return f"{self.small.shape[2]}x{self.small.shape[1]}"

    def changing(self) -> float:
        """Returns the fraction of the cells that differ from the frame before by more than a
        squared level a sample, before anything is coded: what no motion-blind method could take
        over.
        """
        rows, columns = (side // CELL for side in self.small.shape[1:])
        # Cells that the edge cuts off are left out: they have fewer samples to differ in.
        inside = self.small[:, : rows * CELL, : columns * CELL]
        fractions = []
        for before, now in zip(inside[:-1], inside[1:], strict=True):
            apart = np.subtract(now, before, dtype=np.int16).astype(np.float32)
            cells = (apart * apart).reshape(rows, CELL, columns, CELL).mean(axis=(1, 3))
            fractions.append(np.mean(cells > 1.0))
        return float(np.mean(fractions)) if fractions else 1.0


def film(kind: str, size: str, frames: int) -> Material:
    """A kind of KINDS at NORMAL or LARGE; always the same."""
    if size == LARGE:
        clip, is_true = _LARGE[kind](frames), kind in ("screen", "game")
    elif kind == "game":
        clip, is_true = film_game((960, 540), frames, np.random.default_rng(GAME_SEED)), True
    else:
        clip, is_true = _long(kind, frames), True
    cut, small, chroma = small_clip(clip, SCALE)
    return Material(kind, cut.luma, small, chroma, cut.fps, is_true)


def thumbnail(frames: int) -> Material:
    """The middle of the fixed camera, 160x96: for tests."""
    clip = _long("speaker", frames)
    rows, columns = slice(160, 352), slice(320, 640)
    quarter = (slice(40, 88), slice(80, 160))
    cut = Clip(clip.luma[:, rows, columns], clip.chroma[..., *quarter], clip.fps)
    whole, small, chroma = small_clip(cut, SCALE)
    return Material("speaker", whole.luma, small, chroma, whole.fps)


def _long(kind: str, frames: int) -> Clip:
    clip = read_clip(CLIP_FOLDER, kind)
    order = back_and_forth(len(clip.luma), frames)
    return Clip(clip.luma[order], clip.chroma[order], clip.fps)


def _enlarged(kind: str, frames: int) -> Clip:
    """Only to see how much work and time a larger picture takes."""
    clip = read_clip(CLIP_FOLDER, kind)
    width, height = _WIDE
    luma = np.stack([_lanczos(frame, (width, height)) for frame in clip.luma])
    chroma = np.array(
        [[_lanczos(plane, (width // 4, height // 4)) for plane in frame] for frame in clip.chroma]
    )
    order = back_and_forth(len(luma), frames)
    return Clip(luma[order], chroma[order], clip.fps)


def _lanczos(plane: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


_LARGE: dict[str, Callable[[int], Clip]] = {
    "speaker": lambda frames: _enlarged("speaker", frames),
    "handheld": lambda frames: _enlarged("handheld", frames),
    "screen": lambda frames: film_screen(_WIDE, frames, np.random.default_rng(SCREEN_SEED)),
    "game": lambda frames: film_game(_WIDE, frames, np.random.default_rng(GAME_SEED)),
}
"""The animation is not there at 1280x720."""
