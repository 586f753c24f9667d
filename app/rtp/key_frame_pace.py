"""Spaces the requests for key frames that go to one publisher; no I/O, no clock."""

from __future__ import annotations

INTERVAL_S = 0.5
"""Minimum time between two requests. OBS and ffmpeg make a key frame for each,
whatever it costs the rest."""


class KeyFramePace:
    """One pace for everybody who wants a key frame of a publisher.

    A wish that comes too early is kept, not lost: it goes out when its time has come, unless a
    key frame came meanwhile, which serves everybody who wished before.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._wanted = False

    def ask(self, *, now: float) -> bool:
        """True if the request may go out now."""
        if self._asked_at is not None and now - self._asked_at < INTERVAL_S:
            self._wanted = True
            return False
        self._asked_at, self._wanted = now, False
        return True

    def fulfil(self) -> None:
        """Forgets a wish that waits: a key frame came."""
        self._wanted = False

    def next_deadline(self) -> float | None:
        """Returns the time at which ``on_time`` sends the wish that waits, None if none waits."""
        if not self._wanted or self._asked_at is None:
            return None
        return self._asked_at + INTERVAL_S

    def on_time(self, *, now: float) -> bool:
        """True if a wish waits and may go out now."""
        return self._wanted and self.ask(now=now)
