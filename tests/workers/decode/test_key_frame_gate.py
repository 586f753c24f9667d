from __future__ import annotations

from workers.decode.key_frame_gate import GateState, KeyFrameGate


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
