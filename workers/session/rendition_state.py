"""States of an enhanced rendition: from its job until its end."""

from __future__ import annotations

import enum

from wire.state_machine import StateMachine, TransitionTable


class RenditionState(enum.Enum):
    """State of an enhanced rendition; the value stands in its lead's heartbeat and in the API."""

    WAITING = "waiting"
    "Its job waits for a worker."
    STARTING = "starting"
    "A lead has it, and makes its net ready."
    ENHANCING = "enhancing"
    "Its pictures are made."
    IDLE = "idle"
    "Nobody watches it, so nothing is made."
    BYPASS = "bypass"
    "The source is copied, since it cannot be enhanced here."
    OFF = "off"
    "The source is copied, since the operator switched enhancement off."
    ENDED = "ended"
    "The rendition was removed, or its stream ended."


class RenditionEvent(enum.Enum):
    """An event in the life of an enhanced rendition."""

    TAKE = "take"
    "A worker took the lead."
    PREPARE = "prepare"
    "It is to be enhanced by a net that is not ready."
    ENHANCE = "enhance"
    "Its net is ready, and somebody watches."
    SLEEP = "sleep"
    "Nobody watches it."
    REFUSE = "refuse"
    "It does not fit, or must not be decoded."
    SWITCH_OFF = "switch off"
    "The operator switched enhancement off."
    LOSE = "lose"
    "Its lead let go of it, failed or died."
    END = "end"
    "It was removed, or its stream ended."


_LED = {
    RenditionEvent.PREPARE: RenditionState.STARTING,
    RenditionEvent.ENHANCE: RenditionState.ENHANCING,
    RenditionEvent.SLEEP: RenditionState.IDLE,
    RenditionEvent.REFUSE: RenditionState.BYPASS,
    RenditionEvent.SWITCH_OFF: RenditionState.OFF,
    RenditionEvent.LOSE: RenditionState.WAITING,
    RenditionEvent.END: RenditionState.ENDED,
}
"""Moves of a rendition that is led, in any state: an operator, a viewer or a measurement acts."""

# A worker has this machine of a rendition only while it leads it. Between two leads the app says
# WAITING, as the record then names no lead.
RENDITION = TransitionTable(
    "Enhanced renditions",
    RenditionState.WAITING,
    {
        RenditionState.WAITING: {
            RenditionEvent.TAKE: RenditionState.STARTING,
            RenditionEvent.END: RenditionState.ENDED,
        },
        RenditionState.STARTING: _LED,
        RenditionState.ENHANCING: _LED,
        RenditionState.IDLE: _LED,
        RenditionState.BYPASS: _LED,
        RenditionState.OFF: _LED,
    },
)


def rendition_life(stream: str, name: str) -> StateMachine[RenditionState, RenditionEvent]:
    """Returns the state of a rendition that waits for a lead."""
    return StateMachine(RENDITION, owner=f"rendition {name} of stream {stream}")
