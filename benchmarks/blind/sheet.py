"""The crops of ``docs/quality``, found as those of the blind pairs, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.blind.crops import RULES, cut
from benchmarks.blind.material import Frame, film
from benchmarks.quality.at_viewer import enlargers

__all__ = ["CLIPS", "draw_sheet", "sheet"]

CLIPS = ("street", "talking", "dashcam", "animation", "screen")
ZOOM = 2
_GAP = 6
_BAND = 26
"""Height of the captions."""

Bytes = NDArray[np.uint8]


def draw_sheet(folder: Path, models: Sequence[str], path: Path) -> None:
    """Writes the crops of CLIPS as a lossless WebP: scaled by the player, by each model as it
    ships, and the original.
    """
    # A model's default style comes after its faithful one, and takes its place.
    usual = list({each.model: each for each in enlargers(models, 2) if each.model}.values())
    frames = [film(folder / f"{clip}.mp4", usual) for clip in CLIPS]
    # As a PNG four times as large. A quality above 100 is the lossless mode.
    if not cv2.imwrite(str(path), sheet(frames), [cv2.IMWRITE_WEBP_QUALITY, 101]):
        raise OSError(f"{path} could not be written")


def sheet(frames: Sequence[Frame]) -> Bytes:
    """Returns one picture: a row for each clip and rule, a column for each form."""
    names = ["scaled by the player", *frames[0].enhanced, "original"]
    rows = []
    for frame in frames:
        for rule in RULES.values():
            place = rule(frame.luma)
            forms = (frame.player, *frame.enhanced.values(), frame.original)
            large = [
                cv2.resize(cut(x, place), None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
                for x in forms
            ]
            bordered = [
                np.pad(x, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255) for x in large
            ]
            rows.append(np.hstack(bordered))
    return np.vstack([_captions(names, rows[0].shape[1]), *rows]).astype(np.uint8)


def _captions(names: Sequence[str], width: int) -> Bytes:
    band = np.full((_BAND, width, 3), 255, np.uint8)
    for n, name in enumerate(names):
        at = (n * width // len(names) + 8, _BAND - 8)
        cv2.putText(band, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return band
