"""The states of an ingest session."""

from __future__ import annotations

import itertools

import pytest

from app.streams.ingest_state import INGEST, Event, State
from wire.state_machine import IllegalTransition


def after(state: State, event: Event) -> State:
    return INGEST.after(state, event, owner="stream cam1")


def test_a_stream_that_was_live_waits_for_its_publisher() -> None:
    state = State.CONNECTING
    for event, expected in [
        (Event.KEY, State.LIVE),
        (Event.LOST, State.AWAY),
        (Event.REPLACED, State.AWAY),
        (Event.KEY, State.LIVE),
        (Event.REPLACED, State.AWAY),
        (Event.LOST, State.AWAY),
        (Event.END, State.ENDED),
    ]:
        state = after(state, event)
        assert state is expected


def test_what_never_was_live_has_nobody_to_wait() -> None:
    assert after(State.CONNECTING, Event.LOST) is State.ENDED


def test_nothing_brings_back_what_ended() -> None:
    for event in (Event.KEY, Event.LOST, Event.END):
        assert after(State.ENDED, event) is State.ENDED
    with pytest.raises(IllegalTransition, match="cam1: REPLACED is not expected in state ENDED"):
        after(State.ENDED, Event.REPLACED)


def test_every_other_event_means_something_everywhere() -> None:
    for state, event in itertools.product(State, Event):
        if (state, event) != (State.ENDED, Event.REPLACED):
            assert after(state, event) in State


def test_only_the_end_is_final() -> None:
    assert INGEST.final() == {State.ENDED}
    assert INGEST.unreachable() == set()
