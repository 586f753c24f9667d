"""The planning half of temporal propagation, run when a picture arrives, before it is enhanced.

What becomes of pictures that are still held back is not known yet, so it is assumed: the planner
keeps each picture's motion and the regions that were given out for it. Whenever a picture was
composed it goes on from the cells as they really are, through the pictures since then.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from collections import deque
from collections.abc import Sequence

import numpy as np

from workers.media.frame_info import CELL, CodecInfo, cells
from workers.media.picture import Plane
from workers.temporal.cell_history import CellHistory
from workers.temporal.cell_state import CellState
from workers.temporal.motion_search import Motion
from workers.temporal.picture_match import MatchedPicture, PictureMatcher
from workers.temporal.refresh_planner import PRICE_OF_GAIN, RefreshPlanner
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import ComposedState

__all__ = ["MAX_STEPS", "FramePlan", "TeamPlanner"]

MAX_STEPS = 40
"""Pictures since the last one that was composed: those of a playout delay of 260 ms at 60 frames a
second, twice over. Older ones count as they were planned."""

MAX_WANTED_FRACTION = 0.6
"""Part of the whole net's work that a picture may want, as in ``temporal_upscaler.py``."""

MIN_TILE_CELLS = 8
"""Cells along the side of a tile of a picture that is all new: with a halo of 7 samples the net
works on 1.5 times its samples."""

MAX_TILES = 40
"""Tiles of a picture, about; those of larger pictures are larger. 480x270 has 40 of the least."""

_NO_RESIDUAL = np.zeros((0, 0), np.int16)


@dataclasses.dataclass(frozen=True, slots=True)
class FramePlan:
    """The regions of a picture that are worth the net, worst first."""

    number: int
    "Number of the picture, in the order of arrival."
    matched: MatchedPicture
    regions: tuple[Region, ...]
    worths: tuple[float, ...]
    "Error that the net removes in each region, summed over samples and the pictures to come."
    is_new: bool
    "True where all of the picture is worth the net: after a cut, at a key frame, or a first one."


@dataclasses.dataclass(slots=True)
class _Step:
    """One picture: how the cells moved on to it, and what of it was given out."""

    number: int
    motion: Motion | None
    "None where no picture went before."
    is_key: bool
    ordered: tuple[Region, ...]


class TeamPlanner:
    """Plans the pictures of one stream of one size for one net: ``plan`` by one thread, the others
    from any. It assumes that what it plans is made, until ``order`` or ``composed`` tells better.
    """

    def __init__(self, width: int, height: int, halo: int, *, propagates: bool = True) -> None:
        """``propagates``: False where no picture is predicted from the one before."""
        self._size = (width, height)
        self._propagates = propagates
        self._matcher = PictureMatcher(width, height)
        # Devices that would idle else remove errors that a single worker leaves, up to the most.
        self._planner = RefreshPlanner(width, height, halo, free_fraction=MAX_WANTED_FRACTION)
        self._whole = (width + 2 * halo) * (height + 2 * halo)
        self._cells = CellHistory(cells(width, height))
        self._factor = 1.0
        self._before: Plane | None = None
        self._number = 0
        # Until a picture was composed: a state of which nothing is known.
        self._base = ComposedState(0, CellState.blank(cells(width, height)), 1.0)
        self._lock = threading.Lock()
        self._steps: deque[_Step] = deque()
        self._is_stale = False
        "Something was told about a picture that has gone by, so the cells are worked out anew."

    def plan(
        self, luma: Plane, info: CodecInfo | None, *, price_of_gain: float = PRICE_OF_GAIN
    ) -> FramePlan:
        """Returns the plan of the next picture: work that removes ``price_of_gain`` of the mean
        gain for a sample is worth it. Raises ValueError for another size.
        """
        now = self._matcher.border(luma)
        before = self._before if self._propagates else None
        matched = self._matcher.match(now, before, info, self._matcher.blank())
        self._before = now
        self._number += 1
        is_key = info is not None and info.is_key
        step = _Step(self._number, _of_cells(matched), is_key, ())
        with self._lock:
            self._catch_up()
            is_cut = self._advance(step)
            is_new = is_cut or is_key or before is None
            regions = tuple(self._tiles() if is_new else self._worth_it(price_of_gain))
            worths = tuple(
                self._loss(each) if is_new else self._planner.worth(each) for each in regions
            )
            step.ordered = regions
            self._finish(step)
            self._steps.append(step)
            self._forget_old()
        return FramePlan(self._number, matched, regions, worths, is_new)

    def order(self, number: int, regions: Sequence[Region]) -> None:
        """Tells which regions of a plan were given out. What does not come in time is known once
        the picture is ``composed``.
        """
        with self._lock:
            step = next((step for step in self._steps if step.number == number), None)
            if step is not None and step.ordered != tuple(regions):
                step.ordered = tuple(regions)
                self._is_stale = True

    def composed(self, state: ComposedState) -> None:
        """Takes the cells of a picture as they are, now that it is made."""
        with self._lock:
            if state.number > self._base.number:
                self._base = state
                self._is_stale = True

    def forget(self) -> None:
        """The next picture follows none."""
        self._before = None

    def _catch_up(self) -> None:
        """Works the cells out anew from the last picture that was composed."""
        base = self._base
        if not self._is_stale:
            return
        self._is_stale = False
        self._factor = base.factor
        self._cells.restore(base.cells)
        while self._steps and self._steps[0].number <= base.number:
            self._steps.popleft()
        for step in self._steps:
            self._advance(step)
            self._finish(step)

    def _advance(self, step: _Step) -> bool:
        """Moves the cells on to a picture; True if it shows another scene."""
        if step.motion is None:
            self._cells.start_anew()
            self._cells.evaluate()
            return True
        self._cells.advance(step.motion, self._factor, is_key=step.is_key)
        return self._cells.evaluate()[1]

    def _finish(self, step: _Step) -> None:
        for region in step.ordered:
            self._cells.refresh(region)
        self._cells.commit()

    def _forget_old(self) -> None:
        """Drops the oldest picture where too many wait: it counts as it was planned."""
        if len(self._steps) <= MAX_STEPS:
            return
        oldest = self._steps.popleft()
        # A second history, since this one is at the newest picture.
        history = CellHistory(self._base.cells.error.shape)
        history.restore(self._base.cells)
        if oldest.motion is None:
            history.start_anew()
        else:
            history.advance(oldest.motion, self._factor, is_key=oldest.is_key)
        for region in oldest.ordered:
            history.refresh(region)
        self._base = ComposedState(oldest.number, history.copy(), self._factor)

    def _worth_it(self, price_of_gain: float) -> list[Region]:
        state, gain = self._cells.now, self._cells.mean_gain
        most = int(MAX_WANTED_FRACTION * self._whole)
        return self._planner.plan(state, gain, most, price_of_gain=price_of_gain)

    def _tiles(self) -> list[Region]:
        """Returns all of the picture in tiles, the one that loses most first."""
        rows, columns = self._cells.now.error.shape
        side = max(MIN_TILE_CELLS, math.ceil(math.sqrt(rows * columns / MAX_TILES)))
        tiles = [
            Region(
                CELL * row,
                CELL * column,
                CELL * min(side, rows - row),
                CELL * min(side, columns - column),
            )
            for row in range(0, rows, side)
            for column in range(0, columns, side)
        ]
        return sorted(tiles, key=lambda tile: -self._loss(tile))

    def _loss(self, region: Region) -> float:
        error, gain, _, _ = self._cells.now
        area = region.cells()
        return CELL**2 * float(np.minimum(error[area], gain[area]).sum())


def _of_cells(matched: MatchedPicture) -> Motion | None:
    """Returns the vectors and what they leave of each cell, without that of each sample."""
    if matched.before is None:
        return None
    dx, dy, squares, _ = matched.motion
    return Motion(dx, dy, squares, _NO_RESIDUAL)
