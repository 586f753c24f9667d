"""Which rendition a viewer gets while the preferred one may be away; no I/O, no clock."""

from __future__ import annotations

STALL_S = 0.6
"""The preferred rendition is away when it has brought nothing for this long."""


class RenditionSwitch:
    """Lets units of one rendition through at a time and changes over at key frames only."""

    def __init__(self, *, preferred: str, fallback: str | None, now: float) -> None:
        self._preferred = preferred
        self._fallback = fallback
        self._current = preferred
        self._last_preferred = now
        self.switches = 0

    @property
    def current(self) -> str:
        """The rendition that is let through."""
        return self._current

    def is_stalled(self, *, now: float) -> bool:
        """True while the preferred rendition is away."""
        return now - self._last_preferred > STALL_S

    def wants_fallback_key(self, *, now: float) -> bool:
        """True while it would change over if the fallback had a key frame."""
        return (
            self._fallback is not None
            and self._current == self._preferred
            and self.is_stalled(now=now)
        )

    def take(self, rendition: str, *, is_key: bool, now: float) -> bool:
        """True if this video unit is for the viewer."""
        if rendition == self._preferred:
            self._last_preferred = now
            if self._current != self._preferred and is_key:
                self._current = self._preferred
                self.switches += 1
        elif is_key and rendition == self._fallback and self.wants_fallback_key(now=now):
            self._current = rendition
            self.switches += 1
        return rendition == self._current
