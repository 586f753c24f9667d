"""The transition table of HTTP connections, and the time limits of its states."""

from __future__ import annotations

import pytest

from app.http.edge.connection_state import CONNECTION, ConnectionEvent, ConnectionState
from app.http.edge.protocol import LIMITS_S
from wire.state_machine import IllegalTransition, StateMachine


def after(*events: ConnectionEvent) -> ConnectionState:
    """The state of a connection that these events came to."""
    life = StateMachine(CONNECTION, owner="connection")
    for event in events:
        life.apply(event)
    return life.state


def test_every_state_is_reached_and_only_the_last_one_is_final() -> None:
    assert CONNECTION.unreachable() == set()
    assert CONNECTION.final() == {ConnectionState.CLOSED}


@pytest.mark.parametrize("state", [each for each in ConnectionState if each.name != "CLOSED"])
def test_a_socket_may_be_lost_in_any_state(state: ConnectionState) -> None:
    assert CONNECTION.moves[state][ConnectionEvent.LOSE] is ConnectionState.CLOSED


def test_a_connection_serves_one_request_after_the_other() -> None:
    one = (ConnectionEvent.REQUEST, ConnectionEvent.REST)
    assert after(*one) is ConnectionState.IDLE
    assert after(*one, *one) is ConnectionState.IDLE
    assert after(*one, ConnectionEvent.BEGIN) is ConnectionState.HEAD
    assert after(*one, ConnectionEvent.BEGIN, *one) is ConnectionState.IDLE


def test_pipelined_requests_follow_each_other_without_a_rest() -> None:
    assert after(*[ConnectionEvent.REQUEST] * 3) is ConnectionState.ANSWER


@pytest.mark.parametrize(
    "events",
    [
        (ConnectionEvent.REST,),
        (ConnectionEvent.REQUEST, ConnectionEvent.BEGIN),
        (ConnectionEvent.REQUEST, ConnectionEvent.REST, ConnectionEvent.REST),
        (ConnectionEvent.CLOSE, ConnectionEvent.REQUEST),
        (ConnectionEvent.CLOSE, ConnectionEvent.CLOSE),
        (ConnectionEvent.LOSE, ConnectionEvent.LOSE),
    ],
)
def test_what_cannot_follow_is_refused(events: tuple[ConnectionEvent, ...]) -> None:
    after(*events[:-1])
    with pytest.raises(IllegalTransition, match=events[-1].name):
        after(*events)


def test_a_time_limit_runs_wherever_the_client_is_waited_for() -> None:
    untimed = set(ConnectionState) - set(LIMITS_S)
    # Between requests it is uvicorn's timer that runs.
    assert untimed == {ConnectionState.IDLE, ConnectionState.CLOSED}
    assert all(limit > 0 for limit in LIMITS_S.values())
