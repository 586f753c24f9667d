"""Whether reusing pictures saves time at all, on this stream and this machine."""

from __future__ import annotations

_WEIGHT = 0.05
_ENOUGH = 30
"""Reused frames after which there is a judgement; about a second."""

RETRY_AFTER_S = 20.0
"""Other content may come, which saves more."""


class ReuseProfitability:
    """Compares what reused frames take, all in all, with what the whole net takes.

    Finding out what can be reused costs a few milliseconds whatever comes of it; where the net is
    quick and much moves, that is more than it saves. Times are in seconds of work, waiting for
    cores or the engine not counted; no clock.
    """

    def __init__(self) -> None:
        self._reused_s = 0.0
        self._reused = 0
        self._whole_s: float | None = None
        self._off_until: float | None = None

    def reused(self, seconds: float) -> None:
        """A frame by reuse took this long, planning included."""
        self._reused += 1
        weight = max(_WEIGHT, 1.0 / self._reused)
        self._reused_s += weight * (seconds - self._reused_s)

    def whole(self, seconds: float) -> None:
        """A frame by the whole net took this long."""
        have = seconds if self._whole_s is None else self._whole_s
        self._whole_s = have + _WEIGHT * (seconds - have)

    def is_worth_it(self, *, now: float) -> bool:
        """Whether the next frame should try; true while little is known."""
        if self._off_until is not None:
            if now < self._off_until:
                return False
            self._off_until = None
            self._reused, self._reused_s = 0, 0.0
        if self._whole_s is None or self._reused < _ENOUGH:
            return True
        if self._reused_s > self._whole_s:
            self._off_until = now + RETRY_AFTER_S
            return False
        return True
