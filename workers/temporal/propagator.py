"""Temporal propagation: the last enhanced picture predicts the next, and the net mends the rest."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CodecInfo, MotionGrid, cells
from workers.temporal.canvas import Canvas
from workers.temporal.cell_state import CellState, blend_weights, expected_loss, propagate
from workers.temporal.error_calibration import ErrorCalibration
from workers.temporal.motion_compensation import HOPELESS_ERROR
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.optical_flow import FlowMotion
from workers.temporal.padding import MARGIN, bordered
from workers.temporal.refresh_planner import MIN_PRICE, RefreshPlanner
from workers.temporal.region_selection import Region

__all__ = ["PredictionReport", "Propagator"]

Bytes = npt.NDArray[np.uint8]

MAX_STILL_SQUARES = 16
"""Sum of squared differences over a cell, up to which it has not moved: half a level a sample, less
than decoding noise.
"""

MAX_KEPT_SIXTEENTHS = 7
"""Sixteenths of the prediction that stay where the net ran and the prediction was as good: two
coded versions of the same content err less than one.
"""

KEY_FRAME_ERROR = 0.3
"""Fraction of its gain by which a cell's error grows at a key frame, where all was coded anew."""

SCENE_CUT_LOSS = 0.6
"""Fraction of the mean gain by which the expected loss rises in one picture only where the scene
is another.
"""

PRIOR_GAIN = 4.0
"""Squared levels that the net's correction is taken to be worth before it was seen: what the nets
shipped here correct of a usual picture.
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
        self._flow = FlowMotion()
        self._canvas = Canvas(width, height, scale)
        self._planner = RefreshPlanner(width, height, halo)
        self._calibration = ErrorCalibration()
        self._motion = Motion.blank(*cells(width, height))
        self._cells = _CellHistory(cells(width, height))
        self._before: Bytes | None = None
        self._now: Bytes | None = None
        self._is_open = False

    @property
    def enlarged(self) -> Bytes:
        """The picture as far as it is made, ``scale`` times as large (less an odd last row or
        column); a view, not to be written to.
        """
        return self._canvas.enlarged

    @property
    def state(self) -> CellState:
        """Error, gain and ages of each cell; views, not to be written to."""
        return self._cells.now

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

    def predict(self, luma: Bytes, info: CodecInfo | None) -> PredictionReport:
        """Makes ``enlarged`` the prediction, or bicubic where there is none."""
        width, height = self._size
        if luma.shape != (height, width):
            raise ValueError(f"picture of {luma.shape[1]}x{luma.shape[0]}, not {width}x{height}")
        before, now = self._before, bordered(luma)
        self._is_open = True
        self._now = now
        # Before anything else can fail: the canvas must know what changed since the committed
        # picture.
        self._canvas.set_luma(now)
        usual = float(self._cells.now.gain.mean())
        if before is None:
            self._start_anew()
            return PredictionReport(usual, usual, info or _UNKNOWN, must_be_full=True)
        grid = self._vectors(now, before, info)
        hints = Hints(grid.dx, grid.dy, grid.valid)
        match(Planes(now, before), hints, MAX_STILL_SQUARES, self._motion)
        state = self._cells.advance(self._motion, self._calibration.factor, usual)
        is_key = info is not None and info.is_key
        if is_key:
            # All of it was coded anew. What there was still serves until the net has seen it, so
            # that a stream short of time does not pulse.
            state.error[:] += KEY_FRAME_ERROR * state.gain
        self._canvas.render(self._motion, state)
        blend_weights(state, MAX_KEPT_SIXTEENTHS, 10 * MIN_PRICE, self._canvas.keep)
        # A copy: the next picture overwrites the grid, and others keep this report.
        residual = self._motion.squares.copy()
        completed = dataclasses.replace(info or _UNKNOWN, motion=grid, residual=residual)
        loss, is_cut = self._cells.evaluate()
        return PredictionReport(loss, usual, completed, must_be_full=is_key or is_cut)

    def regions(self, max_pixels: int) -> list[Region]:
        """Returns what the net should run on; ``max_pixels`` bounds its samples, halos included."""
        return self._planner.plan(self._cells.now, self._cells.mean_gain, max_pixels)

    def apply_region(self, made: Bytes, region: Region, row: int, column: int) -> None:
        """Takes over the region as the net made it: its first sample is at (row, column), counted
        in decoded samples, of ``made``.
        """
        state, actual, area = self._cells.now, self._cells.actual, region.cells()
        self._canvas.apply(made, (row, column), region, actual, state.gain)
        estimated = float(state.error[area].sum())
        samples = region.height * region.width
        self._calibration.observe(estimated, float(actual[area].sum()), samples)
        # The net has seen these cells, so their content is new as of this picture.
        state.error[area] = 0.0
        state.age[area] = 0

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

    def _vectors(self, now: Bytes, before: Bytes, info: CodecInfo | None) -> MotionGrid:
        """Returns the codec's vectors; where it has none, those that optical flow finds."""
        width, height = self._size
        if info is not None and info.motion is not None:
            motion, grid = info.motion, self._motion.dx.shape
            if any(each.shape != grid for each in (motion.dx, motion.dy, motion.valid)):
                # The compiled loops look at no bounds.
                raise ValueError(f"vectors of {motion.dx.shape} cells, not {grid}")
            return motion
        inside = slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width)
        return self._flow.between(before[inside], now[inside])

    def _start_anew(self) -> None:
        """Makes the picture bicubic, as wrong as can be."""
        self._cells.start_anew()
        # Vectors and residual belong to pictures that this one does not follow.
        self._motion.dx[:] = self._motion.dy[:] = self._motion.residual[:] = 0
        self._canvas.render(self._motion, self._cells.now)
        self._canvas.keep[:] = 0


class _CellHistory:
    """The state of the cells, of this picture and of the one before it."""

    def __init__(self, grid: tuple[int, int]) -> None:
        self.now, self._spare = CellState.blank(grid), CellState.blank(grid)
        self.actual = np.zeros(grid, np.float32)
        "Error of each cell as the net showed it, where it ran."
        self.mean_gain = 0.0
        # A cut is told by the loss that this picture adds, so that an old loss on a busy stream is
        # none.
        self._committed_loss = 0.0

    def advance(self, motion: Motion, factor: float, usual: float) -> CellState:
        """Moves the state along; the one before it stays for ``swap``."""
        propagate(motion, factor, usual, self.now, self._spare)
        self.swap()
        return self.now

    def swap(self) -> None:
        """Goes back to the state of the picture before."""
        self.now, self._spare = self._spare, self.now

    def start_anew(self) -> None:
        """Forgets all cells; only what the net usually corrects stays known."""
        error, gain, age, stable_age = self.now
        gain[:] = max(float(gain.mean()), PRIOR_GAIN)
        # There is no state to predict from: what is there belongs to other pictures, or to none.
        error[:] = HOPELESS_ERROR * gain + 1.0
        age[:] = 0
        stable_age[:] = 0.0

    def evaluate(self) -> tuple[float, bool]:
        """Returns the expected loss, and True where it says that the scene is another."""
        self.mean_gain = float(self.now.gain.mean())
        loss = expected_loss(self.now.error, self.now.gain)
        return loss, loss - self._committed_loss > SCENE_CUT_LOSS * self.mean_gain

    def commit(self) -> None:
        """Keeps what the finished picture still loses."""
        self._committed_loss = expected_loss(self.now.error, self.now.gain)
