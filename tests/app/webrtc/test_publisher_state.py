"""The states of a publisher's connection: ``publisher_state.py``."""

from __future__ import annotations

import pytest

from app.webrtc.publisher_state import PUBLISHER, PublisherEvent, PublisherState
from wire.state_machine import IllegalTransition, StateMachine


def test_a_silent_publisher_may_resume_and_one_that_ended_may_not() -> None:
    publisher = StateMachine(PUBLISHER, owner="publisher")
    for _ in range(2):
        assert publisher.apply(PublisherEvent.FALL_SILENT) is PublisherState.SILENT
        assert not publisher.accepts(PublisherEvent.FALL_SILENT)
        assert publisher.apply(PublisherEvent.RESUME) is PublisherState.OPEN
    publisher.apply(PublisherEvent.END)
    assert not any(publisher.accepts(event) for event in PublisherEvent)


@pytest.mark.parametrize("state", [PublisherState.OPEN, PublisherState.SILENT])
def test_a_publisher_may_end_while_it_speaks_and_while_it_is_silent(state: PublisherState) -> None:
    ended = PUBLISHER.after(state, PublisherEvent.END, owner="publisher")
    assert ended is PublisherState.ENDED


def test_who_is_not_silent_cannot_resume() -> None:
    with pytest.raises(IllegalTransition, match="RESUME is not expected in state OPEN"):
        StateMachine(PUBLISHER, owner="publisher").apply(PublisherEvent.RESUME)


def test_every_state_can_be_reached_and_only_the_last_is_final() -> None:
    assert (PUBLISHER.unreachable(), PUBLISHER.final()) == (set(), {PublisherState.ENDED})
