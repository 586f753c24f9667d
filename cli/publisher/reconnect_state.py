"""States of a publisher that comes back: from its first try to a session that stands again."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class ReconnectState(enum.Enum):
    """State of a publisher's session with its server."""

    FIRST = "first"
    "No session stood yet; every failure is final."
    LIVE = "live"
    UNSURE = "unsure"
    "The session stands, and the server did not answer a question meanwhile."
    BROKEN = "broken"
    "The session ended while the server answered, which may say goodbye or have ended it."
    LOST = "lost"
    "The session ended and the server or the source was away: it is gone to again."


class ReconnectEvent(enum.Enum):
    """An event in the life of a publisher's session."""

    BEGIN = "begin"
    "A session stands."
    NO_ANSWER = "no answer"
    "The server does not answer."
    BREAK = "break"
    "The session ended."
    LOSE_SOURCE = "lose source"
    "The camera or encoder is away, and the session was left."
    RETURN = "return"
    "A server answers to which another session makes sense."


RECONNECT = TransitionTable(
    "Sessions of `sharpcast publish`",
    ReconnectState.FIRST,
    {
        ReconnectState.FIRST: {ReconnectEvent.BEGIN: ReconnectState.LIVE},
        ReconnectState.LIVE: {
            ReconnectEvent.NO_ANSWER: ReconnectState.UNSURE,
            ReconnectEvent.BREAK: ReconnectState.BROKEN,
            ReconnectEvent.LOSE_SOURCE: ReconnectState.LOST,
        },
        ReconnectState.UNSURE: {
            ReconnectEvent.BEGIN: ReconnectState.LIVE,
            ReconnectEvent.NO_ANSWER: ReconnectState.UNSURE,
            ReconnectEvent.BREAK: ReconnectState.LOST,
            ReconnectEvent.LOSE_SOURCE: ReconnectState.LOST,
        },
        ReconnectState.BROKEN: {
            ReconnectEvent.BEGIN: ReconnectState.LIVE,
            ReconnectEvent.NO_ANSWER: ReconnectState.LOST,
            ReconnectEvent.RETURN: ReconnectState.LOST,
        },
        # What fails from now on is a server that is not ready, or still holds the old session.
        ReconnectState.LOST: {
            ReconnectEvent.BEGIN: ReconnectState.LIVE,
            ReconnectEvent.NO_ANSWER: ReconnectState.LOST,
            ReconnectEvent.RETURN: ReconnectState.LOST,
        },
    },
)
