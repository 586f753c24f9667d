"""Chooses the SSRC of a track that is listened to; no I/O, no clock."""

from __future__ import annotations

import dataclasses
from typing import Generic, TypeVar

T = TypeVar("T")

SILENT_S = 0.3
"""Another source is listened to once the old one was silent for this long: some frames' time, so
that layers sent side by side do not take turns."""

PROBATION = 3
"""Packets of a new source that must be there before it is taken (RFC 3550 appendix A.1)."""

MAX_HELD = 256
"""Packets of another source that are kept meanwhile; it begins with a key frame, as a rule."""


@dataclasses.dataclass(frozen=True, slots=True)
class Heard(Generic[T]):
    """The packets to go on with."""

    packets: list[T]
    is_new_source: bool = False
    "True for the first packets of another source."


class SsrcChoice(Generic[T]):
    """One track's source. ``unheard`` counts packets of others."""

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.unheard = 0
        self._heard_at = 0.0
        self._other: int | None = None
        self._held: list[T] = []

    def take(self, ssrc: int, packet: T, *, now: float) -> Heard[T]:
        """Takes one packet of any source; returns the packets to go on with."""
        if self.ssrc is None or ssrc == self.ssrc:
            self.ssrc, self._heard_at = ssrc, now
            # The source that is listened to still sends, so another one beside it is no successor.
            self._drop()
            return Heard([packet])
        if ssrc != self._other:
            self._drop()
            self._other = ssrc
        self._held.append(packet)
        if len(self._held) > MAX_HELD:
            self._held.pop(0)
            # The oldest goes: what came last is what the stream goes on with.
            self.unheard += 1
        if len(self._held) < PROBATION or now - self._heard_at < SILENT_S:
            return Heard([])
        self.ssrc, self._heard_at, self._other = ssrc, now, None
        held, self._held = self._held, []
        return Heard(held, is_new_source=True)

    def _drop(self) -> None:
        if self._held:
            self.unheard += len(self._held)
            self._held.clear()
        self._other = None
