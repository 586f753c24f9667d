"""A worker's engine and cores, shared by its streams: who gets which rung, frame by frame."""

from __future__ import annotations

import dataclasses
import statistics
from collections import deque

from workers.scheduling.allocation import share_out
from workers.scheduling.cost_model import FrameCost
from workers.scheduling.degradation import NETS, Choice, FrameContext, QualityLevel, Reason
from workers.scheduling.engine_queue import EngineQueue
from workers.scheduling.resource_budget import CpuAccounting
from workers.scheduling.stream_state import FrameRequest, StreamState, demand_for

__all__ = ["PLAN_EVERY_S", "SILENT_AFTER_S", "Scheduler", "FrameRequest", "Standing"]

PLAN_EVERY_S = 0.25
"""How often the shares are worked out anew."""

SILENT_AFTER_S = 1.0
"""A stream without frames for this long has no share."""

_SPENT_WINDOW_S = 3.0


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Where a stream stands."""

    level: QualityLevel
    ms_per_s: float
    "Its share of what there is, in milliseconds of the engine."
    full_ms: float | None
    "What its net takes for a frame; None while nothing is known."
    least_ms: float | None
    "What the cheapest of its nets takes."


class Scheduler:
    """All streams of a worker. No clock: ``now`` is in seconds."""

    def __init__(self, cores: CpuAccounting | None = None) -> None:
        """``cores``: what is measured of them; None where there are more than enough."""
        self._cores = cores or CpuAccounting()
        self._room = self._cores.room(0.0)
        self._members: dict[str, StreamState] = {}
        self._queue = EngineQueue()
        self._planned_at: float | None = None
        self._spent: deque[tuple[float, float]] = deque()

    @property
    def given_ms(self) -> float:
        """What all streams have together, in milliseconds of the engine per second."""
        return self._room.given_ms

    def is_due(self, *, now: float) -> bool:
        """Whether the next frame has the shares worked out anew: time to ``tell``."""
        return self._planned_at is None or not 0 <= now - self._planned_at < PLAN_EVERY_S

    def tell(self, process_s: float, *, now: float) -> None:
        """What the whole process took of the cores since it began."""
        self._cores.tell(process_s, now=now)

    def join(self, key: str) -> None:
        """A stream comes."""
        self._members[key] = StreamState()
        self._planned_at = None

    def leave(self, key: str, *, now: float) -> None:
        """It goes; what it had is the others'."""
        del self._members[key]
        self._queue.leave(key, now=now)
        self._planned_at = None

    def watch(self, key: str, watched: bool) -> None:
        """Whether somebody watches the stream; the others get what is left."""
        if self._members[key].watched is not watched:
            self._members[key].watched = watched
            self._planned_at = None

    def forget(self, key: str) -> None:
        """Its size or its net changed: what was measured does not hold."""
        self._members[key].forget()

    def expect(self, key: str, rung: QualityLevel, seconds: float) -> None:
        """What a net rung is expected to take of the engine, until it was measured."""
        self._members[key].costs.expect(rung, seconds)

    def foresee(self, key: str, *, age_s: float, interval_s: float, now: float) -> Reason | None:
        """Why a frame cannot have reuse whatever planning for it may find, so that there is no use
        in planning; None where there is. ``choose`` must follow.
        """
        member = self._members[key]
        member.seen_at, member.fps = now, 1.0 / interval_s
        self._plan_if_due(now)
        if QualityLevel.TEMPORAL not in member.steady:
            return None
        costs = member.costs
        moment = FrameContext(
            age_s=age_s + costs.planning_s,
            wait_s=self._queue.wait_s(now=now),
            interval_s=interval_s,
            whole_ms=costs.offer(QualityLevel.FULL, self._room).price_ms,
            is_trial=member.is_trial(now),
        )
        offer = costs.offer(QualityLevel.TEMPORAL, self._room, want_share=member.want_share)
        return member.ladder.foresee(offer, moment, now=now)

    def choose(self, key: str, frame: FrameRequest, *, now: float) -> Choice:
        """What the frame gets. If that is a net rung, ``took`` must follow."""
        member = self._members[key]
        self._cores.passed(now - frame.arrived)
        member.see(frame, now=now)
        self._plan_if_due(now)
        offers = member.offers(frame.available, frame.want_share, self._room)
        moment = FrameContext(
            age_s=now - frame.arrived,
            wait_s=self._queue.wait_s(now=now),
            interval_s=frame.interval_s,
            want_share=frame.want_share,
            whole_ms=member.costs.offer(QualityLevel.FULL, self._room).price_ms,
            is_trial=member.is_trial(now),
            refused=frame.refused,
        )
        choice = member.ladder.choose(offers, moment, now=now)
        member.rung = choice.rung
        if choice.rung is QualityLevel.FULL or member.tried_at is None:
            member.tried_at = now
        if choice.reason is Reason.PROBE:
            member.costs.doubt(choice.rung)
        for offer in offers:
            if offer.rung is choice.rung:
                turn_s = offer.turn_s + choice.share * offer.whole_s
                self._queue.enter(key, turn_s, now=now)
        return choice

    def took(
        self, key: str, rung: QualityLevel, took: FrameCost, macs_share: float, *, now: float
    ) -> None:
        """A frame was made by a net rung, with ``macs_share`` (0..1) of the full net's work."""
        member = self._members[key]
        member.costs.took(rung, took, macs_share=macs_share)
        self._cores.spent(
            took.beside_s + self._room.threads * took.engine_s,
            worked_s=took.beside_s + took.engine_s,
            passed_s=took.planned_s + took.passed_s,
        )
        member.ladder.spent(self._room.price_ms(1000.0 * took.engine_s, 1000.0 * took.beside_s))
        self._queue.leave(key, now=now)
        self._spent.append((now, took.engine_s))
        self._forget_spent(now)

    def standing(self, key: str) -> Standing:
        """Where the stream stands."""
        member = self._members[key]
        full, smaller = (
            member.costs.usual_ms(rung) for rung in (QualityLevel.FULL, QualityLevel.SMALL)
        )
        return Standing(
            level=member.ladder.level,
            ms_per_s=member.ladder.ms_per_s,
            full_ms=full,
            least_ms=min((ms for ms in (full, smaller) if ms is not None), default=None),
        )

    def spent_ms_per_s(self, *, now: float) -> float:
        """Of the engine, over the last three seconds."""
        self._forget_spent(now)
        return 1000.0 * sum(engine_s for _, engine_s in self._spent) / _SPENT_WINDOW_S

    def _forget_spent(self, now: float) -> None:
        while self._spent and now - self._spent[0][0] > _SPENT_WINDOW_S:
            self._spent.popleft()

    def _plan_if_due(self, now: float) -> None:
        if not self.is_due(now=now):
            return
        self._planned_at = now
        awake = {
            key: member
            for key, member in self._members.items()
            if now - member.seen_at < SILENT_AFTER_S
        }
        self._room = self._cores.room(sum(member.fps for member in awake.values()))
        active = {
            key: member for key, member in awake.items() if not member.steady.isdisjoint(NETS)
        }
        known = [member.energy for member in active.values() if member.energy is not None]
        usual = max(statistics.median(known), 1e-3) if known else 1.0
        needs = {key: demand_for(member, usual, self._room, now) for key, member in active.items()}
        for key, grant in share_out(needs, self._room.given_ms).items():
            active[key].follow(grant, now=now)
