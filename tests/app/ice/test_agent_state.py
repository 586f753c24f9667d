"""The life of an ICE-lite agent: ``agent_state.py``."""

from __future__ import annotations

import pytest

from app.ice.agent_state import AGENT, AgentEvent, AgentState
from wire.state_machine import IllegalTransition


def after(*events: AgentEvent) -> AgentState:
    """The state that these events lead to."""
    state = AGENT.initial
    for event in events:
        state = AGENT.after(state, event, owner="test")
    return state


def test_the_peer_checks_and_nominates() -> None:
    assert after() is AgentState.WAITING
    assert after(AgentEvent.CHECK) is AgentState.CHECKED
    assert after(AgentEvent.CHECK, AgentEvent.NOMINATE) is AgentState.SELECTED
    assert after(AgentEvent.NOMINATE, AgentEvent.CHECK) is AgentState.SELECTED


def test_a_path_that_is_lost_needs_another_nomination() -> None:
    assert after(AgentEvent.NOMINATE, AgentEvent.LOSE) is AgentState.CHECKED


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (AgentEvent.CHECK, AgentState.CHECKED),
        (AgentEvent.NOMINATE, AgentState.SELECTED),
        (AgentEvent.RESUME, AgentState.CHECKED),
    ],
)
def test_consent_may_come_back(event: AgentEvent, state: AgentState) -> None:
    assert after(AgentEvent.NOMINATE, AgentEvent.EXPIRE, event) is state


def test_before_the_first_check_there_is_nothing_to_expire() -> None:
    with pytest.raises(IllegalTransition):
        after(AgentEvent.EXPIRE)


def test_nothing_follows_the_end() -> None:
    assert AGENT.final() == {AgentState.CLOSED}
    for state in AgentState:
        assert AGENT.after(state, AgentEvent.CLOSE, owner="test") is AgentState.CLOSED
    for event in AgentEvent:
        if event is not AgentEvent.CLOSE:
            assert not AGENT.accepts(AgentState.CLOSED, event)
