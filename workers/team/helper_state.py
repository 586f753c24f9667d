"""States of a worker's help for one rendition: from the lead's invitation until it ends."""

from __future__ import annotations

import enum

from wire.state_machine import StateMachine, TransitionTable


class HelperState(enum.Enum):
    """State of a worker's help for one lead; the value stands in its heartbeat and in the API."""

    PREPARING = "preparing"
    "It follows the source, and makes the net ready."
    READY = "ready"
    "It takes tasks."
    ENDED = "ended"
    "It has left the team."


class HelperEvent(enum.Enum):
    """An event in the life of a worker's help for one lead."""

    PREPARE = "prepare"
    "Pictures come and the net is ready."
    DISMISS = "dismiss"
    "The lead needs no help any more."
    LAPSE = "lapse"
    "The lead has not repeated its invitation."
    FAIL = "fail"
    "The net cannot be had, or the source cannot be decoded here."
    STOP = "stop"
    "The worker stops, or takes another invitation of the same lead."


_ENDS = {
    HelperEvent.DISMISS: HelperState.ENDED,
    HelperEvent.LAPSE: HelperState.ENDED,
    HelperEvent.FAIL: HelperState.ENDED,
    HelperEvent.STOP: HelperState.ENDED,
}

HELPER = TransitionTable(
    "Helpers of a lead",
    HelperState.PREPARING,
    {
        HelperState.PREPARING: {HelperEvent.PREPARE: HelperState.READY, **_ENDS},
        HelperState.READY: _ENDS,
    },
)

HelperLife = StateMachine[HelperState, HelperEvent]


def helper_life(stream: str, rendition: str, lead: str) -> HelperLife:
    """Returns the state of a worker that was just invited."""
    return StateMachine(HELPER, owner=f"helper of {lead} for {rendition} of {stream}")
