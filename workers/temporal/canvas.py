"""The enlarged picture, kept in place from picture to picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import cells
from workers.temporal.cell_state import CellState
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.motion_compensation import States, blank_state, compensate, spread_edges
from workers.temporal.motion_search import Motion
from workers.temporal.padding import MARGIN
from workers.temporal.region_blend import BlendTarget, blend
from workers.temporal.region_selection import Region

__all__ = ["Canvas"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Canvas:
    """The picture, its bicubic part and S of it (``motion_compensation.py``); used by one thread.

    Work goes with what changed: cells that are clean are not written.
    """

    def __init__(self, width: int, height: int, scale: int) -> None:
        self._scale = scale
        self._bicubic = IncrementalBicubic(width, height, scale)
        self._states = States(*(blank_state(width, height, scale) for _ in range(2)))
        # 4:2:0 has no odd sides, so an odd last row or column is not kept.
        self._enlarged = np.zeros([scale * side // 2 * 2 for side in (height, width)], np.uint8)
        # Cells of the picture that do not go with the state, but with a picture that was predicted
        # and not committed.
        self._dirty = np.ones(cells(width, height), np.uint8)
        self._keep = np.zeros_like(self._dirty)

    @property
    def enlarged(self) -> Bytes:
        """The picture as far as it is made; a view."""
        return self._enlarged

    def plain(self, region: Region) -> Bytes:
        """Returns a region by bicubic, as far as it lies in the picture; a view."""
        rows = slice(self._scale * region.top, self._scale * (region.top + region.height))
        columns = slice(self._scale * region.left, self._scale * (region.left + region.width))
        return self._bicubic.large[rows, columns]

    @property
    def samples(self) -> float:
        """Decoded luma samples that the picture stands for."""
        height, width = self._enlarged.shape
        return float(width * height / self._scale**2)

    @property
    def keep(self) -> Bytes:
        """Sixteenths of each cell's prediction that stay where a region is applied; a view."""
        return self._keep

    def set_luma(self, luma: Bytes) -> None:
        """Enlarges the next decoded luma, ``bordered``, by bicubic, where it changed."""
        # Whatever goes wrong from here: what changed now does not go with the state until commit.
        self._dirty |= self._bicubic.update(luma)

    def render(self, motion: Motion, state: CellState) -> None:
        """Makes the picture from the last one; hopeless cells become bicubic."""
        errors = state.error, state.gain
        plain = self._bicubic.large
        compensate(self._states, motion, plain, errors, self._scale, self._dirty, self._enlarged)

    def apply(
        self, made: Bytes, source: tuple[int, int], region: Region, actual: Floats, gain: Floats
    ) -> None:
        """Blends a region of the net's picture in, which begins at ``source`` (row, column, in
        decoded samples) of ``made``; ``actual`` and ``gain`` get what it says of each cell.
        """
        # Should this picture be cancelled, its cells must be made again from the state before.
        self._dirty[region.cells()] = 1
        target = BlendTarget(self._bicubic.large, self._keep, self._enlarged, self._states.after)
        area = (region.top, region.left, region.height, region.width)
        blend(made, source, area, self._scale, target, actual, gain)

    def commit(self) -> None:
        """The picture is done; the next one is predicted from it."""
        height, width = self._enlarged.shape
        spread_edges(self._states.after, width, height, MARGIN * self._scale)
        # The state of this picture becomes the one before; the other array is written anew.
        self._states = States(self._states.after, self._states.before)
        self._dirty[:] = 0
