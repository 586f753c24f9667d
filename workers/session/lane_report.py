"""The report of a lane, as it stands in the worker's heartbeat."""

from __future__ import annotations

import dataclasses

import msgspec

from wire.heartbeat import RenditionWork, StreamWork, TeamWork
from wire.team_map import TeamMap
from workers.runtime.frame_counters import Counts
from workers.scheduling.scheduler import Standing
from workers.session.lane_parts import SourceFacts


@dataclasses.dataclass(frozen=True, slots=True)
class LaneFacts:
    """A lane's identity and what it does now."""

    stream: str
    rendition: str
    worker: str
    epoch: int
    state: str
    reason: str
    model: str
    engine: str
    size: tuple[int, int]
    "Width and height of the output."
    team: TeamWork
    team_map: TeamMap | None
    tuning: str = ""
    "State of the net that is tuned on the stream."


# Sums of fractions are rounded: the heartbeat is written twice a second, and ten more digits of
# each number tell nobody anything.
def report(
    lane: LaneFacts,
    source: SourceFacts,
    counts: Counts,
    standing: Standing,
    rates: tuple[float, float],
    logs: list[RenditionWork],
) -> StreamWork:
    """Returns the report; ``rates`` are frames per second and kbit/s of the output."""
    work = StreamWork(
        stream=lane.stream,
        rendition=lane.rendition,
        epoch=lane.epoch,
        state=lane.state,
        reason=lane.reason,
        model=lane.model,
        engine=lane.engine,
        width=lane.size[0],
        height=lane.size[1],
        fps=rates[0],
        kbps=rates[1],
        frames_in=counts.frames_in,
        frames_out=counts.frames_out,
        enhanced=counts.enhanced,
        bicubic=counts.bicubic,
        bypassed=counts.bypassed,
        dropped=counts.dropped,
        key_frames=counts.key_frames,
        levels=counts.levels,
        level=standing.level,
        tuning=lane.tuning,
        allocation_ms=round(standing.ms_per_s, 1),
        temporal_wanted=round(counts.temporal_wanted, 2),
        temporal_done=round(counts.temporal_done, 2),
        replayed=counts.replayed,
        renditions=logs,
    )
    return _with_source(_with_devices(work, lane, counts), source)


def _with_source(work: StreamWork, source: SourceFacts) -> StreamWork:
    """Returns the report with the counters of the source."""
    return msgspec.structs.replace(
        work,
        bad_entries=source.bad_entries,
        bad_messages=source.bad_messages,
        stale_units=source.stale_units,
        decoded=source.decoded,
    )


def _with_devices(work: StreamWork, lane: LaneFacts, counts: Counts) -> StreamWork:
    """Returns the report with what each device did; this one has its name there."""
    samples = {device or lane.worker: number for device, number in counts.samples.items()}
    return msgspec.structs.replace(
        work,
        net_samples=samples,
        team_results=counts.results,
        team=lane.team,
        team_map=lane.team_map,
    )
