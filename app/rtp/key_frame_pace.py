"""Spaces the requests for key frames that go to one publisher; no I/O, no clock."""

from __future__ import annotations

INTERVAL_S = 0.5
"""Minimum time between two requests. OBS and ffmpeg make a key frame for each,
whatever it costs the rest."""


class KeyFramePace:
    """One pace for everybody who wants a key frame of a publisher.

    A request that comes too early is kept, not lost: it goes out when its time has come, unless a
    key frame came meanwhile, which serves everybody who asked before.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._wanted = False

    def ask(self, *, now: float) -> bool:
        """True if the request may go out now."""
        if self._asked_at is not None and now - self._asked_at < INTERVAL_S:
            # One request that waits stands for all that come meanwhile: a key frame serves
            # everybody.
            self._wanted = True
            return False
        self._asked_at, self._wanted = now, False
        return True

    def fulfil(self) -> None:
        """Forgets a request that waits: a key frame came."""
        self._wanted = False

    def next_deadline(self) -> float | None:
        """Returns the time at which the request that waits may go out, None if none waits."""
        if not self._wanted or self._asked_at is None:
            return None
        return self._asked_at + INTERVAL_S

    def on_time(self, *, now: float) -> bool:
        """True if a request waits and may go out now."""
        return self._wanted and self.ask(now=now)
