"""The transition table of publishers that come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.publisher.reconnect_state import RECONNECT, ReconnectEvent, ReconnectState
from wire.state_machine import IllegalTransition, StateMachine

BEGIN, NO_ANSWER = ReconnectEvent.BEGIN, ReconnectEvent.NO_ANSWER
BREAK, RETURN = ReconnectEvent.BREAK, ReconnectEvent.RETURN
LOSE_SOURCE = ReconnectEvent.LOSE_SOURCE


def after(*events: ReconnectEvent) -> ReconnectState:
    """The state of a publisher that these events came to."""
    life = StateMachine(RECONNECT, owner="publisher")
    for event in events:
        life.apply(event)
    return life.state


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), ReconnectState.FIRST),
        ((BEGIN,), ReconnectState.LIVE),
        ((BEGIN, NO_ANSWER), ReconnectState.UNSURE),
        ((BEGIN, NO_ANSWER, BEGIN), ReconnectState.LIVE),
        # The server answered until the end, and may have ended it on purpose.
        ((BEGIN, BREAK), ReconnectState.BROKEN),
        # It did not: the session was lost with it.
        ((BEGIN, NO_ANSWER, BREAK), ReconnectState.LOST),
        ((BEGIN, BREAK, NO_ANSWER), ReconnectState.LOST),
        ((BEGIN, BREAK, RETURN), ReconnectState.LOST),
        ((BEGIN, BREAK, RETURN, RETURN, BEGIN), ReconnectState.LIVE),
        # Without its source it is not ended, but gone to again.
        ((BEGIN, LOSE_SOURCE), ReconnectState.LOST),
        ((BEGIN, NO_ANSWER, LOSE_SOURCE, BEGIN), ReconnectState.LIVE),
    ],
)
def test_a_session_goes_this_way(events: tuple[ReconnectEvent, ...], state: ReconnectState) -> None:
    assert after(*events) is state


@pytest.mark.parametrize("event", [NO_ANSWER, BREAK, RETURN])
def test_before_the_first_session_only_a_session_means_something(event: ReconnectEvent) -> None:
    with pytest.raises(IllegalTransition, match=f"{event.name} is not expected in state FIRST"):
        after(event)


def test_a_session_that_stands_cannot_return_or_begin_twice() -> None:
    for event in (BEGIN, RETURN):
        with pytest.raises(IllegalTransition):
            after(BEGIN, event)
    with pytest.raises(IllegalTransition):
        after(BEGIN, BREAK, BREAK)


@given(st.lists(st.sampled_from(ReconnectEvent), max_size=30))
def test_no_way_leads_back_to_the_first_try(events: list[ReconnectEvent]) -> None:
    life = StateMachine(RECONNECT, owner="publisher")
    for event in events:
        was_live = life.state is not ReconnectState.FIRST
        if life.apply_if_accepted(event):
            assert life.state is not ReconnectState.FIRST
        elif was_live:
            # Whatever happened, a session that begins is taken up, or stands already.
            assert life.accepts(BEGIN) or life.state is ReconnectState.LIVE


def test_publishing_never_ends_by_itself() -> None:
    assert RECONNECT.final() == set()
    assert RECONNECT.unreachable() == set()
    for state in set(ReconnectState) - {ReconnectState.FIRST, ReconnectState.LIVE}:
        assert RECONNECT.moves[state][BEGIN] is ReconnectState.LIVE
