"""A decoded picture compared with the one before it: the vectors of its cells, and what they leave.

That is the half of temporal propagation that needs no enlarged picture, so it can be done before it
is known who enlarges what.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CodecInfo, MotionGrid, cells
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.optical_flow import FlowMotion
from workers.temporal.padding import MARGIN, bordered

__all__ = ["MAX_STILL_SQUARES", "MatchedPicture", "PictureMatcher"]

Bytes = npt.NDArray[np.uint8]

MAX_STILL_SQUARES = 16
"""Sum of squared differences over a cell, up to which it has not moved: half a level a sample, less
than decoding noise.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class MatchedPicture:
    """One comparison; it holds as long as ``before`` is the picture that went before."""

    now: Bytes
    "Decoded luma, ``bordered``; not to be written to."
    before: Bytes | None
    "The same of the picture that it was compared with; None: it was compared with none."
    motion: Motion
    "Chosen vectors and what they leave; of no meaning without a picture before."
    grid: MotionGrid | None
    "The vectors that the choice began with."


class PictureMatcher:
    """Compares pictures of one size, each with the one that it is told of; used by one thread."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._grid = cells(width, height)
        self._flow = FlowMotion()

    def blank(self) -> Motion:
        """Returns memory for one comparison; it may serve for many, one after the other."""
        return Motion.blank(*self._grid)

    def border(self, luma: Bytes) -> Bytes:
        """Returns the picture with a margin, as ``match`` takes it. Raises ValueError for another
        size.
        """
        width, height = self._size
        if luma.shape != (height, width):
            raise ValueError(f"picture of {luma.shape[1]}x{luma.shape[0]}, not {width}x{height}")
        return bordered(luma)

    def match(
        self, now: Bytes, before: Bytes | None, info: CodecInfo | None, motion: Motion
    ) -> MatchedPicture:
        """Compares ``now`` with ``before``, by the codec's vectors where it has some; ``motion`` is
        written to.
        """
        if before is None:
            return MatchedPicture(now, None, motion, None)
        grid = self._vectors(now, before, info)
        match(Planes(now, before), Hints(grid.dx, grid.dy, grid.valid), MAX_STILL_SQUARES, motion)
        return MatchedPicture(now, before, motion, grid)

    def _vectors(self, now: Bytes, before: Bytes, info: CodecInfo | None) -> MotionGrid:
        """Returns the codec's vectors; where it has none, those that optical flow finds."""
        width, height = self._size
        if info is not None and info.motion is not None:
            motion = info.motion
            if any(each.shape != self._grid for each in (motion.dx, motion.dy, motion.valid)):
                # The compiled loops look at no bounds.
                raise ValueError(f"vectors of {motion.dx.shape} cells, not {self._grid}")
            return motion
        inside = slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width)
        return self._flow.between(before[inside], now[inside])
