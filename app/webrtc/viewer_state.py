"""States of a viewer's connection: from the offer until nothing is sent any more."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class ViewerState(enum.Enum):
    """State of one viewer's connection."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    "ICE and DTLS are done; the senders start."
    SENDING = "sending"
    "All senders run."
    ENDED = "ended"


class ViewerEvent(enum.Enum):
    """An event in the life of a viewer's connection."""

    CONNECT = "connect"
    RUN = "run"
    "The last sender started."
    END = "end"
    "The connection failed, the time to connect is over, or the owner closes it."


VIEWER = TransitionTable(
    "Viewers' connections",
    ViewerState.CONNECTING,
    {
        ViewerState.CONNECTING: {
            ViewerEvent.CONNECT: ViewerState.CONNECTED,
            ViewerEvent.END: ViewerState.ENDED,
        },
        ViewerState.CONNECTED: {
            ViewerEvent.RUN: ViewerState.SENDING,
            ViewerEvent.END: ViewerState.ENDED,
        },
        ViewerState.SENDING: {ViewerEvent.END: ViewerState.ENDED},
    },
)
