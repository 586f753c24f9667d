"""Placement: which worker a rendition should be made by, as each worker decides for its own.

There is no scheduler process. The consumer group gives a job to whoever asks first; a worker that
took one which another holds better hands it on, and one that holds too much hands something over.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable

from wire.free_workers import FreeWorker
from workers.scheduling.job_load import MIN_SLOT

BUSY = 0.9
"""Load over capacity above which a worker seeks relief: below it all its frames get the net."""

MIN_RELIEF = 0.2
"""Load over capacity by which a hand-over must improve the fuller of the two: each one costs its
viewers a key frame, so it must be worth it, and two workers must not play ping-pong."""

MAX_HOLD_S = 1.0
"""Seconds between two searches for relief: a worker that joins is found within this and the time of
two heartbeats, and what was handed over shows in the loads before the next search."""

MIN_FORWARD = 0.5
"""Load over capacity below which a worker in the site keeps what it claimed: the loads of others
are half a second old, and many that hand to the same one would fill it."""

FAR_PENALTY = 0.15
"""Load over capacity that a link between sites counts for, whatever its round trip: it adds delay
and loss that a worker beside Redis does not have."""

FAR_PENALTY_PER_MS = 0.002
"""The same for each millisecond of round trip: at 200 ms a far worker counts as half full."""


@dataclasses.dataclass(frozen=True, slots=True)
class LaneLoad:
    """A rendition that a worker makes."""

    entry: str
    load: float
    "Load in streams of 480x270 at 30 frames per second."
    is_watched: bool
    wanted_load: float
    "The load that it has for a worker that can enhance it; here it may only be copied."


@dataclasses.dataclass(frozen=True, slots=True)
class Relief:
    """A rendition that another worker should make."""

    entry: str
    to: str


def fullness(capacity: float, load: float, rtt_ms: float = 0.0) -> float:
    """Returns the load over capacity, with what a link between sites counts for."""
    far = FAR_PENALTY + FAR_PENALTY_PER_MS * rtt_ms if rtt_ms > 0.0 else 0.0
    return load / max(capacity, MIN_SLOT) + far


class Place(enum.Enum):
    """The place of a worker, as other workers reckon with it."""

    SITE = "beside Redis"
    COMPOSER = "beside Redis, without time for nets"
    FAR = "at another site"


def best_of(workers: Iterable[FreeWorker], load: float, *, but: str) -> FreeWorker | None:
    """Returns the worker that is the least full with ``load`` more, among those that it fits, the
    first of several; None if it fits none. ``but`` is the name of the one that asks.
    """
    fitting = [each for each in workers if each.name != but and each.load + load <= each.capacity]
    return min(
        fitting,
        # By name, all who ask would choose the same of many empty ones.
        key=lambda each: fullness(each.capacity, each.load + load, each.rtt_ms),
        default=None,
    )


class PlacementPolicy:
    """One worker's decisions; ``now`` in seconds."""

    def __init__(self, name: str, capacity: float, *, place: Place = Place.SITE) -> None:
        self.name = name
        self.capacity = capacity
        "Streams of 480x270 at 30 frames per second that it holds; a quota may change it."
        self._place = place
        self._searched_at = -MAX_HOLD_S

    def should_relieve(self, load: float, *, now: float) -> bool:
        """Returns whether the worker should draw others and call ``relieve``."""
        is_due = now - self._searched_at >= MAX_HOLD_S
        is_busy = load > BUSY * self.capacity
        return is_due and (is_busy or (self._place is not Place.SITE and load > 0.0))

    def relieve(
        self, held: Iterable[LaneLoad], others: Iterable[FreeWorker], *, now: float
    ) -> Relief | None:
        """Returns the rendition that is best handed over; None if none is worth it.

        The smallest one that relieves enough goes: it is the soonest made good elsewhere. Those
        that somebody watches come first, since they are what the load hurts.
        """
        self._searched_at = now
        jobs, others = list(held), list(others)
        load = sum(each.load for each in jobs)
        jobs.sort(key=lambda each: (not each.is_watched, each.load, each.entry))
        for job in jobs:
            better = self._better_placed(others, job.wanted_load) if job.is_watched else None
            if better is not None:
                return Relief(job.entry, better.name)
        if load <= BUSY * self.capacity:
            return None
        for job in jobs:
            target = best_of(others, job.load, but=self.name)
            if target is not None and self._relief(load, job, target) >= MIN_RELIEF:
                return Relief(job.entry, target.name)
        return None

    def _relief(self, load: float, job: LaneLoad, target: FreeWorker) -> float:
        """Returns by how much the fuller of the two is less full afterwards."""
        there = fullness(target.capacity, target.load + job.load, target.rtt_ms)
        return self._fullness(load) - max(self._fullness(load - job.load), there)

    def _fullness(self, load: float) -> float:
        return fullness(self.capacity, load, 1.0 if self._place is Place.FAR else 0.0)

    def _better_placed(self, others: Iterable[FreeWorker], load: float) -> FreeWorker | None:
        """Returns a worker whose place alone is a reason to hand over, where it is not busy: one in
        the site for a far one, one that runs nets for a composer.
        """
        if self._place is Place.SITE:
            return None
        # A composer would gain nothing by another one.
        may_compose = self._place is Place.FAR
        near = [each for each in others if not each.rtt_ms and (may_compose or not each.composes)]
        found = best_of(near, load, but=self.name)
        if found is None or fullness(found.capacity, found.load + load) > BUSY:
            return None
        return found

    def forward(
        self, load: float, job_load: float, others: Iterable[FreeWorker]
    ) -> FreeWorker | None:
        """Returns the worker that should have a job which was just claimed; None to keep it."""
        others = list(others)
        better = self._better_placed(others, job_load)
        here = self._fullness(load + job_load)
        if better is not None or (here < MIN_FORWARD and self._place is not Place.FAR):
            return better
        target = best_of(others, job_load, but=self.name)
        if target is None:
            return None
        there = fullness(target.capacity, target.load + job_load, target.rtt_ms)
        return target if here - there >= MIN_RELIEF else None
