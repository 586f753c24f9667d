"""States of an ingest session: from the accepted offer to the end of the publisher's stream.

::

    CONNECTING --key--> LIVE --lost, replaced--> AWAY --key--> LIVE
    CONNECTING, LIVE, AWAY --end--> ENDED; CONNECTING --lost--> ENDED
"""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class State(enum.Enum):
    """State of an ingest session; the value stands in the stream's record."""

    CONNECTING = "connecting"
    "The offer is accepted; no key frame came yet."
    LIVE = "live"
    "Pictures come."
    AWAY = "away"
    "The stream was live and its connection is gone; viewers wait for the next connection."
    ENDED = "ended"
    "The record and the logs are removed."


class Event(enum.Enum):
    """An event in the life of an ingest session."""

    KEY = "key"
    "A video key frame came."
    LOST = "lost"
    "The connection is gone."
    REPLACED = "replaced"
    "Another connection of the publisher takes the place of this one."
    END = "end"
    "The publisher, an operator or time ended it."


INGEST = TransitionTable(
    "Ingest sessions (publishers)",
    State.CONNECTING,
    {
        State.CONNECTING: {
            Event.KEY: State.LIVE,
            Event.LOST: State.ENDED,
            Event.REPLACED: State.CONNECTING,
            Event.END: State.ENDED,
        },
        State.LIVE: {
            Event.KEY: State.LIVE,
            Event.LOST: State.AWAY,
            Event.REPLACED: State.AWAY,
            Event.END: State.ENDED,
        },
        State.AWAY: {
            Event.KEY: State.LIVE,
            Event.LOST: State.AWAY,
            Event.REPLACED: State.AWAY,
            Event.END: State.ENDED,
        },
        # A connection may deliver and fail while the session ends; only a new one must not come.
        State.ENDED: {
            Event.KEY: State.ENDED,
            Event.LOST: State.ENDED,
            Event.END: State.ENDED,
        },
    },
)
