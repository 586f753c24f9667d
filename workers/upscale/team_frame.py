"""The part of a frame that its team knows: the plan it was given out by, and the results."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

from workers.temporal.cell_state import CellState
from workers.temporal.picture_match import MatchedPicture
from workers.temporal.region_selection import Region

__all__ = ["ComposedState", "RegionResult", "TeamFrame"]


@dataclasses.dataclass(frozen=True, slots=True)
class RegionResult:
    """One region of a frame as a helper made it."""

    device: str
    "Name of the helper."
    place: int
    "Place of the region in its frame's plan: regions may overlap, and the later one stays."
    region: Region
    coded: bytes
    "Luma at the output's size, as a residual over bicubic."


@dataclasses.dataclass(frozen=True, slots=True)
class ComposedState:
    """The cells of a frame as they are once it is composed, for the planner."""

    number: int
    "Number of the frame."
    cells: CellState
    "A copy."
    factor: float
    "Factor for estimates of errors, learnt from the net's regions."


class TeamFrame:
    """One frame that a team works on, held back for its results until ``until`` at most.

    The loop adds results, one thread ``wait``s and then owns them; nothing is added after that.
    """

    def __init__(
        self,
        number: int,
        matched: MatchedPicture,
        *,
        until: float,
        composed: Callable[[ComposedState], None] | None = None,
    ) -> None:
        """``composed`` is told of the cells when the frame was made, from any thread."""
        self.number = number
        "Number of the frame in its planner's count."
        self.matched = matched
        "The picture, compared with the one before it."
        self.until = until
        "Playout deadline, in seconds of the monotonic clock."
        self._composed = composed
        self.unreadable = 0
        "Results that could not be read."
        self._results: list[RegionResult] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._released = threading.Event()
        self._released_at = until

    @property
    def released_at(self) -> float:
        """Time at which all was there, ``until`` if it was not; known once ``wait`` returned."""
        return min(self._released_at, self.until)

    @property
    def results(self) -> list[RegionResult]:
        """The results that came in time, as they were planned; for the thread that waited."""
        return sorted(self._results, key=lambda result: result.place)

    def add(self, results: list[RegionResult]) -> bool:
        """Adds results; False if the frame goes on without them, since they are late."""
        with self._lock:
            if not self._is_closed:
                self._results += results
            return not self._is_closed

    def release(self, *, now: float) -> None:
        """Notes that nothing more is waited for; any thread may."""
        with self._lock:
            if not self._released.is_set():
                self._released_at = now
        self._released.set()

    def tell_composed(self, cells: CellState, factor: float) -> None:
        """Tells the planner of the cells of the frame once it is made."""
        if self._composed is not None:
            self._composed(ComposedState(self.number, cells, factor))

    def wait(self, *, now: float) -> None:
        """Waits until the frame is released, or its deadline; what comes later is late."""
        if not self._released.is_set():
            self._released.wait(max(0.0, self.until - now))
        with self._lock:
            self._is_closed = True
