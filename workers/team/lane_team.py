"""The helpers of a rendition, as its lane sees them; ``workers/team`` has them."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from wire.heartbeat import TeamWork
from wire.jobs import Job
from workers.media.frame_task import FrameTask
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.scheduler import Standing
from workers.team.farming import FarmingMode

__all__ = ["LaneTeam", "NoTeam", "NoTeams", "TeamGoal", "Teams"]

NOBODY = TeamWork(mode="alone", reason="This worker asks nobody for help.")


@dataclasses.dataclass(frozen=True, slots=True)
class TeamGoal:
    """The rendition that a team is to make, and what its lead can do of it."""

    model: str
    strength: float
    fps: float
    size: tuple[int, int]
    "Width and height of the source's pictures; zeros while they are not known."
    standing: Standing
    "The lead's own level and costs."
    expected_ms: float
    "Milliseconds of the lead's engine for a whole frame, until it was measured."
    obstacle: str = ""
    "A sentence that says why nobody is to help now; empty if somebody may."
    is_off: bool = False
    "The operator wants no helpers."
    is_forced: bool = False
    "The operator wants helpers, also where the lead could do all of it."
    mode: FarmingMode | None = None
    "The operator's mode; None leaves it to the planner."
    pinned: tuple[str, ...] = ()
    "Workers that the operator wants to help whenever they can."
    excluded: tuple[str, ...] = ()
    "Workers that the operator excludes."


class LaneTeam(Protocol):
    """The helpers of one rendition."""

    def offer(self, task: FrameTask) -> FrameTask:
        """Returns a decoded frame, given out where there are helpers. From the decoder's thread."""
        ...

    def follow(self, goal: TeamGoal) -> None:
        """Takes what is to be made; a few times a second, from the loop."""
        ...

    def part(self) -> float:
        """Returns the part of what frames want of the net that the helpers can make; may be over
        1.
        """
        ...

    async def run(self) -> None:
        """Recruits helpers and talks with them until cancelled."""
        ...

    def work(self) -> TeamWork:
        """Returns what the team does, for the heartbeat."""
        ...


class Teams(Protocol):
    """The teams of one worker."""

    def team(self, job: Job, epoch: int, counters: FrameCounters) -> LaneTeam:
        """Returns the team of a rendition; it has no helpers yet."""
        ...


class NoTeams:
    """The teams of a worker that asks nobody. Follows ``Teams``."""

    def team(self, job: Job, epoch: int, counters: FrameCounters) -> LaneTeam:
        """Returns a team without helpers."""
        return NoTeam()


class NoTeam:
    """The team of a worker that asks nobody. Follows ``LaneTeam``."""

    def offer(self, task: FrameTask) -> FrameTask:
        """Returns the frame as it is."""
        return task

    def follow(self, goal: TeamGoal) -> None:
        """Does nothing."""

    def part(self) -> float:
        """Returns 0."""
        return 0.0

    async def run(self) -> None:
        """Ends at once."""

    def work(self) -> TeamWork:
        """Returns that there is none."""
        return NOBODY
