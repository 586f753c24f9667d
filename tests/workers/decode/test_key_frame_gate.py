from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.state_machine import IllegalTransition
from workers.decode.key_frame_gate import GATE, GateEvent, GateState, KeyFrameGate


def enter(gate: KeyFrameGate, sequence: int, *, key: bool = False, loss: bool = False) -> GateState:
    return gate.enter(sequence=sequence, is_key=key, after_loss=loss)


def test_nothing_enters_before_the_first_key_frame() -> None:
    gate = KeyFrameGate()
    assert enter(gate, 5) is GateState.NO_KEY_FRAME
    assert enter(gate, 6, key=True) is GateState.OPEN
    assert enter(gate, 7) is GateState.OPEN


def test_a_gap_or_a_noted_loss_shuts_it_until_a_key_frame() -> None:
    gate = KeyFrameGate()
    enter(gate, 0, key=True)
    assert enter(gate, 2) is GateState.LOST
    assert enter(gate, 3) is GateState.LOST
    assert enter(gate, 4, key=True) is GateState.OPEN
    assert enter(gate, 5, loss=True) is GateState.LOST
    assert enter(gate, 9, key=True, loss=True) is GateState.OPEN


def test_sequence_numbers_wrap_without_a_gap() -> None:
    gate = KeyFrameGate()
    enter(gate, 2**32 - 1, key=True)
    assert enter(gate, 0) is GateState.OPEN


def test_a_broken_unit_and_copied_units_shut_it() -> None:
    gate = KeyFrameGate()
    enter(gate, 0, key=True)
    gate.broke()
    assert enter(gate, 1) is GateState.BROKEN
    enter(gate, 2, key=True)
    gate.reset()
    assert enter(gate, 3) is GateState.NO_KEY_FRAME


def test_the_first_reason_stays_until_a_key_frame() -> None:
    gate = KeyFrameGate()
    assert enter(gate, 0, loss=True) is GateState.NO_KEY_FRAME
    enter(gate, 1, key=True)
    gate.broke()
    assert enter(gate, 9, loss=True) is GateState.BROKEN
    gate.reset()
    gate.reset()
    assert gate.state is GateState.NO_KEY_FRAME


@pytest.mark.parametrize("opened", [(), (3,)])
def test_a_decoder_cannot_fail_on_what_was_kept_from_it(opened: tuple[int, ...]) -> None:
    gate = KeyFrameGate()
    for sequence in opened:
        enter(gate, sequence, key=True)
        enter(gate, sequence + 2)
    with pytest.raises(IllegalTransition, match="BREAK is not expected"):
        gate.broke()


def test_it_can_always_open_again() -> None:
    assert GATE.unreachable() == GATE.final() == set()
    assert all(GATE.after(state, GateEvent.KEY, owner="") is GateState.OPEN for state in GateState)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=40))
def test_what_is_let_in_follows_a_key_frame_without_a_gap(
    units: list[tuple[int, bool, bool]],
) -> None:
    gate = KeyFrameGate()
    sequence, whole = 2**32 - 4, False
    for missing, is_key, loss in units:
        sequence = (sequence + missing) % 2**32
        whole = is_key or (whole and not missing and not loss)
        found = enter(gate, sequence, key=is_key, loss=loss)
        assert (found is GateState.OPEN) is whole
        sequence = (sequence + 1) % 2**32
