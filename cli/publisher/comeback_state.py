"""States of a publisher that comes back: from its first try to a session that stands again."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class ComebackState(enum.Enum):
    """State of a publisher's session with its server."""

    FIRST = "first"
    "No session stood yet; every failure is final."
    LIVE = "live"
    UNSURE = "unsure"
    "The session stands, and the server did not answer a question meanwhile."
    BROKEN = "broken"
    "The session ended while the server answered, which may say goodbye or have ended it."
    LOST = "lost"
    "The session ended and the server was away: it is gone to again."


class ComebackEvent(enum.Enum):
    """An event in the life of a publisher's session."""

    BEGIN = "begin"
    "A session stands."
    NO_ANSWER = "no answer"
    "The server does not answer."
    BREAK = "break"
    "The session ended."
    RETURN = "return"
    "A server answers to which another session makes sense."


COMEBACK = TransitionTable(
    "Sessions of `sharpcast publish`",
    ComebackState.FIRST,
    {
        ComebackState.FIRST: {ComebackEvent.BEGIN: ComebackState.LIVE},
        ComebackState.LIVE: {
            ComebackEvent.NO_ANSWER: ComebackState.UNSURE,
            ComebackEvent.BREAK: ComebackState.BROKEN,
        },
        ComebackState.UNSURE: {
            ComebackEvent.BEGIN: ComebackState.LIVE,
            ComebackEvent.NO_ANSWER: ComebackState.UNSURE,
            ComebackEvent.BREAK: ComebackState.LOST,
        },
        ComebackState.BROKEN: {
            ComebackEvent.BEGIN: ComebackState.LIVE,
            ComebackEvent.NO_ANSWER: ComebackState.LOST,
            ComebackEvent.RETURN: ComebackState.LOST,
        },
        # What fails from now on is a server that is not ready, or still holds the old session.
        ComebackState.LOST: {
            ComebackEvent.BEGIN: ComebackState.LIVE,
            ComebackEvent.NO_ANSWER: ComebackState.LOST,
            ComebackEvent.RETURN: ComebackState.LOST,
        },
    },
)
