"""The states of a publication, and what moves it from one to another.

::

    CONNECTING --key--> LIVE --lost, replaced--> AWAY --key--> LIVE
    CONNECTING, LIVE, AWAY --end--> ENDED; CONNECTING --lost--> ENDED
"""

from __future__ import annotations

import enum


class State(enum.Enum):
    """As the stream's record says it."""

    CONNECTING = "connecting"
    "Accepted; no key frame came yet."
    LIVE = "live"
    AWAY = "away"
    "It was live, its connection is gone, and its viewers wait for the next one."
    ENDED = "ended"


class Event(enum.Enum):
    """What happens to a publication."""

    KEY = "key"
    "A video key frame came."
    LOST = "lost"
    "The connection is gone."
    REPLACED = "replaced"
    "Another connection takes the place of the one there was."
    END = "end"
    "The publisher, an operator or time ended it."


_TABLE = {
    (State.CONNECTING, Event.KEY): State.LIVE,
    (State.CONNECTING, Event.LOST): State.ENDED,
    (State.CONNECTING, Event.REPLACED): State.CONNECTING,
    (State.CONNECTING, Event.END): State.ENDED,
    (State.LIVE, Event.KEY): State.LIVE,
    (State.LIVE, Event.LOST): State.AWAY,
    (State.LIVE, Event.REPLACED): State.AWAY,
    (State.LIVE, Event.END): State.ENDED,
    (State.AWAY, Event.KEY): State.LIVE,
    (State.AWAY, Event.LOST): State.AWAY,
    (State.AWAY, Event.REPLACED): State.AWAY,
    (State.AWAY, Event.END): State.ENDED,
    (State.ENDED, Event.KEY): State.ENDED,
    (State.ENDED, Event.LOST): State.ENDED,
    (State.ENDED, Event.END): State.ENDED,
}


def after(state: State, event: Event) -> State:
    """The next state. Raises RuntimeError for what the table lacks: a fault of ours."""
    try:
        return _TABLE[state, event]
    except KeyError:
        raise RuntimeError(f"{event} is not expected in {state}") from None
