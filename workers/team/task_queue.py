"""Tasks of the leads that a worker helps: which one runs next, and which ones are dropped.

Without I/O and clock. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Callable, Iterable

from workers.team.recent_pictures import Presence
from workers.temporal.region_selection import Region

__all__ = ["MAX_WAITING_TASKS", "TaskChoice", "HelperTask", "TaskRefusal", "TaskQueue", "TeamKey"]

MAX_WAITING_TASKS = 32
"""Tasks that wait, of all teams together: more than arrive from three leads within the longest
playout delay (260 ms, eight frames). The one with the earliest deadline goes."""


@dataclasses.dataclass(frozen=True, slots=True)
class TeamKey:
    """The rendition that a worker helps with, and its lead."""

    stream: str
    rendition: str
    lead: str


class TaskRefusal(enum.Enum):
    """The reason for which a task is not done; the value is a label of counters."""

    LATE = "late"
    "It could not be done before its deadline."
    GONE = "gone"
    "Its frame was lost on the way here, or could not be decoded."
    FULL = "full"
    "Too many tasks waited."
    BAD = "bad"
    "It names samples that the picture does not have, or more of them than a picture has."
    UNPREPARED = "unprepared"
    "The helper was not ready."
    LEFT = "left"
    "The helper left the team meanwhile."
    FAILED = "failed"
    "The net or the coder failed."


@dataclasses.dataclass(frozen=True, slots=True)
class HelperTask:
    """A task as it waits here."""

    team: TeamKey
    number: int
    sequence: int
    "Sequence of the frame's unit."
    regions: tuple[Region, ...]
    quality: int
    read_at: float
    deadline: float
    samples: int
    "Samples that the net works on for it, halos included."


@dataclasses.dataclass(frozen=True, slots=True)
class TaskChoice:
    """A decision about the tasks that wait."""

    task: HelperTask | None
    "The task to do now, taken out of the queue."
    refused: tuple[tuple[HelperTask, TaskRefusal], ...] = ()
    "Tasks taken out that are not done."
    wake_at: float | None = None
    "Time of the next decision where nothing happens before; None: none."


class TaskQueue:
    """Tasks that wait for their frames, or for the net; not for several threads at once."""

    def __init__(self, max_waiting: int = MAX_WAITING_TASKS) -> None:
        self._max_waiting = max_waiting
        self._waiting: list[HelperTask] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, task: HelperTask) -> HelperTask | None:
        """Adds a task; returns the one that had to go for it, None if there was space."""
        self._waiting.append(task)
        if len(self._waiting) <= self._max_waiting:
            return None
        # What is needed first is the least likely to be done in time behind so many others.
        first = min(self._waiting, key=_deadline)
        self._waiting.remove(first)
        return first

    def remove(self, team: TeamKey) -> list[HelperTask]:
        """Takes out the tasks of a team."""
        removed = [task for task in self._waiting if task.team == team]
        self._waiting = [task for task in self._waiting if task.team != team]
        return removed

    def take(
        self,
        *,
        now: float,
        presence: Callable[[HelperTask], Presence],
        expected_s: Callable[[HelperTask], float],
    ) -> TaskChoice:
        """Decides at ``now``, by where each task's frame is and how long the task would take."""
        refused: list[tuple[HelperTask, TaskRefusal]] = []
        here: list[tuple[HelperTask, float]] = []
        coming: list[float] = []
        for task in self._waiting:
            place, needs_s = presence(task), expected_s(task)
            if place is Presence.GONE:
                refused.append((task, TaskRefusal.GONE))
            elif now + needs_s > task.deadline:
                refused.append((task, TaskRefusal.LATE))
            elif place is Presence.HERE:
                here.append((task, needs_s))
            else:
                coming.append(task.deadline - needs_s)
        chosen = _choose(here, now)
        out = {id(task) for task, _ in refused} | {id(chosen)}
        self._waiting = [task for task in self._waiting if id(task) not in out]
        return TaskChoice(chosen, tuple(refused), min(coming, default=None))


def _choose(here: list[tuple[HelperTask, float]], now: float) -> HelperTask | None:
    """Returns the task to do next among those that alone would be in time."""
    if not here:
        return None
    here.sort(key=lambda pair: pair[0].deadline)
    if _all_fit(here, now):
        # The earliest deadline first: no other order does more tasks in time.
        return here[0][0]
    # Not all can be in time. The oldest would take the time of the newest and be just in time, each
    # after the other, until one hiccup makes all late; the newest have time to spare.
    return here[-1][0]


def _all_fit(here: Iterable[tuple[HelperTask, float]], now: float) -> bool:
    ends = itertools.accumulate((needs_s for _, needs_s in here), initial=now)
    next(ends)
    return all(end <= task.deadline for (task, _), end in zip(here, ends, strict=True))


def _deadline(task: HelperTask) -> float:
    return task.deadline
