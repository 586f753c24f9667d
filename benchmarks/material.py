"""The clips that all benchmarks run on, and how they are made long."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BITS_PER_PIXEL", "CLIP_FOLDER", "back_and_forth"]

CLIP_FOLDER = Path(__file__).parents[1] / "tests" / "data" / "clips"
"""The held-out clips: no net was trained or tuned on them."""

BITS_PER_PIXEL = 0.12
"""Bit rate of a coded pixel where it is not what is varied: 467 kbit/s for 480x270 at 30 frames, as
the encoder settings of a live stream choose it.
"""


def back_and_forth(frames: int, count: int) -> list[int]:
    """Returns ``count`` frame numbers 0, 1 ... n-1, n-2 ... 0, 1: motion goes on without a cut."""
    there = list(range(frames))
    # Without the two ends, which would stand still for a frame each time and make coding cheaper.
    back = there[-2:0:-1]
    loop = there + back
    return (loop * (count // len(loop) + 1))[:count]
