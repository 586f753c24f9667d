"""The rule of what may be decoded: after a loss, nothing until the next key frame.

::

    NO_KEY_FRAME, LOST, BROKEN --key--> OPEN
    OPEN --lose--> LOST; OPEN --break--> BROKEN; any state --skip--> NO_KEY_FRAME
"""

from __future__ import annotations

import enum

from wire.state_machine import StateMachine, TransitionTable

_WRAP = 1 << 32
"""Sequence numbers of units are counted modulo 2**32."""


class GateState(enum.Enum):
    """Reasons to keep units from the decoder, and OPEN for none."""

    NO_KEY_FRAME = "no key frame yet"
    "The decoder has not seen what the next units refer to."
    OPEN = "open"
    "Every unit is decoded."
    LOST = "units were lost"
    "The next units may refer to one that is missing."
    BROKEN = "a unit could not be decoded"
    "The next units may refer to one that the decoder refused."


class GateEvent(enum.Enum):
    """An event in the life of a gate."""

    KEY = "key"
    "A key frame came."
    LOSE = "lose"
    "Units before the one that came are missing."
    BREAK = "break"
    "The decoder failed on a unit that was let in."
    SKIP = "skip"
    "Units were not shown to the decoder."


_SHUT = {GateEvent.KEY: GateState.OPEN, GateEvent.SKIP: GateState.NO_KEY_FRAME}

GATE = TransitionTable(
    "Key frame gates (decoders)",
    GateState.NO_KEY_FRAME,
    {
        GateState.NO_KEY_FRAME: _SHUT,
        GateState.OPEN: {
            GateEvent.KEY: GateState.OPEN,
            GateEvent.LOSE: GateState.LOST,
            GateEvent.BREAK: GateState.BROKEN,
            GateEvent.SKIP: GateState.NO_KEY_FRAME,
        },
        # What is lost or refused behind a shut gate changes nothing: the first reason stays.
        GateState.LOST: _SHUT,
        GateState.BROKEN: _SHUT,
    },
)


class KeyFrameGate:
    """Follows the sequence numbers of one log's video units."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._life = StateMachine(GATE, owner="key frame gate")

    @property
    def state(self) -> GateState:
        """OPEN, or why units are refused."""
        return self._life.state

    def enter(self, *, sequence: int, is_key: bool, after_loss: bool) -> GateState:
        """Returns OPEN if the unit can be decoded, else the reason why a key frame is needed."""
        gap = self._next is not None and sequence != self._next
        self._next = (sequence + 1) % _WRAP
        # A key frame refers to nothing before it, so it opens the gate also after a loss.
        if is_key:
            return self._life.apply(GateEvent.KEY)
        if gap or after_loss:
            self._life.apply_if_accepted(GateEvent.LOSE)
        return self._life.state

    def broke(self) -> None:
        """Notes that the decoder failed on a unit that was let in."""
        self._life.apply(GateEvent.BREAK)

    def reset(self) -> None:
        """Notes that units were not shown to the decoder; it goes on only at a key frame."""
        self._life.apply(GateEvent.SKIP)
