"""Arithmetic of what a lead lacks for its rendition, and of what it can do of a frame itself."""

from __future__ import annotations

from workers.team.coordinator import TeamCoordinator
from workers.team.device_model import Offer
from workers.team.lane_team import TeamGoal
from workers.team.recruiting import Need

__all__ = ["MIN_LACKING_MS", "need_of", "own_offer", "part_of"]

MIN_LACKING_MS = 60.0
"""Milliseconds of the engine per second, less of which is not worth asking anybody: two of each
frame's 33 in the level that it would change."""

_MS_PER_REGION = 0.5
"""Time of a run of the net besides its samples (``region_selection.py``)."""


def need_of(goal: TeamGoal, coordinator: TeamCoordinator | None, own_ms_per_frame: float) -> Need:
    """Returns what the rendition asks of its team."""
    # A lead alone knows by its own frames; those that helpers work on want less of it.
    wanted = goal.standing.wanted
    if coordinator is not None and coordinator.has_helpers:
        wanted = coordinator.wanted
    own_ms = 0.0 if goal.is_forced else goal.standing.ms_per_s
    lacking_ms = wanted * goal.fps * whole_ms(goal) - own_ms
    if lacking_ms < MIN_LACKING_MS and not goal.is_forced:
        lacking_ms = 0.0
    return Need(goal.model, lacking_ms, own_ms_per_frame)


def whole_ms(goal: TeamGoal) -> float:
    """Returns the time of the lead's engine for a whole frame."""
    return goal.standing.full_ms or goal.expected_ms


def own_ms_per_megasample(goal: TeamGoal, halo: int) -> float:
    """Returns the time of the lead's engine for a million samples, halos included; 0 while the size
    of the pictures is not known.
    """
    width, height = goal.size
    if not width:
        return 0.0
    return whole_ms(goal) * 1e6 / ((width + 2 * halo) * (height + 2 * halo))


def own_offer(goal: TeamGoal, halo: int) -> Offer | None:
    """Returns what the lead itself would do of each frame; None where it has no time for any."""
    width = goal.size[0]
    ms_per_frame = goal.standing.ms_per_s / goal.fps
    if ms_per_frame <= _MS_PER_REGION or not width:
        return None
    return Offer(
        "",
        start_s=0.0,
        return_s=0.0,
        ms_per_region=_MS_PER_REGION,
        ms_per_megasample=own_ms_per_megasample(goal, halo),
        max_work_ms=ms_per_frame,
    )


def part_of(coordinator: TeamCoordinator, goal: TeamGoal) -> float:
    """Returns the part of what frames want of the net that the helpers can make."""
    width, height = goal.size
    if not width:
        return 0.0
    halo = coordinator.net.halo
    megasamples = goal.fps * (width + 2 * halo) * (height + 2 * halo) / 1e6
    return coordinator.megasamples_per_s / max(1e-9, coordinator.wanted * megasamples)
