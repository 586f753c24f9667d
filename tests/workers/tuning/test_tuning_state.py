"""``workers.tuning.tuning_state``: the table."""

from __future__ import annotations

import pytest

from wire.state_machine import IllegalTransition, StateMachine
from workers.tuning.tuning_state import TUNING, TuningEvent, TuningState


def machine() -> StateMachine[TuningState, TuningEvent]:
    return StateMachine(TUNING, owner="cam1")


def test_every_state_can_be_reached_and_left() -> None:
    assert TUNING.unreachable() == set()
    assert all(TUNING.moves[state] for state in TuningState)


@pytest.mark.parametrize("state", list(TuningState))
def test_a_cut_begins_anew_in_each_state(state: TuningState) -> None:
    assert TUNING.after(state, TuningEvent.CUT, owner="cam1") is TuningState.COLLECTING


def test_a_net_that_is_kept_is_judged_again_and_again() -> None:
    life = machine()
    for event in (TuningEvent.ASK, TuningEvent.KEEP, TuningEvent.ASK, TuningEvent.KEEP):
        life.apply(event)
    assert life.state is TuningState.USED


def test_nothing_is_kept_that_was_not_asked_for() -> None:
    with pytest.raises(IllegalTransition):
        machine().apply(TuningEvent.KEEP)


def test_names_are_those_of_the_api() -> None:
    assert [state.value for state in TuningState] == [
        "collecting",
        "training",
        "used",
        "judged",
        "resting",
    ]
