"""States of an HTTP connection: which of its time limits runs."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class ConnectionState(enum.Enum):
    """State of one HTTP connection, by what the server waits for."""

    HEAD = "head"
    "The rest of a request's head is awaited."
    ANSWER = "answer"
    "A route works on a request; its body may still come."
    IDLE = "idle"
    "The last answer is written and the next request may come."
    CLOSING = "closing"
    "The server closed; its answer may still wait for the client, and bytes may still come."
    CLOSED = "closed"


class ConnectionEvent(enum.Enum):
    """An event in the life of an HTTP connection."""

    BEGIN = "begin"
    "The first bytes of a request came."
    REQUEST = "request"
    "The head of a request is complete."
    REST = "rest"
    "The answer is written, and no other request waits behind it."
    CLOSE = "close"
    "The server closed the connection."
    LOSE = "lose"
    "The socket is gone."


CONNECTION = TransitionTable(
    "HTTP connections",
    ConnectionState.HEAD,
    {
        ConnectionState.HEAD: {
            # An address that is delayed gets the time for a head once more.
            ConnectionEvent.BEGIN: ConnectionState.HEAD,
            ConnectionEvent.REQUEST: ConnectionState.ANSWER,
            ConnectionEvent.CLOSE: ConnectionState.CLOSING,
            ConnectionEvent.LOSE: ConnectionState.CLOSED,
        },
        ConnectionState.ANSWER: {
            # A pipelined request is taken up as soon as the answer before it is written.
            ConnectionEvent.REQUEST: ConnectionState.ANSWER,
            ConnectionEvent.REST: ConnectionState.IDLE,
            ConnectionEvent.CLOSE: ConnectionState.CLOSING,
            ConnectionEvent.LOSE: ConnectionState.CLOSED,
        },
        ConnectionState.IDLE: {
            ConnectionEvent.BEGIN: ConnectionState.HEAD,
            # Most heads come in one packet.
            ConnectionEvent.REQUEST: ConnectionState.ANSWER,
            ConnectionEvent.CLOSE: ConnectionState.CLOSING,
            ConnectionEvent.LOSE: ConnectionState.CLOSED,
        },
        ConnectionState.CLOSING: {ConnectionEvent.LOSE: ConnectionState.CLOSED},
    },
)
