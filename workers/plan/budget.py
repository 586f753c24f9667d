"""The engine of a worker, shared by its streams: who gets which rung, frame by frame."""

from __future__ import annotations

import dataclasses
import statistics
from collections import deque

from workers.plan.costs import Costs
from workers.plan.ladder import MOST_REUSED, NETS, Choice, Ladder, Moment, Offer, Reason, Rung
from workers.plan.shares import Need, share_out

ENGINE_MS_PER_S = 900.0
"""What is given away of an engine's second; the rest is for what costs more than expected."""

PLAN_EVERY_S = 0.25
"""How often the shares are worked out anew."""

SILENT_AFTER_S = 1.0
"""A stream without frames for this long has no share."""

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


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Where a stream stands."""

    level: Rung
    ms_per_s: float
    "Its share of the engine."
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

    def see(self, frame: Frame, *, now: float) -> None:
        self.frame, self.seen_at = frame, now
        if not frame.available:
            return
        if self.rung in (Rung.REUSE, Rung.FULL):
            self.want_share += _WEIGHT * (frame.want_share - self.want_share)
        else:
            # There was nothing to reuse, which does not tell what there would have been: in time
            # it is tried again.
            self.want_share += _HOPE_WEIGHT * (HOPE - self.want_share)
        is_reusable = Rung.REUSE in frame.available and frame.want_share <= MOST_REUSED
        if is_reusable or Rung.REUSE not in self.steady:
            self.steady = frame.available
        if frame.energy is not None:
            have = frame.energy if self.energy is None else self.energy
            self.energy = have + _WEIGHT * (frame.energy - have)

    def offers(self, rungs: frozenset[Rung], want_share: float) -> list[Offer]:
        return [self.costs.offer(rung, want_share=want_share) for rung in NETS if rung in rungs]


class Budget:
    """All streams of a worker. No clock: ``now`` is in seconds."""

    def __init__(self, *, ms_per_s: float = ENGINE_MS_PER_S) -> None:
        self._ms_per_s = ms_per_s
        self._members: dict[str, _Member] = {}
        self._queue = EngineQueue()
        self._planned_at: float | None = None
        self._spent: deque[tuple[float, float]] = deque()

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

    def choose(self, key: str, frame: Frame, *, now: float) -> Choice:
        """What the frame gets. If that is a net rung, ``took`` must follow."""
        member = self._members[key]
        member.see(frame, now=now)
        if self._planned_at is None or not 0 <= now - self._planned_at < PLAN_EVERY_S:
            self._plan(now)
        offers = member.offers(frame.available, frame.want_share)
        moment = Moment(
            age_s=now - frame.arrived,
            wait_s=self._queue.wait_s(now=now),
            interval_s=frame.interval_s,
            want_share=frame.want_share,
            whole_ms=member.costs.usual_ms(Rung.FULL) or 0.0,
            is_trial=member.tried_at is not None and now - member.tried_at >= TRY_EVERY_S,
        )
        choice = member.ladder.choose(offers, moment, now=now)
        member.rung = choice.rung
        if choice.rung is Rung.FULL or member.tried_at is None:
            member.tried_at = now
        if choice.reason is Reason.TRIED:
            member.costs.doubt(choice.rung)
        for offer in offers:
            if offer.rung is choice.rung:
                is_reuse = offer.rung is Rung.REUSE
                taken_ms = offer.fixed_ms + choice.budget_ms if is_reuse else offer.engine_ms
                self._queue.enter(key, taken_ms / 1000.0, now=now)
        return choice

    def took(
        self, key: str, rung: Rung, seconds: float, macs_share: float, *, engine_s: float,
        now: float,
    ) -> None:  # fmt: skip
        """A frame was made by a net rung in ``seconds``, waiting for the engine not counted;
        ``engine_s`` of them on it, for ``macs_share`` (0..1) of the full net's work.
        """
        member = self._members[key]
        member.costs.took(rung, seconds, macs_share=macs_share, engine_s=engine_s)
        member.ladder.spent(1000.0 * engine_s)
        self._queue.leave(key, now=now)
        self._spent.append((now, engine_s))
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

    def _plan(self, now: float) -> None:
        self._planned_at = now
        active = {
            key: member
            for key, member in self._members.items()
            if now - member.seen_at < SILENT_AFTER_S and not member.steady.isdisjoint(NETS)
        }  # fmt: skip
        known = [member.energy for member in active.values() if member.energy is not None]
        usual = max(statistics.median(known), 1e-3) if known else 1.0
        needs = {key: _need(member, usual) for key, member in active.items()}
        for key, grant in share_out(needs, self._ms_per_s).items():
            active[key].ladder.follow(grant.level, grant.ms_per_s, now=now)


def _need(member: _Member, usual_energy: float) -> Need:
    assert member.frame is not None
    frame = member.frame
    energy = usual_energy if member.energy is None else member.energy
    # One stream must not take all because its energy was measured at an odd moment.
    energy = max(usual_energy / _ENERGY_SPAN, min(energy, usual_energy * _ENERGY_SPAN))
    fps = 1.0 / frame.interval_s
    rungs = member.steady
    if member.want_share > MOST_REUSED and frame.available > {Rung.REUSE}:
        rungs = frame.available - {Rung.REUSE}
    prices_ms = {offer.rung: offer.engine_ms for offer in member.offers(rungs, member.want_share)}
    return Need(
        fps=fps,
        prices_ms=prices_ms,
        energy=energy * frame.pixels * fps,
        level=member.ladder.level,
        watched=member.watched,
        whole_ms=member.costs.usual_ms(Rung.FULL) or 0.0,
    )
