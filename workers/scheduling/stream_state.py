"""One of the streams that share a worker's engine and cores."""

from __future__ import annotations

import dataclasses

from workers.scheduling.allocation import Allocation, Demand
from workers.scheduling.cost_model import CostModel
from workers.scheduling.degradation import (
    ENOUGH_REFRESHED,
    LEAST_KEPT,
    LEAST_REFRESHED,
    MOST_REUSED,
    NETS,
    DegradationPolicy,
    Option,
    QualityLevel,
    Reason,
)
from workers.scheduling.resource_budget import ResourceBudget

TRY_REUSE_EVERY_S = 30.0
"""A stream for whose reuse there is no time is planned for and enhanced once in a while, to learn
whether it costs less by now; else its turn comes by what was measured before.
"""

_WEIGHT = 0.1
_ENERGY_SPAN = 4.0

PRIOR_CHANGE = 0.3
"""What of a picture is thought to be new, until frames that could reuse something have told."""

_HOPE_WEIGHT = 0.01

TRY_EVERY_S = 5.0
"""A whole net that was not run for this long is tried again: what it once took may not hold, and
after it there is something to reuse.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class FrameRequest:
    """What is asked for one frame."""

    arrived: float
    "When its last packet reached the server, on the clock of ``now``."
    interval_s: float
    "From frame to frame."
    pixels: int
    "Of the source's picture."
    available: frozenset[QualityLevel]
    "The net rungs that could make it now; none where it is too late to ask."
    want_share: float = 1.0
    "Of the picture that the reuser would like to refresh, 0..1."
    energy: float | None = None
    """What the net would mend: residual energy in squared luma levels per pixel. None: not known;
    the stream then counts as an average one."""
    refused: Reason | None = None
    "Why reuse was not planned for, if ``foresee`` said so."


class StreamState:
    """What is known of one, and where it stands. No clock: ``now`` is in seconds."""

    def __init__(self) -> None:
        self.costs = CostModel()
        self.ladder = DegradationPolicy()
        self.watched = True
        self.frame: FrameRequest | None = None
        self.seen_at = 0.0
        self.energy: float | None = None
        self.want_share = PRIOR_CHANGE
        self.rung = QualityLevel.DROP
        self.tried_at: float | None = None
        "When the whole net was last run, or there was none to run."
        self.steady: frozenset[QualityLevel] = frozenset()
        "What the frames can have that reuse could serve, or all, where none could."
        self.fps = 30.0
        self.turn_since = 0.0
        "When it last got a net on every frame, or lost it."

    def forget(self) -> None:
        """Its size or its net changed."""
        self.costs = CostModel()
        self.steady = frozenset()
        self.rung = QualityLevel.DROP

    @property
    def has_net(self) -> bool:
        """Whether its share pays for a net on every frame."""
        return self.ladder.level is not QualityLevel.BICUBIC

    def follow(self, grant: Allocation, *, now: float) -> None:
        """Takes its share."""
        had_net = self.has_net
        self.ladder.follow(grant.level, grant.ms_per_s, now=now, takes_turns=grant.takes_turns)
        if self.has_net is not had_net:
            self.turn_since = now

    def see(self, frame: FrameRequest, *, now: float) -> None:
        """Learns from a frame, before its choice."""
        self.frame, self.seen_at = frame, now
        self.fps = 1.0 / frame.interval_s
        if not frame.available and frame.refused is None:
            return
        if self.rung in (QualityLevel.TEMPORAL, QualityLevel.FULL):
            self.want_share += _WEIGHT * (frame.want_share - self.want_share)
        else:
            # There was nothing to reuse, which does not tell what there would have been: in time
            # it is tried again.
            self.want_share += _HOPE_WEIGHT * (PRIOR_CHANGE - self.want_share)
        is_reusable = QualityLevel.TEMPORAL in frame.available and frame.want_share <= MOST_REUSED
        if frame.available and (is_reusable or QualityLevel.TEMPORAL not in self.steady):
            self.steady = frame.available
        if frame.energy is not None:
            have = frame.energy if self.energy is None else self.energy
            self.energy = have + _WEIGHT * (frame.energy - have)

    def is_trial(self, now: float) -> bool:
        """Whether the whole net should be run for once, whatever the share pays for."""
        is_waiting = not self.has_net and QualityLevel.TEMPORAL in self.steady
        every_s = TRY_REUSE_EVERY_S if is_waiting else TRY_EVERY_S
        return self.tried_at is not None and now - self.tried_at >= every_s

    def offers(
        self, rungs: frozenset[QualityLevel], want_share: float, room: ResourceBudget
    ) -> list[Option]:
        """The net rungs of ``rungs`` with their prices."""
        return [
            self.costs.offer(rung, room, want_share=want_share) for rung in NETS if rung in rungs
        ]


def demand_for(
    member: StreamState, usual_energy: float, room: ResourceBudget, now: float
) -> Demand:
    """What it could use; ``usual_energy`` is that of the worker's streams."""
    assert member.frame is not None
    frame = member.frame
    energy = usual_energy if member.energy is None else member.energy
    # One stream must not take all because its energy was measured at an odd moment.
    energy = max(usual_energy / _ENERGY_SPAN, min(energy, usual_energy * _ENERGY_SPAN))
    rungs = member.steady
    if member.want_share > MOST_REUSED and frame.available > {QualityLevel.TEMPORAL}:
        rungs = frame.available - {QualityLevel.TEMPORAL}
    least = LEAST_KEPT if member.has_net else LEAST_REFRESHED
    if QualityLevel.SMALL in rungs:
        least = ENOUGH_REFRESHED
    prices_ms = {
        offer.rung: offer.price_ms for offer in member.offers(rungs, member.want_share, room)
    }
    return Demand(
        fps=member.fps,
        prices_ms=prices_ms,
        energy=energy * frame.pixels * member.fps,
        level=member.ladder.level,
        watched=member.watched,
        whole_ms=member.costs.offer(QualityLevel.FULL, room).price_ms,
        least_ms=member.costs.offer(
            QualityLevel.TEMPORAL, room, want_share=least * member.want_share
        ).price_ms,
        turn_s=now - member.turn_since,
    )
