"""Arguments of a lane: of its worker, of the session of its stream, and of the records."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

from wire.jobs import Job
from wire.site import Site
from workers.scheduling.handle import SchedulerHandle, SharedScheduler
from workers.session.config import SessionConfig
from workers.team.lane_team import NoTeams, Teams
from workers.tuning.stream_tuning import StreamTuning
from workers.upscale.model_cache import ModelCache


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerParts:
    """Parts of a worker that all its lanes use."""

    site: Site
    nets: ModelCache
    config: SessionConfig
    scheduler: SharedScheduler
    teams: Teams = NoTeams()
    "Ask other workers for help."


def own_net(
    parts: WorkerParts, scheduler: SchedulerHandle, job: Job, factor: int
) -> StreamTuning | None:
    """Returns the tuning of a net on a rendition; None where it is off, or no net enlarges."""
    tunings = parts.config.tunings
    # Nets are trained to enlarge: at the source's size, or below it, there is nothing to learn.
    if tunings is None or 0 != factor <= 1:
        return None
    return StreamTuning(f"{job.stream} {job.rendition}", parts.nets, tunings, scheduler.idle_s)


@dataclasses.dataclass(frozen=True, slots=True)
class OtherLanes:
    """Capacity that the other lanes of the worker leave."""

    load: Callable[[], float]
    "Load of the others, in units of what the worker holds."
    memory: Callable[[], int]
    "Bytes of memory that they leave."


@dataclasses.dataclass(frozen=True, slots=True)
class SourceFacts:
    """Facts of the source that a stream session knows, for its lanes."""

    bad_entries: int
    stale_units: int
    bad_messages: int
    decoded: int
    fault: str
    "Sentence that says why no picture of it is decoded; empty if they are."
    remark: str
    "Sentence that says why no pictures come at the moment, or what is odd about them."


# The lane declares what it needs of its session, so that the two modules do not import each other.
class Source(Protocol):
    """The session that reads and decodes the source of a lane."""

    def facts(self) -> SourceFacts:
        """Returns the facts of the source."""

    def want_key_frame(self, why: str) -> None:
        """Asks for a key frame of the source. From the loop."""

    def lane_changed(self) -> None:
        """Notes that the lane takes units from now on, or takes none."""

    def redis_us(self) -> int:
        """Returns the time of Redis in Unix us."""
