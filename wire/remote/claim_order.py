"""Decides if a device at another site may take a job that a worker near Redis could take.

A lead near Redis has no link to wait for, and helpers afar can do the net's work. Sans-I/O.
"""

from __future__ import annotations

from collections.abc import Iterable

from wire.free_workers import FreeWorker

HEAD_START_S = 0.5
"""Time for which a job waits for a worker in the site: five of its looks for jobs."""

FORGOTTEN_S = 2.0
"""Time without an offer after which a job counts as a new one: several looks of any device."""

MIN_FREE_LOAD = 1.0
"""Capacity that a worker needs free to take a stream of 480x270 beside others."""

_MAX_SEEN = 256


def has_free_worker(workers: Iterable[FreeWorker]) -> bool:
    """True if one of the workers with free capacity is in the site and takes the next job."""
    return any(
        each.rtt_ms == 0.0 and (each.load == 0.0 or each.load + MIN_FREE_LOAD <= each.capacity)
        for each in workers
    )


class ClaimOrder:
    """Jobs that one device was offered lately. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        "Times of the first and the last offer."

    def may_take(self, entry: str, *, has_free: bool, now: float) -> bool:
        """True if the device may take a job now; ``has_free``: a worker in the site would."""
        first, last = self._seen.pop(entry, (now, now))
        if now - last > FORGOTTEN_S:
            # Somebody had it meanwhile, and it is free anew.
            first = now
        if not has_free or now >= first + HEAD_START_S:
            return True
        self._seen[entry] = (first, now)
        if len(self._seen) > _MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return False
