"""States of a peer connection: from the offer to the closed sockets."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class PeerState(enum.Enum):
    """State of one peer connection."""

    NEW = "new"
    "The offer is being answered."
    CONNECTING = "connecting"
    "The answer is written; ICE and DTLS run."
    CONNECTED = "connected"
    "Media can flow."
    FAILED = "failed"
    "ICE or DTLS failed, or the peer sent no authentic check in time; it waits to be closed."
    CLOSED = "closed"


class PeerEvent(enum.Enum):
    """An event in the life of a peer connection."""

    ANSWER = "answer"
    "The answer is written."
    CONNECT = "connect"
    "ICE and DTLS are done."
    FAIL = "fail"
    "ICE or DTLS failed, or the first check is overdue."
    CLOSE = "close"
    "The other side or the owner closes it."


PEER = TransitionTable(
    "Peer connections",
    PeerState.NEW,
    {
        PeerState.NEW: {
            PeerEvent.ANSWER: PeerState.CONNECTING,
            PeerEvent.FAIL: PeerState.FAILED,
            PeerEvent.CLOSE: PeerState.CLOSED,
        },
        PeerState.CONNECTING: {
            PeerEvent.CONNECT: PeerState.CONNECTED,
            PeerEvent.FAIL: PeerState.FAILED,
            PeerEvent.CLOSE: PeerState.CLOSED,
        },
        PeerState.CONNECTED: {
            PeerEvent.FAIL: PeerState.FAILED,
            PeerEvent.CLOSE: PeerState.CLOSED,
        },
        PeerState.FAILED: {PeerEvent.CLOSE: PeerState.CLOSED},
        # The owner may close what the other side closed a moment ago.
        PeerState.CLOSED: {PeerEvent.CLOSE: PeerState.CLOSED},
    },
)
