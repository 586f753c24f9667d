"""Temporal propagation: the last enhanced picture predicts the next, and the net mends the rest."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CodecInfo, cells
from workers.temporal.canvas import Canvas
from workers.temporal.cell_history import CellHistory
from workers.temporal.cell_state import CellState, blend_weights
from workers.temporal.error_calibration import ErrorCalibration
from workers.temporal.picture_match import MatchedPicture, PictureMatcher
from workers.temporal.refresh_planner import MIN_PRICE, RefreshPlanner
from workers.temporal.region_selection import Region

__all__ = ["PredictionReport", "Propagator"]

Bytes = npt.NDArray[np.uint8]

MAX_KEPT_SIXTEENTHS = 7
"""Sixteenths of the prediction that stay where the net ran and the prediction was as good: two
coded versions of the same content err less than one.
"""

_UNKNOWN = CodecInfo(is_key=False, coded_bytes=0)


@dataclasses.dataclass(frozen=True, slots=True)
class PredictionReport:
    """Estimates for a picture before the net runs."""

    error: float
    """Mean squared error of the prediction to the net's picture, estimated, in squared levels; no
    cell counts more than its gain."""
    gain: float
    """Mean energy of the net's correction to bicubic: what there is to lose."""
    info: CodecInfo
    """The given information, completed by the motion that was used and its residual."""
    must_be_full: bool
    """True where there is nothing to predict from, or nearly all of it is new."""


class Propagator:
    """Follows one stream of one size through one net; used by one thread.

    For each picture ``predict``, then ``regions`` and ``apply_region`` or ``apply_full``, then
    ``commit``; ``cancel`` in the place of what follows ``predict`` where the picture is made in
    another way. Pictures and states are kept in place: work goes with what changed.
    """

    def __init__(self, width: int, height: int, scale: int, halo: int) -> None:
        self._size = (width, height)
        self._matcher = PictureMatcher(width, height)
        self._canvas = Canvas(width, height, scale)
        self._planner = RefreshPlanner(width, height, halo)
        self._calibration = ErrorCalibration()
        self._own_motion = self._motion = self._matcher.blank()
        self._cells = CellHistory(cells(width, height))
        self._actual = np.zeros(cells(width, height), np.float32)
        self._before: Bytes | None = None
        self._now: Bytes | None = None
        self._is_open = False

    @property
    def enlarged(self) -> Bytes:
        """The picture as far as it is made, ``scale`` times as large (less an odd last row or
        column); a view, not to be written to.
        """
        return self._canvas.enlarged

    def plain(self, region: Region) -> Bytes:
        """Returns a region of the predicted picture by bicubic, as far as it lies in the picture; a
        view, not to be written to.
        """
        return self._canvas.plain(region)

    @property
    def state(self) -> CellState:
        """Error, gain and ages of each cell; views, not to be written to."""
        return self._cells.now

    def copy_state(self) -> CellState:
        """Returns a copy of ``state``."""
        return self._cells.copy()

    @property
    def factor(self) -> float:
        """Factor for estimates, learnt from refreshed cells."""
        return self._calibration.factor

    def forget(self) -> None:
        """The next picture follows none."""
        self._before = None

    def cancel(self) -> None:
        """Forgets what ``predict`` did; the picture is made in another way. The next one is then
        compared with the one before it, so vectors that tell of this one must not be given.
        """
        if self._is_open and self._before is not None:
            # ``predict`` made a new state beside the old one, but for a first picture, which has
            # none before it.
            self._cells.swap()
        self._is_open = False

    def predict(
        self, luma: Bytes, info: CodecInfo | None, matched: MatchedPicture | None = None
    ) -> PredictionReport:
        """Makes ``enlarged`` the prediction, or bicubic where there is none. ``matched`` is what a
        comparison with the picture before gave already, where that was done.
        """
        before = self._before
        now = self._matcher.border(luma) if matched is None else matched.now
        self._is_open = True
        self._now = now
        # Before anything else can fail: the canvas must know what changed since the committed
        # picture.
        self._canvas.set_luma(now)
        usual = self._cells.usual_gain
        if before is None:
            self._start_anew()
            return PredictionReport(usual, usual, info or _UNKNOWN, must_be_full=True)
        # What was compared with another picture than the committed one tells nothing here.
        if matched is None or matched.before is not before:
            matched = self._matcher.match(now, before, info, self._own_motion)
        self._motion = matched.motion
        is_key = info is not None and info.is_key
        state = self._cells.advance(self._motion, self._calibration.factor, is_key=is_key)
        self._canvas.render(self._motion, state)
        blend_weights(state, MAX_KEPT_SIXTEENTHS, 10 * MIN_PRICE, self._canvas.keep)
        # A copy: the next picture overwrites the grid, and others keep this report.
        residual = self._motion.squares.copy()
        completed = dataclasses.replace(info or _UNKNOWN, motion=matched.grid, residual=residual)
        loss, is_cut = self._cells.evaluate()
        return PredictionReport(loss, usual, completed, must_be_full=is_key or is_cut)

    def regions(self, max_pixels: int) -> list[Region]:
        """Returns what the net should run on; ``max_pixels`` bounds its samples, halos included."""
        return self._planner.plan(self._cells.now, self._cells.mean_gain, max_pixels)

    def apply_region(self, made: Bytes, region: Region, row: int, column: int) -> None:
        """Takes over the region as the net made it: its first sample is at (row, column), counted
        in decoded samples, of ``made``.
        """
        state, actual, area = self._cells.now, self._actual, region.cells()
        self._canvas.apply(made, (row, column), region, actual, state.gain)
        estimated = float(state.error[area].sum())
        samples = region.height * region.width
        self._calibration.observe(estimated, float(actual[area].sum()), samples)
        self._cells.refresh(region)

    def apply_full(self, made: Bytes, row: int, column: int) -> None:
        """Takes over all of the picture, as ``apply_region``."""
        width, height = self._size
        self.apply_region(made, Region(0, 0, height, width), row, column)

    def commit(self) -> None:
        """The picture is done; the next one follows it."""
        self._canvas.commit()
        self._cells.commit()
        self._calibration.commit(self._canvas.samples)
        self._before = self._now
        self._is_open = False

    def _start_anew(self) -> None:
        """Makes the picture bicubic, as wrong as can be."""
        self._cells.start_anew()
        # Vectors and residual belong to pictures that this one does not follow.
        self._motion = self._own_motion
        self._motion.dx[:] = self._motion.dy[:] = self._motion.residual[:] = 0
        self._canvas.render(self._motion, self._cells.now)
        self._canvas.keep[:] = 0
