"""The states of a recording."""

from __future__ import annotations

import pytest

from app.recording.recording_state import RECORDING, RecordingEvent, RecordingState
from wire.state_machine import IllegalTransition, StateMachine


def test_a_recording_begins_is_held_goes_on_and_ends() -> None:
    life = StateMachine(RECORDING, owner="recording of cam1")
    seen = [life.state]
    for event in (
        RecordingEvent.BEGUN,
        RecordingEvent.REFUSED,
        RecordingEvent.RELIEVED,
        RecordingEvent.BEGUN,
        RecordingEvent.END,
        RecordingEvent.END,
    ):
        seen.append(life.apply(event))
    assert seen == [
        RecordingState.WAITING,
        RecordingState.RECORDING,
        RecordingState.HELD,
        RecordingState.WAITING,
        RecordingState.RECORDING,
        RecordingState.ENDED,
        RecordingState.ENDED,
    ]


def test_every_state_is_reached_and_only_the_end_is_final() -> None:
    assert RECORDING.unreachable() == set()
    assert RECORDING.final() == {RecordingState.ENDED}


@pytest.mark.parametrize(
    "event", [RecordingEvent.BEGUN, RecordingEvent.REFUSED, RecordingEvent.RELIEVED]
)
def test_what_has_ended_does_not_begin_again(event: RecordingEvent) -> None:
    life = StateMachine(RECORDING, owner="recording of cam1")
    life.apply(RecordingEvent.END)
    with pytest.raises(IllegalTransition, match="recording of cam1"):
        life.apply(event)


def test_a_recording_that_is_held_writes_nothing() -> None:
    assert not RECORDING.accepts(RecordingState.HELD, RecordingEvent.BEGUN)
