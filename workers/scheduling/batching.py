"""Batching: frames of several streams that go through the net together."""

from __future__ import annotations

import dataclasses

WORTH = 0.8
"""Fraction of the time of as many single calls that a call of several frames must stay below: each
of them waits for the whole call, for which a small gain is no reason."""

MAX_CALL_S = 0.02
"""Seconds that a call of several frames may take: every one of them waits for all of it."""

PATIENCE_S = 0.004
"""Seconds that a frame waits for others at most."""

ACTIVE_S = 0.25
"""Seconds without a frame after which a stream is not waited for: at 10 frames a second it is still
active."""


@dataclasses.dataclass(frozen=True, slots=True)
class BatchCosts:
    """Measured times of calls."""

    size: int
    "Frames of a call of several."
    single_s: float
    "Time of a call of one frame, in seconds."
    batch_s: float
    "Time of a call of ``size`` frames, in seconds; it takes that with fewer frames too."

    @property
    def is_worth_it(self) -> bool:
        """True if frames should go together at all."""
        return self.batch_s < WORTH * self.size * self.single_s and self.batch_s <= MAX_CALL_S

    @property
    def least(self) -> int:
        """Frames from which on one call of several beats single ones; more than ``size`` if none
        does.
        """
        return next(
            (n for n in range(2, self.size + 1) if self.batch_s < n * self.single_s), self.size + 1
        )

    @property
    def patience_s(self) -> float:
        """Seconds that a frame may wait: no longer than a full call saves."""
        return max(0.0, min(PATIENCE_S, self.size * self.single_s - self.batch_s))


class BatchPolicy:
    """Chooses the frames of a call, of which each stream has at most one waiting. The oldest goes
    first; a frame that nobody can join goes at once; one that somebody could join waits for
    ``patience_s`` at most.
    """

    def __init__(self, costs: BatchCosts) -> None:
        self._costs = costs
        self._waiting: dict[int, float] = {}
        self._seen: dict[int, float] = {}

    def arrive(self, stream: int, *, now: float) -> None:
        """Notes that a frame of the stream waits from now on."""
        self._waiting[stream] = now
        self._seen[stream] = now

    def take(self, *, now: float) -> tuple[int, ...]:
        """Returns the streams whose frames run now, in one call, and which no longer wait; empty
        while it is better to wait, until ``deadline`` at most.
        """
        if not self._waiting:
            return ()
        if len(self._waiting) < self._costs.size and self._may_wait(now):
            return ()
        count = min(len(self._waiting), self._costs.size)
        # The dictionary keeps the order of arrival. Fewer than ``least`` frames are quicker one by
        # one, since a call of several takes as long as a full one.
        chosen = tuple(self._waiting)[: count if count >= self._costs.least else 1]
        for stream in chosen:
            del self._waiting[stream]
        return chosen

    @property
    def deadline(self) -> float | None:
        """Time at which ``take`` gives the oldest frame in any case; None if none waits."""
        return min(self._waiting.values()) + self._costs.patience_s if self._waiting else None

    def _may_wait(self, now: float) -> bool:
        """Returns whether another stream may come in time and make it worth it."""
        self._seen = {each: at for each, at in self._seen.items() if now - at <= ACTIVE_S}
        if self.deadline is None or now >= self.deadline:
            return False
        # Waiting is in vain if all who could come would still be too few.
        others = len(self._seen.keys() - self._waiting.keys())
        return others > 0 and len(self._waiting) + others >= self._costs.least
