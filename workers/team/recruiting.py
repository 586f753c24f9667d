"""Choice of the workers that a lead invites to help with one rendition.

By what heartbeats say of them: the net at hand, what they leave free, how near they are. As many as
the work that the lead cannot do itself needs, and no more. Pure: times are arguments, in seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from wire.heartbeat import WorkerBeat

__all__ = ["MAX_HELPERS", "Candidate", "Choice", "Need", "Recruiter", "candidate_of"]

MAX_HELPERS = 8
"""Helpers of one rendition: each costs the lead 0.2 ms a frame, and more regions have more halo."""

MIN_FREE = 0.15
"""Part of a device that must be free: less would be a region in every second frame."""

MAX_ROUND_TRIP_MS = 180.0
"""Path with which a result can still be back within the longest playout delay of 260 ms, with 50 ms
of queue and some work."""

NEAR_MS = 25.0
"""Round trips within one such step count as equally near: the difference is less than a frame."""

SPARE = 1.25
"""Capacity to invite in relation to what is lacking: helpers are late, or busy for a while."""

ENOUGH = 1.6
"""Relation from which on a helper is let go, so that none comes and goes all the time."""

LET_GO_S = 15.0
"""Time for which a helper must be more than enough before it is let go. What helpers do, and what
frames want, is measured and wavers; one that comes back is trusted with little for seconds."""

ANSWER_S = 5.0
"""Time within which an invited worker says that it is ready: it loads a net and a source first."""

TAKE_OVER_S = 5.0
"""Time from a lead's first look at workers in which it asks all that helped the lead before it,
whatever it needs by its own count, which begins with a guess. Their nets and sources are at hand,
and they are let go like others if they prove more than enough."""

FIRST_PAUSE_S, MAX_PAUSE_S = 10.0, 160.0
"""Pause after a worker declined or did not answer; doubled each time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A worker as its heartbeat shows it."""

    name: str
    models: frozenset[str]
    "Nets at hand, the one that is needed among them if it has it."
    free: float
    "Part of the device that its own streams leave, 0 to 1."
    ms_per_frame: float
    "Measured time of the default net at 480x270."
    round_trip_ms: float = 0.0
    "Round trip between it and the lead's site; 0 inside it."
    is_draining: bool = False
    cores: float = 1.0
    "Cores whose time it may use, up to 1: by a quota, a net takes longer than it was measured."
    is_helping: bool = False
    "It helps this rendition, or did a moment ago, whoever leads it."
    speed: float = 0.0
    """Its speed in this team of late, as part of that of the lead's engine; 0 where it has done
    nothing yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """The work for which a rendition needs helpers."""

    model: str
    lacking_ms_per_s: float
    "Time of the lead's engine for what is worth the net, less what it has itself; smoothed."
    own_ms_per_frame: float
    "The lead's own time of the default net at 480x270, as its heartbeat says."


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The workers to invite now, those present included, and those to let go."""

    invited: tuple[str, ...]
    dismissed: tuple[str, ...]
    reason: str
    "A sentence for people."


def candidate_of(
    beat: WorkerBeat, *, stream: str = "", rendition: str = "", speed: float = 0.0
) -> Candidate:
    """Returns the candidate of a heartbeat for a rendition; ``speed`` as in ``Candidate``."""
    free = 1.0 - beat.load / beat.capacity if beat.capacity > 0.0 else 0.0
    here = [one for one in beat.helping if (one.stream, one.rendition) == (stream, rendition)]
    # What it does for this rendition it can go on doing.
    free += sum(one.busy for one in here)
    return Candidate(
        name=beat.name,
        models=frozenset(model.name for model in beat.models if not model.missing),
        # A composer helps nobody, since it is to have time for what others make.
        free=0.0 if beat.composes else max(0.0, min(1.0, free)),
        ms_per_frame=beat.ms_per_frame,
        cores=min(1.0, beat.cores) or 1.0,
        is_helping=bool(here) and not beat.composes,
        speed=speed,
        round_trip_ms=beat.rtt_ms,
        is_draining=beat.state == "draining",
    )


class Recruiter:
    """One lead's invitations for one rendition. ``now`` never goes back."""

    def __init__(self, own_name: str) -> None:
        self._own = own_name
        self._began: float | None = None
        self._invited: dict[str, float] = {}
        "Since when each is invited without a pause."
        self._free: dict[str, float] = {}
        "The part of each that was free when it was invited: what it does here is load too."
        self._surplus: dict[str, float] = {}
        "Since when each helper is more than enough."
        self._ready: set[str] = set()
        self._pauses: dict[str, tuple[float, float]] = {}
        "Length of each worker's pause, and its end."

    def ready(self, name: str) -> None:
        """Notes that a worker helps."""
        self._ready.add(name)
        self._pauses.pop(name, None)

    def declined(self, name: str, *, now: float) -> None:
        """Notes that a worker does not help, or left: it is not asked for a while."""
        self._ready.discard(name)
        self._invited.pop(name, None)
        length_s = min(2.0 * self._pauses.get(name, (FIRST_PAUSE_S / 2, 0.0))[0], MAX_PAUSE_S)
        self._pauses[name] = (length_s, now + length_s)

    def choose(
        self,
        candidates: Collection[Candidate],
        need: Need,
        *,
        now: float,
        pinned: Collection[str] = (),
        excluded: Collection[str] = (),
    ) -> Choice:
        """Returns who is to help; to be called once a second. The operator's ``pinned`` workers are
        asked whenever they can, ``excluded`` ones never.
        """
        self._give_up(now)
        takes_over = self._takes_over(candidates, now)
        obstacles = dict.fromkeys(pinned, "does not run")
        usable = []
        for each in candidates:
            obstacle = "is excluded" if each.name in excluded else ""
            obstacle = obstacle or self._obstacle(each, need, now, is_pinned=each.name in pinned)
            if each.name in pinned:
                obstacles[each.name] = obstacle
            if not obstacle:
                each = dataclasses.replace(each, is_helping=each.is_helping and takes_over)
                usable.append(self._without_own_work(each))
        usable.sort(key=lambda each: self._order(each, need, pinned))
        chosen: list[str] = []
        sum_ms = 0.0
        for each in usable[:MAX_HELPERS]:
            enough = ENOUGH if each.name in self._invited else SPARE
            is_surplus = sum_ms >= enough * need.lacking_ms_per_s and each.name not in pinned
            if not is_surplus:
                self._surplus.pop(each.name, None)
            elif not (self._is_kept(each.name, now) or each.is_helping):
                continue
            chosen.append(each.name)
            sum_ms += _contribution(each, need)
        dismissed = self._take(chosen, usable, now)
        words = [_reason(chosen, usable, need, sum_ms)]
        words += [f"{name} is pinned, and {why}." for name, why in obstacles.items() if why]
        return Choice(tuple(chosen), dismissed, " ".join(words))

    def _takes_over(self, candidates: Collection[Candidate], now: float) -> bool:
        """Returns whether those who helped the lead before this one are asked."""
        if not candidates:
            # The heartbeats could not be read, or nobody may be asked yet.
            return False
        self._began = now if self._began is None else self._began
        return now - self._began < TAKE_OVER_S

    def _is_kept(self, name: str, now: float) -> bool:
        """Returns whether a worker that is more than enough stays a while."""
        return name in self._invited and now - self._surplus.setdefault(name, now) < LET_GO_S

    def _give_up(self, now: float) -> None:
        """Counts those who do not answer as if they had declined."""
        for name in [name for name, since in self._invited.items() if now - since > ANSWER_S]:
            if name not in self._ready:
                self.declined(name, now=now)

    def _take(self, chosen: list[str], usable: list[Candidate], now: float) -> tuple[str, ...]:
        """Notes who is invited now; returns those who are no more."""
        dismissed = tuple(sorted(self._invited.keys() - set(chosen)))
        for name in dismissed:
            del self._invited[name]
            self._surplus.pop(name, None)
            self._ready.discard(name)
        for each in usable:
            if each.name in chosen:
                self._invited.setdefault(each.name, now)
                self._free[each.name] = each.free
        return dismissed

    def _without_own_work(self, each: Candidate) -> Candidate:
        if each.name not in self._invited:
            return each
        return dataclasses.replace(each, free=max(each.free, self._free[each.name]))

    def _obstacle(self, each: Candidate, need: Need, now: float, *, is_pinned: bool) -> str:
        """Returns what keeps a worker from being asked, with its name before it a sentence; empty
        if nothing does.
        """
        if each.name == self._own:
            return "leads the rendition itself"
        if need.model not in each.models:
            return f"lacks {need.model}"
        if each.is_draining:
            return "is about to stop"
        if each.round_trip_ms > MAX_ROUND_TRIP_MS:
            return f"is {each.round_trip_ms:.0f} ms away, too far for results in time"
        # One that is there stays, since what it does for this team is load too.
        if each.free < MIN_FREE and each.name not in self._invited:
            return "has no time to spare"
        length_s, until = self._pauses.get(each.name, (0.0, now))
        if is_pinned:
            # An operator who pins a worker does not want to wait for minutes.
            until -= max(0.0, length_s - FIRST_PAUSE_S)
        return "declined a moment ago" if now < until else ""

    def _order(
        self, each: Candidate, need: Need, pinned: Collection[str]
    ) -> tuple[bool, bool, int, float, str]:
        return (
            each.name not in pinned,
            each.name not in self._invited and not each.is_helping,
            int(each.round_trip_ms // NEAR_MS),
            -_contribution(each, need),
            each.name,
        )


def _contribution(each: Candidate, need: Need) -> float:
    """Returns the work that a worker adds, in ms per s of the lead's own engine."""
    if each.speed > 0.0:
        # Measured as it is used: a quota that it does not see, or another's work, is in it.
        return 1000.0 * each.speed
    speed = need.own_ms_per_frame / each.ms_per_frame if each.ms_per_frame > 0.0 else 0.0
    return 1000.0 * max(each.free, MIN_FREE) * each.cores * (speed or 1.0)


def _reason(chosen: list[str], usable: list[Candidate], need: Need, sum_ms: float) -> str:
    if need.lacking_ms_per_s <= 0.0 and not chosen:
        return "The lead does all of it alone."
    if not usable:
        return f"No worker has {need.model} at hand and time for it."
    count = "1 worker" if len(chosen) == 1 else f"{len(chosen)} workers"
    return (
        f"The lead lacks {need.lacking_ms_per_s:.0f} ms of its engine each second; "
        f"{count} may add {sum_ms:.0f} ms."
    )
