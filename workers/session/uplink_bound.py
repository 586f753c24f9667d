"""The bit rate of a rendition that the way to its logs bears. Sans-I/O."""

from __future__ import annotations

FLOOR_KBPS = 100
"""A picture of 480x270 that still says what happens; a way that carries less loses frames."""

LOWER = 0.9
"""The rate goes down once the way grants less than this part of it: late frames are worth nothing.
Each change begins a new encoder, with a key frame."""

HIGHER, HIGHER_S = 1.3, 3.0
"""It goes up once the way has granted so many times as much for so long, since a rate control that
tries a path out would otherwise change it with each try."""

STEP = 1.5
"""It goes up by so much at a time: a rate control grants what it has not proved."""

FAILED_S, MAX_WAIT_S = 6.0, 30.0
"""A rise that has to be taken back within this time doubles the wait for the next one."""


class UplinkBound:
    """Follows what the way grants. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self._kbps = 0
        self._higher_since: float | None = None
        self._rose_at: float | None = None
        self._wait_s = self._after_fall_s = HIGHER_S

    @property
    def kbps(self) -> int:
        """The most that may be encoded, in kbit/s; 0: any."""
        return self._kbps

    @property
    def reason(self) -> str:
        """Returns a sentence for a rendition that is bounded, empty where none is."""
        return f"the link carries {self._kbps} kbit/s of it" if self._kbps else ""

    def follow(self, granted_kbps: float | None, *, now: float) -> int:
        """Takes what is granted, None for any rate, and returns ``kbps``."""
        if granted_kbps is None:
            self._kbps, self._higher_since = 0, None
            return 0
        wanted = max(FLOOR_KBPS, int(granted_kbps))
        if not self._kbps:
            self._kbps = wanted
        elif wanted < LOWER * self._kbps:
            self._fall(wanted, now=now)
        elif wanted <= HIGHER * self._kbps:
            self._higher_since = None
        elif self._higher_since is None:
            self._higher_since = now
        elif now >= self._higher_since + self._wait_s:
            self._kbps, self._higher_since = min(wanted, int(STEP * self._kbps)), None
            self._rose_at, self._wait_s = now, HIGHER_S
        return self._kbps

    def _fall(self, kbps: int, *, now: float) -> None:
        has_failed = self._rose_at is not None and now < self._rose_at + FAILED_S
        self._after_fall_s = min(MAX_WAIT_S, 2 * self._after_fall_s) if has_failed else HIGHER_S
        self._kbps, self._higher_since, self._rose_at = kbps, None, None
        self._wait_s = self._after_fall_s
