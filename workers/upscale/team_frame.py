"""A frame that helpers work on: the plan that it was given out by, and their results."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from wire.errors import BadMessage
from workers.media.frame_task import FrameTask
from workers.media.picture import Plane
from workers.temporal.cell_state import CellState
from workers.temporal.picture_match import MatchedPicture
from workers.temporal.region_selection import Region

__all__ = [
    "OWN",
    "ComposedState",
    "MadeRegion",
    "RegionResult",
    "TeamFrame",
    "TeamTask",
    "samples_of",
    "team_of",
    "visible_samples",
    "whole_picture",
]

OWN = ""
"""Name of this device where samples are counted by device; helpers have their own."""


MadeRegion = tuple[str, Region]
"""A region of a picture that a net made, and the device on which it ran (``OWN``: this one)."""


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


@dataclasses.dataclass(frozen=True, slots=True)
class TeamCalls:
    """The functions of a team that its frames need; both may be called by any thread."""

    decode: Callable[[bytes, Plane], Plane]
    "Makes luma of a coded residual over bicubic's picture. Raises BadMessage."
    composed: Callable[[ComposedState], None]
    "Takes the cells of a frame that was made."


class TeamFrame:
    """One frame that a team works on, held back for its results until ``until`` at most.

    The loop adds results, one thread ``wait``s and then owns them; nothing is added after that.
    """

    def __init__(
        self, number: int, matched: MatchedPicture, calls: TeamCalls, *, until: float
    ) -> None:
        self.number = number
        "Number of the frame in its planner's count."
        self.matched = matched
        "The picture, compared with the one before it."
        self.until = until
        "Playout deadline, in seconds of the monotonic clock."
        self.late_s: float | None = None
        "Time after its release at which the upscaler took it; None before that."
        self.unreadable = 0
        "Results that could not be read."
        self._calls = calls
        self._results: list[RegionResult] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._released = threading.Event()
        self._released_at = until

    @property
    def released_at(self) -> float:
        """Time at which all was there, ``until`` if it was not; known once ``wait`` returned."""
        return min(self._released_at, self.until)

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

    def wait(self, *, now: float) -> None:
        """Waits until the frame is released, or its deadline; what comes later is late."""
        if not self._released.is_set():
            self._released.wait(max(0.0, self.until - now))
        with self._lock:
            self._is_closed = True

    # The rest is for the thread that waited.

    def decoded(self, plain: Callable[[Region], Plane]) -> Iterator[tuple[RegionResult, Plane]]:
        """Yields the results with their luma, as they were planned; ``plain`` returns a region by
        bicubic. Those that cannot be read are counted and left out.
        """
        for result in sorted(self._results, key=lambda one: one.place):
            try:
                yield result, self._calls.decode(result.coded, plain(result.region))
            except BadMessage:
                self.unreadable += 1

    def tell_composed(self, cells: CellState, factor: float) -> None:
        """Tells the planner of the cells of the frame, now that it is made."""
        self._calls.composed(ComposedState(self.number, cells, factor))


@dataclasses.dataclass(slots=True)
class TeamTask(FrameTask):
    """A frame task that a team works on."""

    team: TeamFrame | None = None

    @classmethod
    def of(cls, task: FrameTask, team: TeamFrame) -> Self:
        """Returns the task with its team."""
        return cls(
            task.unit, task.route, task.arrived, stamps=task.stamps, picture=task.picture,
            info=task.info, team=team,
        )  # fmt: skip


def team_of(task: FrameTask) -> TeamFrame | None:
    """Returns the team's part of a frame; None where it was given to no team."""
    return task.team if isinstance(task, TeamTask) else None


def whole_picture(width: int, height: int) -> list[MadeRegion]:
    """Returns all of a picture as made by this device."""
    return [(OWN, Region(0, 0, height, width))]


def samples_of(made: Iterable[MadeRegion], width: int, height: int) -> dict[str, int]:
    """Returns the samples of regions that lie in their picture, by device."""
    samples: dict[str, int] = {}
    for device, region in made:
        samples[device] = samples.get(device, 0) + visible_samples(region, width, height)
    return samples


def visible_samples(region: Region, width: int, height: int) -> int:
    """Returns the samples of a region that lie in a picture of that size."""
    tall, wide = min(region.height, height - region.top), min(region.width, width - region.left)
    return tall * wide
