"""The state of a stream's cells, of this picture and of the one before it."""

from __future__ import annotations

from workers.temporal.cell_state import CellState, expected_loss, propagate
from workers.temporal.motion_compensation import HOPELESS_ERROR
from workers.temporal.motion_search import Motion
from workers.temporal.region_selection import Region

__all__ = ["CellHistory"]

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


class CellHistory:
    """Error, gain and ages of all cells. For each picture ``advance``, or ``start_anew`` where none
    goes before it, then ``evaluate``, ``refresh`` for each region that the net saw, and ``commit``.
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        self.now, self._spare = CellState.blank(grid), CellState.blank(grid)
        self.mean_gain = 0.0
        # A cut is told by the loss that this picture adds, so that an old loss on a busy stream is
        # none.
        self._committed_loss = 0.0

    @property
    def usual_gain(self) -> float:
        """Mean gain of the cells, in squared levels."""
        return float(self.now.gain.mean())

    def advance(self, motion: Motion, factor: float, *, is_key: bool) -> CellState:
        """Moves the state along; the one before it stays for ``swap``. ``factor`` is what cells
        that the net saw said of earlier estimates.
        """
        propagate(motion, factor, self.usual_gain, self.now, self._spare)
        self.swap()
        if is_key:
            # All of it was coded anew. What there was still serves until the net has seen it, so
            # that a stream short of time does not pulse.
            self.now.error[:] += KEY_FRAME_ERROR * self.now.gain
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

    def restore(self, state: CellState) -> None:
        """Takes over a copy of a state as that of the last picture, which is done."""
        self.now = _copy(state)
        self.commit()

    def evaluate(self) -> tuple[float, bool]:
        """Returns the expected loss, and True where it says that the scene is another."""
        self.mean_gain = self.usual_gain
        loss = expected_loss(self.now.error, self.now.gain)
        return loss, loss - self._committed_loss > SCENE_CUT_LOSS * self.mean_gain

    def refresh(self, region: Region) -> None:
        """Notes that the net has seen these cells, so their content is new as of this picture."""
        area = region.cells()
        self.now.error[area] = 0.0
        self.now.age[area] = 0

    def commit(self) -> None:
        """Keeps what the finished picture still loses."""
        self._committed_loss = expected_loss(self.now.error, self.now.gain)

    def copy(self) -> CellState:
        """Returns a copy of the state."""
        return _copy(self.now)


def _copy(state: CellState) -> CellState:
    error, gain, age, stable_age = state
    return CellState(error.copy(), gain.copy(), age.copy(), stable_age.copy())
