"""Limits the simulcast layer that becomes the source to what workers enhance; no I/O, no clock.

A smaller layer that is enhanced looks better than a larger one that is only copied or resized.
"""

from __future__ import annotations

from wire.heartbeat import StreamWork

PATIENCE_S = 6.0
"""Time for which a lead must fall short before a smaller layer follows: a stream that begins takes
seconds to find its quality level, and every change of size costs viewers a key frame."""

MIN_ENHANCED = 0.5
"""Fraction of the frames put out that a net must have made, whole or in part."""

MIN_FRAMES = 30
"""Frames below which nothing is judged."""

RETRY_S = 60.0
"""Time after which the larger layer is tried again: workers may have joined; doubled each time it
fails."""

MAX_RETRY_S = 960.0


class LayerLimit:
    """Judges by the lead's heartbeats of the default rendition, every second or so."""

    def __init__(self) -> None:
        self.pixels: int | None = None
        "Limit of a picture's pixels; None: there is none."
        self._short_since: float | None = None
        self._source = 0
        self._seen: tuple[int, int, int] | None = None
        "(epoch, frames put out, frames a net made) of the last report."
        self._retry_at = 0.0
        self._retry_s = RETRY_S

    def judge(self, work: StreamWork | None, source_pixels: int, *, now: float) -> int | None:
        """Returns the limit. ``work`` is the lead's report, None while no worker has the rendition;
        ``source_pixels`` are those of the source's pictures.
        """
        if source_pixels != self._source:
            # What was reported is about the layer of before.
            self._source, self._short_since, self._seen = source_pixels, None, None
            return self.pixels
        if not self._is_short(work):
            self._short_since = None
            if self.pixels is not None and now >= self._retry_at:
                self.pixels = None
        elif self._short_since is None:
            self._short_since = now
        elif now - self._short_since >= PATIENCE_S:
            self._lower(now)
        return self.pixels

    def _lower(self, now: float) -> None:
        """Bars the size of now. One that is barred anew soon after a retry waits twice as long."""
        is_repeated = bool(self._retry_at) and now - self._retry_at < self._retry_s
        self._retry_s = min(MAX_RETRY_S, 2 * self._retry_s) if is_repeated else RETRY_S
        self.pixels = max(0, self._source - 1)
        self._retry_at = now + self._retry_s
        self._short_since = None

    def _is_short(self, work: StreamWork | None) -> bool:
        if work is None:
            self._seen = None
            return False  # nobody works, and no layer would be enhanced
        before = self._seen
        if work.state == "bypass":
            self._seen = None
            return True
        if work.state != "enhancing":
            self._seen = None
            return False  # nobody watches, or an operator does not want it
        now = (work.epoch, work.frames_out, work.enhanced)
        if before is None or before[0] != work.epoch:
            self._seen = now
            return self._short_since is not None
        put_out, enhanced = now[1] - before[1], now[2] - before[2]
        if put_out < MIN_FRAMES:
            return self._short_since is not None
        self._seen = now
        return enhanced < MIN_ENHANCED * put_out
