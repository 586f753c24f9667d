"""The rule of what may be decoded: after a loss, nothing until the next key frame."""

from __future__ import annotations

import enum

_WRAP = 1 << 32


class GateState(enum.Enum):
    """Reasons to keep units from the decoder, and OPEN for none."""

    OPEN = "open"
    NO_KEY_FRAME = "no key frame yet"
    LOST = "units were lost"
    BROKEN = "a unit could not be decoded"


class KeyFrameGate:
    """Follows the sequence numbers of one log's video units."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._shut = GateState.NO_KEY_FRAME

    @property
    def state(self) -> GateState:
        """OPEN, or why units are refused."""
        return self._shut

    def enter(self, *, sequence: int, is_key: bool, after_loss: bool) -> GateState:
        """OPEN if the unit can be decoded, else the reason why a key frame is needed."""
        gap = self._next is not None and sequence != self._next
        self._next = (sequence + 1) % _WRAP
        if is_key:
            self._shut = GateState.OPEN
        elif self._shut is GateState.OPEN and (gap or after_loss):
            self._shut = GateState.LOST
        return self._shut

    def broke(self) -> None:
        """The decoder failed on a unit that was let in."""
        self._shut = GateState.BROKEN

    def reset(self) -> None:
        """Units were not shown to the decoder; it can go on only at a key frame."""
        self._shut = GateState.NO_KEY_FRAME
