"""What of the last enhanced picture serves again, and where the net must look anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CELL, CodecInfo, MotionGrid, cells
from workers.temporal.cell_state import carry, lost, trust, wish
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.motion_compensation import (
    HOPELESS,
    blank_residual,
    blank_state,
    match,
    predict,
    spread,
)
from workers.temporal.optical_flow import FlowMotion
from workers.temporal.padding import MARGIN, bordered
from workers.temporal.region_blend import paste
from workers.temporal.region_selection import Region, choose, pixels, toll_of

__all__ = ["PredictionReport", "Propagator"]

Bytes = npt.NDArray[np.uint8]

STILL = 16
"""Sum of squares over a cell below which it has not moved: half a level a sample."""

TOLERANCE = 0.25
"""Error for a sample of the net's work, as a share of what the net's correction is worth, from
which the work is done.
"""

LEAST_PRICE = 0.02
"""Squared levels; below it nobody sees a difference, whatever the net does to the picture."""

FREE_SHARE = 0.2
"""Of the full net's work, that is spent wherever it mends something."""

VISIBLE = 1.1
"""Squared levels: error for a sample of the net's work, from which more than FREE_SHARE is spent.
In a picture that is nearly right already the last tenth of the net's gain takes half of the work
and is not seen: 1.1 squared levels alone would make 47.7 dB.
"""

KEPT = 7
"""Sixteenths of the prediction that stay where the net looked anew and the prediction was as good:
two coded versions of the same content err less than one.
"""

KEY_FRAME = 0.3
"""Of the correction's energy, by which each cell's error grows at a key frame."""

CUT = 0.6
"""By which the mean error, as a share of what the net's correction is worth, rises in one picture
at another scene alone.
"""

FIRST_WORTH = 4.0
"""Squared levels that the net's correction is thought to be worth before it was seen."""

OLDEST = 90
"""Pictures after which a tile is refreshed whatever is believed of it; up to half as many more, so
that tiles take turns.
"""

MOST_SEEN = 16.0
"""Pictures that content is thought to stay, at most: as many as it stayed already. An error that
stays is seen as often and mended once; where all changes with every picture it is gone with the
next one anyway.
"""

TILE = 4
"""Cells along a tile's side."""

FACTORS = (0.25, 4.0)
"""Least and most that refreshed cells may correct the estimate by."""


_UNKNOWN = CodecInfo(is_key=False, coded_bytes=0)


@dataclasses.dataclass(frozen=True, slots=True)
class PredictionReport:
    """What is known of a picture before the net runs."""

    error: float
    """Mean squared error of the prediction to the net's picture, estimated, in squared levels; no
    cell counts more than its ``worth``."""
    worth: float
    """Mean energy of the net's correction to bicubic: what there is to lose."""
    info: CodecInfo
    """What was given, completed by the motion that was used and the residual that it leaves."""
    must_be_full: bool
    """True where there is nothing to predict from, or nearly all of it is new."""


class Propagator:
    """Follows one stream of one size through one net; used by one thread.

    For each picture ``begin``, then ``regions`` and ``take`` or ``take_full``, then ``end``.
    Pictures and what is carried on are kept in place: work goes with what changed.
    """

    def __init__(self, width: int, height: int, scale: int, halo: int) -> None:
        self._size = (width, height)
        self._scale = scale
        self._halo = halo
        self._all = (width + 2 * halo) * (height + 2 * halo)
        self._grid = cells(width, height)
        self._flow = FlowMotion()
        self._before: Bytes | None = None
        self._now: Bytes | None = None
        self._states = [blank_state(width, height, scale) for _ in range(2)]
        self._plain = IncrementalBicubic(width, height, scale)
        self._enlarged = np.zeros([scale * side // 2 * 2 for side in (height, width)], np.uint8)
        # Cells of the enlarged picture that do not go with the state, but with a picture that was
        # begun and not ended.
        self._stale = np.ones(self._grid, np.uint8)
        self._residual = blank_residual(*self._grid)
        self._dx, self._dy = (np.zeros(self._grid, np.int16) for _ in range(2))
        self._squares = np.zeros(self._grid, np.float32)
        self._error, self._spare_error = (np.zeros(self._grid, np.float32) for _ in range(2))
        self._worth, self._spare_worth = (np.zeros(self._grid, np.float32) for _ in range(2))
        self._age, self._spare_age = (np.zeros(self._grid, np.int16) for _ in range(2))
        self._calm, self._spare_calm = (np.zeros(self._grid, np.float32) for _ in range(2))
        self._actual = np.zeros(self._grid, np.float32)
        self._keep = np.zeros(self._grid, np.uint8)
        self._turn = _turns(self._grid)
        self._factor = 1.0
        self._left = 0.0
        self._is_begun = False
        self._guessed = self._missed = 0.0
        self._seen = 0
        self._wanted = np.zeros(self._grid, np.float32)
        self._mean_worth = 0.0

    @property
    def enlarged(self) -> Bytes:
        """The picture as far as it is made, ``scale`` times as large (less an odd last row or
        column); a view, not to be written to.
        """
        return self._enlarged

    @property
    def error(self) -> npt.NDArray[np.float32]:
        """Of each cell, estimated; a view."""
        return self._error

    @property
    def worth(self) -> npt.NDArray[np.float32]:
        """Energy of the net's correction to bicubic in each cell; a view."""
        return self._worth

    @property
    def factor(self) -> float:
        """By which estimates are multiplied, learnt from refreshed cells."""
        return self._factor

    def forget(self) -> None:
        """The next picture follows none."""
        self._before = None

    def cancel(self) -> None:
        """Forgets what ``begin`` did; the picture is made in another way. The next one is then
        compared with the one before it, so vectors that tell of this one must not be given.
        """
        if self._is_begun and self._before is not None:
            self._swap_grids()
        self._is_begun = False

    def begin(self, luma: Bytes, info: CodecInfo | None) -> PredictionReport:
        """Makes ``enlarged`` the prediction, or bicubic where there is none."""
        width, height = self._size
        if luma.shape != (height, width):
            raise ValueError(f"picture of {luma.shape[1]}x{luma.shape[0]}, not {width}x{height}")
        before, now = self._before, bordered(luma)
        self._is_begun = True
        self._now = now
        # Whatever goes wrong from here: what changed now does not go with the state until the end.
        self._stale |= self._plain.show(now)
        usual = float(self._worth.mean())
        if before is None:
            self._start_anew()
            return PredictionReport(usual, usual, info or _UNKNOWN, must_be_full=True)
        motion = self._motion(now, before, info)
        match(
            now,
            before,
            MARGIN,
            motion.dx,
            motion.dy,
            motion.valid,
            STILL,
            self._dx,
            self._dy,
            self._squares,
            self._residual,
        )
        self._carry(usual)
        is_key = info is not None and info.is_key
        if is_key:
            # All of it was coded anew. What there was still serves until the net has seen it, so
            # that a stream short of time does not pulse.
            self._error += KEY_FRAME * self._worth
        self._predict()
        trust(self._error, self._worth, KEPT, 10 * LEAST_PRICE, self._keep)
        self._mean_worth = float(self._worth.mean())
        told = dataclasses.replace(info or _UNKNOWN, motion=motion, residual=self._squares.copy())
        error = lost(self._error, self._worth)
        is_cut = error - self._left > CUT * self._mean_worth
        return PredictionReport(error, usual, told, must_be_full=is_key or is_cut)

    def regions(self, most_pixels: int) -> list[Region]:
        """What the net should look at; ``most_pixels`` is the most it may, halos included."""
        least = max(TOLERANCE * self._mean_worth, LEAST_PRICE)
        price = max(least, VISIBLE)
        wanted, halo, side = self._wanted, self._halo, TILE * CELL
        # A tile whose turn has come is worth the net even alone.
        alone = ((side + 2 * halo) ** 2 + toll_of(wanted.size)) / side**2
        wish(
            self._error,
            self._worth,
            self._calm,
            self._age,
            self._turn,
            MOST_SEEN,
            1.01 * price * alone,
            wanted,
        )
        found = choose(wanted, price, halo=halo, most_pixels=most_pixels)
        free = min(most_pixels, int(FREE_SHARE * self._all)) - pixels(found, halo)
        if price > least and free > 0:
            for region in found:
                wanted[region.cells()] = 0.0
            found += choose(wanted, least, halo=halo, most_pixels=free)
        return found

    def take(self, made: Bytes, region: Region, row: int, column: int) -> None:
        """The region as the net made it: its first sample is at (row, column), counted in decoded
        samples, of ``made``.
        """
        area = region.cells()
        self._stale[area] = 1
        paste(
            made,
            row,
            column,
            region.top,
            region.left,
            region.height,
            region.width,
            self._plain.large,
            self._scale,
            MARGIN,
            self._keep,
            self._enlarged,
            self._states[1],
            self._actual,
            self._worth,
        )
        self._guessed += float(self._error[area].sum())
        self._missed += float(self._actual[area].sum())
        self._seen += region.height * region.width
        self._error[area] = 0.0
        self._age[area] = 0

    def take_full(self, made: Bytes, row: int, column: int) -> None:
        """All of the picture, as ``take``."""
        width, height = self._size
        self.take(made, Region(0, 0, height, width), row, column)

    def end(self) -> None:
        """The picture is done; the next one follows it."""
        height, width = self._enlarged.shape
        spread(self._states[1], width, height, MARGIN * self._scale)
        self._states.reverse()
        self._left = lost(self._error, self._worth)
        self._stale[:] = 0
        self._before = self._now
        self._is_begun = False
        if self._guessed > 0.0:
            # Weighted by how much was seen, so that a few cells do not turn it.
            weight = min(0.3, self._seen / (width * height / self._scale**2))
            told = min(max(self._missed / self._guessed, 0.5), 2.0)
            self._factor = min(max(self._factor * told**weight, FACTORS[0]), FACTORS[1])
        self._guessed = self._missed = 0.0
        self._seen = 0

    def _motion(self, now: Bytes, before: Bytes, info: CodecInfo | None) -> MotionGrid:
        if info is not None and info.motion is not None:
            motion = info.motion
            if any(grid.shape != self._dx.shape for grid in (motion.dx, motion.dy, motion.valid)):
                # The compiled loops look at no bounds.
                raise ValueError(f"vectors of {motion.dx.shape} cells, not {self._dx.shape}")
            return motion
        width, height = self._size
        inside = slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width)
        return self._flow.between(before[inside], now[inside])

    def _start_anew(self) -> None:
        """Bicubic, as wrong as can be."""
        self._worth[:] = max(float(self._worth.mean()), FIRST_WORTH)
        # There is no state to predict from: what is there belongs to other pictures, or to none.
        self._error[:] = HOPELESS * self._worth + 1.0
        self._age[:] = 0
        self._calm[:] = 0.0
        self._dx[:] = self._dy[:] = self._residual[:] = 0
        self._predict()
        self._keep[:] = 0

    def _predict(self) -> None:
        predict(
            self._states[0],
            self._residual,
            self._plain.large,
            self._dx,
            self._dy,
            self._error,
            self._worth,
            self._scale,
            MARGIN,
            self._stale,
            self._states[1],
            self._enlarged,
        )

    def _carry(self, usual: float) -> None:
        carry(
            self._dx,
            self._dy,
            self._squares,
            self._factor,
            usual,
            self._error,
            self._worth,
            self._age,
            self._calm,
            self._spare_error,
            self._spare_worth,
            self._spare_age,
            self._spare_calm,
        )
        self._swap_grids()

    def _swap_grids(self) -> None:
        self._error, self._spare_error = self._spare_error, self._error
        self._worth, self._spare_worth = self._spare_worth, self._worth
        self._age, self._spare_age = self._spare_age, self._age
        self._calm, self._spare_calm = self._spare_calm, self._calm


def _turns(grid: tuple[int, int]) -> npt.NDArray[np.int16]:
    """The age at which each cell is refreshed; the same for all cells of a tile."""
    rows, columns = np.indices(grid) // TILE
    # Neighbours far apart in time: multiples of the golden ratio fill an interval evenly.
    share = ((rows * 89 + columns * 55) % 144) / 144
    return (OLDEST * (1 + share / 2)).astype(np.int16)
