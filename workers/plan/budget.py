"""A worker's engine and cores, shared by its streams: who gets which rung, frame by frame."""

from __future__ import annotations

import dataclasses
import statistics
from collections import deque

from workers.plan.costs import Costs, Took
from workers.plan.ladder import (
    ENOUGH_REFRESHED,
    LEAST_KEPT,
    LEAST_REFRESHED,
    MOST_REUSED,
    NETS,
    Choice,
    Ladder,
    Moment,
    Offer,
    Reason,
    Rung,
)
from workers.plan.room import CoreTime, Room
from workers.plan.shares import Grant, Need, share_out

PLAN_EVERY_S = 0.25
"""How often the shares are worked out anew."""

SILENT_AFTER_S = 1.0
"""A stream without frames for this long has no share."""

TRY_REUSE_EVERY_S = 30.0
"""A stream for whose reuse there is no time is planned for and enhanced once in a while, to learn
whether it costs less by now; else its turn comes by what was measured before.
"""

_SPENT_WINDOW_S = 3.0
_WEIGHT = 0.1
_ENERGY_SPAN = 4.0

HOPE = 0.3
"""What of a picture is thought to be new, until frames that could reuse something have told."""

_HOPE_WEIGHT = 0.01

TRY_EVERY_S = 5.0
"""A whole net that was not run for this long is tried again: what it once took may not hold, and
after it there is something to reuse.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """What is asked for one frame."""

    arrived: float
    "When its last packet reached the server, on the clock of ``now``."
    interval_s: float
    "From frame to frame."
    pixels: int
    "Of the source's picture."
    available: frozenset[Rung]
    "The net rungs that could make it now; none where it is too late to ask."
    want_share: float = 1.0
    "Of the picture that the reuser would like to refresh, 0..1."
    energy: float | None = None
    """What the net would mend: residual energy in squared luma levels per pixel. None: not known;
    the stream then counts as an average one."""
    refused: Reason | None = None
    "Why reuse was not planned for, if ``foresee`` said so."


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Where a stream stands."""

    level: Rung
    ms_per_s: float
    "Its share of what there is, in milliseconds of the engine."
    full_ms: float | None
    "What its net takes for a frame; None while nothing is known."
    least_ms: float | None
    "What the cheapest of its nets takes."


class EngineQueue:
    """How much work was chosen and is not done: what the next frame must wait for.

    The engine takes frames one at a time in the order in which they were chosen. Whenever one is
    done the next one begins, so the sum of what is left is exact at that moment.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}
        self._free_at = 0.0

    def wait_s(self, *, now: float) -> float:
        """Until the engine is free."""
        return max(0.0, self._free_at - now)

    def enter(self, key: str, engine_s: float, *, now: float) -> None:
        """A frame of a stream is going to take the engine."""
        self._waiting[key] = engine_s
        self._free_at = max(self._free_at, now) + engine_s

    def leave(self, key: str, *, now: float) -> None:
        """It is done, or will not come any more."""
        if self._waiting.pop(key, None) is not None:
            self._free_at = now + sum(self._waiting.values())


class _Member:
    """One stream."""

    def __init__(self) -> None:
        self.costs = Costs()
        self.ladder = Ladder()
        self.watched = True
        self.frame: Frame | None = None
        self.seen_at = 0.0
        self.energy: float | None = None
        self.want_share = HOPE
        self.rung = Rung.DROP
        self.tried_at: float | None = None
        "When the whole net was last run, or there was none to run."
        self.steady: frozenset[Rung] = frozenset()
        "What the frames can have that reuse could serve, or all, where none could."
        self.fps = 30.0
        self.turn_since = 0.0
        "When it last got a net on every frame, or lost it."

    @property
    def has_net(self) -> bool:
        return self.ladder.level is not Rung.BICUBIC

    def follow(self, grant: Grant, *, now: float) -> None:
        had_net = self.has_net
        self.ladder.follow(grant.level, grant.ms_per_s, now=now, takes_turns=grant.takes_turns)
        if self.has_net is not had_net:
            self.turn_since = now

    def see(self, frame: Frame, *, now: float) -> None:
        self.frame, self.seen_at = frame, now
        self.fps = 1.0 / frame.interval_s
        if not frame.available and frame.refused is None:
            return
        if self.rung in (Rung.REUSE, Rung.FULL):
            self.want_share += _WEIGHT * (frame.want_share - self.want_share)
        else:
            # There was nothing to reuse, which does not tell what there would have been: in time
            # it is tried again.
            self.want_share += _HOPE_WEIGHT * (HOPE - self.want_share)
        is_reusable = Rung.REUSE in frame.available and frame.want_share <= MOST_REUSED
        if frame.available and (is_reusable or Rung.REUSE not in self.steady):
            self.steady = frame.available
        if frame.energy is not None:
            have = frame.energy if self.energy is None else self.energy
            self.energy = have + _WEIGHT * (frame.energy - have)

    def is_trial(self, now: float) -> bool:
        """Whether the whole net should be run for once, whatever the share pays for."""
        is_waiting = not self.has_net and Rung.REUSE in self.steady
        every_s = TRY_REUSE_EVERY_S if is_waiting else TRY_EVERY_S
        return self.tried_at is not None and now - self.tried_at >= every_s

    def offers(self, rungs: frozenset[Rung], want_share: float, room: Room) -> list[Offer]:
        return [
            self.costs.offer(rung, room, want_share=want_share) for rung in NETS if rung in rungs
        ]


class Budget:
    """All streams of a worker. No clock: ``now`` is in seconds."""

    def __init__(self, cores: CoreTime | None = None) -> None:
        """``cores``: what is measured of them; None where there are more than enough."""
        self._cores = cores or CoreTime()
        self._room = self._cores.room(0.0)
        self._members: dict[str, _Member] = {}
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
        self._members[key] = _Member()
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
        self._members[key].costs = Costs()
        self._members[key].steady = frozenset()
        self._members[key].rung = Rung.DROP

    def expect(self, key: str, rung: Rung, seconds: float) -> None:
        """What a net rung is expected to take of the engine, until it was measured."""
        self._members[key].costs.expect(rung, seconds)

    def foresee(self, key: str, *, age_s: float, interval_s: float, now: float) -> Reason | None:
        """Why a frame cannot have reuse whatever planning for it may find, so that there is no use
        in planning; None where there is. ``choose`` must follow.
        """
        member = self._members[key]
        member.seen_at, member.fps = now, 1.0 / interval_s
        self._plan_if_due(now)
        if Rung.REUSE not in member.steady:
            return None
        costs = member.costs
        moment = Moment(
            age_s=age_s + costs.planning_s,
            wait_s=self._queue.wait_s(now=now),
            interval_s=interval_s,
            whole_ms=costs.offer(Rung.FULL, self._room).price_ms,
            is_trial=member.is_trial(now),
        )
        offer = costs.offer(Rung.REUSE, self._room, want_share=member.want_share)
        return member.ladder.foresee(offer, moment, now=now)

    def choose(self, key: str, frame: Frame, *, now: float) -> Choice:
        """What the frame gets. If that is a net rung, ``took`` must follow."""
        member = self._members[key]
        self._cores.passed(now - frame.arrived)
        member.see(frame, now=now)
        self._plan_if_due(now)
        offers = member.offers(frame.available, frame.want_share, self._room)
        moment = Moment(
            age_s=now - frame.arrived,
            wait_s=self._queue.wait_s(now=now),
            interval_s=frame.interval_s,
            want_share=frame.want_share,
            whole_ms=member.costs.offer(Rung.FULL, self._room).price_ms,
            is_trial=member.is_trial(now),
            refused=frame.refused,
        )
        choice = member.ladder.choose(offers, moment, now=now)
        member.rung = choice.rung
        if choice.rung is Rung.FULL or member.tried_at is None:
            member.tried_at = now
        if choice.reason is Reason.TRIED:
            member.costs.doubt(choice.rung)
        for offer in offers:
            if offer.rung is choice.rung:
                turn_s = offer.turn_s + choice.share * offer.whole_s
                self._queue.enter(key, turn_s, now=now)
        return choice

    def took(self, key: str, rung: Rung, took: Took, macs_share: float, *, now: float) -> None:
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
        full, smaller = (member.costs.usual_ms(rung) for rung in (Rung.FULL, Rung.SMALLER))
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
        needs = {key: _need(member, usual, self._room, now) for key, member in active.items()}
        for key, grant in share_out(needs, self._room.given_ms).items():
            active[key].follow(grant, now=now)


def _need(member: _Member, usual_energy: float, room: Room, now: float) -> Need:
    assert member.frame is not None
    frame = member.frame
    energy = usual_energy if member.energy is None else member.energy
    # One stream must not take all because its energy was measured at an odd moment.
    energy = max(usual_energy / _ENERGY_SPAN, min(energy, usual_energy * _ENERGY_SPAN))
    rungs = member.steady
    if member.want_share > MOST_REUSED and frame.available > {Rung.REUSE}:
        rungs = frame.available - {Rung.REUSE}
    least = LEAST_KEPT if member.has_net else LEAST_REFRESHED
    if Rung.SMALLER in rungs:
        least = ENOUGH_REFRESHED
    prices_ms = {
        offer.rung: offer.price_ms for offer in member.offers(rungs, member.want_share, room)
    }
    return Need(
        fps=member.fps,
        prices_ms=prices_ms,
        energy=energy * frame.pixels * member.fps,
        level=member.ladder.level,
        watched=member.watched,
        whole_ms=member.costs.offer(Rung.FULL, room).price_ms,
        least_ms=member.costs.offer(
            Rung.REUSE, room, want_share=least * member.want_share
        ).price_ms,
        turn_s=now - member.turn_since,
    )
