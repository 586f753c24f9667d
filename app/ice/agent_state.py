"""States of an ICE-lite agent: from the answer until nothing is sent to the peer any more."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class AgentState(enum.Enum):
    """State of the ICE side of one peer."""

    WAITING = "waiting"
    "No authentic check came yet."
    CHECKED = "checked"
    "An authentic check came; the peer has nominated no pair."
    SELECTED = "selected"
    "The peer nominated a pair, which carries the media once it has answered."
    EXPIRED = "expired"
    "No sign of consent came for 30 s: nothing is sent. A viewer's are its answers alone."
    CLOSED = "closed"


class AgentEvent(enum.Enum):
    """An event in the life of an agent."""

    CHECK = "check"
    "An authentic check without a nomination came."
    NOMINATE = "nominate"
    "An authentic check with USE-CANDIDATE came."
    LOSE = "lose"
    "The path of the selected pair is gone, such as a TCP connection that closed."
    EXPIRE = "expire"
    "The last sign of consent is 30 s old (RFC 7675 section 5.1)."
    RESUME = "resume"
    "Authentic media of a publisher came again."
    CLOSE = "close"


# A restart of ICE changes no state: the old pair is used until one of the new credentials is
# nominated.
AGENT = TransitionTable(
    "ICE agents",
    AgentState.WAITING,
    {
        AgentState.WAITING: {
            AgentEvent.CHECK: AgentState.CHECKED,
            AgentEvent.NOMINATE: AgentState.SELECTED,
            AgentEvent.CLOSE: AgentState.CLOSED,
        },
        AgentState.CHECKED: {
            AgentEvent.CHECK: AgentState.CHECKED,
            AgentEvent.NOMINATE: AgentState.SELECTED,
            AgentEvent.EXPIRE: AgentState.EXPIRED,
            AgentEvent.CLOSE: AgentState.CLOSED,
        },
        AgentState.SELECTED: {
            AgentEvent.CHECK: AgentState.SELECTED,
            AgentEvent.NOMINATE: AgentState.SELECTED,
            AgentEvent.LOSE: AgentState.CHECKED,
            AgentEvent.EXPIRE: AgentState.EXPIRED,
            AgentEvent.CLOSE: AgentState.CLOSED,
        },
        AgentState.EXPIRED: {
            AgentEvent.CHECK: AgentState.CHECKED,
            AgentEvent.NOMINATE: AgentState.SELECTED,
            AgentEvent.RESUME: AgentState.CHECKED,
            AgentEvent.CLOSE: AgentState.CLOSED,
        },
        AgentState.CLOSED: {AgentEvent.CLOSE: AgentState.CLOSED},
    },
)
