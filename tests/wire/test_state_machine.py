"""The state machine that everything with a life uses."""

from __future__ import annotations

import enum

import pytest

from wire.state_machine import IllegalTransition, StateMachine, TransitionTable


class Door(enum.Enum):
    OPEN = "open"
    CLOSED = "closed"
    LOCKED = "locked"
    GONE = "gone"


class Push(enum.Enum):
    CLOSE = "close"
    OPEN = "open"
    LOCK = "lock"
    BURN = "burn"


DOORS = TransitionTable(
    "Doors",
    Door.CLOSED,
    {
        Door.CLOSED: {Push.OPEN: Door.OPEN, Push.LOCK: Door.LOCKED, Push.BURN: Door.GONE},
        Door.OPEN: {Push.CLOSE: Door.CLOSED, Push.OPEN: Door.OPEN, Push.BURN: Door.GONE},
        Door.LOCKED: {Push.BURN: Door.GONE},
        Door.GONE: {Push.BURN: Door.GONE},
    },
)


def test_events_move_it_as_the_table_says() -> None:
    door = StateMachine(DOORS, owner="door 7")
    assert door.state is Door.CLOSED
    assert door.apply(Push.OPEN) is Door.OPEN
    assert door.apply(Push.OPEN) is Door.OPEN
    assert door.apply(Push.CLOSE) is Door.CLOSED
    assert door.apply(Push.LOCK) is Door.LOCKED
    assert door.state is Door.LOCKED


def test_an_illegal_transition_names_owner_state_and_event_and_changes_nothing() -> None:
    door = StateMachine(DOORS, owner="door 7")
    door.apply(Push.LOCK)
    with pytest.raises(IllegalTransition, match="door 7: OPEN is not expected in state LOCKED"):
        door.apply(Push.OPEN)
    assert door.state is Door.LOCKED
    with pytest.raises(IllegalTransition) as caught:
        DOORS.after(Door.OPEN, Push.LOCK, owner="door 8")
    error = caught.value
    assert (error.owner, error.state, error.event) == ("door 8", Door.OPEN, Push.LOCK)


def test_events_that_race_are_asked_about_first() -> None:
    door = StateMachine(DOORS, owner="door 7")
    assert door.accepts(Push.OPEN)
    assert not door.accepts(Push.CLOSE)
    assert not door.apply_if_accepted(Push.CLOSE)
    assert door.state is Door.CLOSED
    assert door.apply_if_accepted(Push.OPEN)
    assert door.state is Door.OPEN


def test_each_transition_is_told_after_it_happened() -> None:
    told: list[tuple[Door, Push, Door]] = []
    states: list[Door] = []

    def on_change(before: Door, event: Push, after: Door) -> None:
        told.append((before, event, after))
        states.append(door.state)

    door = StateMachine(DOORS, owner="door 7", on_change=on_change)
    door.apply(Push.OPEN)
    door.apply(Push.OPEN)
    with pytest.raises(IllegalTransition):
        door.apply(Push.LOCK)
    assert told == [(Door.CLOSED, Push.OPEN, Door.OPEN), (Door.OPEN, Push.OPEN, Door.OPEN)]
    assert states == [Door.OPEN, Door.OPEN]


def test_a_table_knows_its_final_and_its_unreachable_states() -> None:
    assert DOORS.final() == {Door.GONE}
    assert DOORS.unreachable() == set()
    table = TransitionTable("Doors", Door.OPEN, {Door.OPEN: {Push.CLOSE: Door.CLOSED}})
    assert table.final() == {Door.CLOSED, Door.LOCKED, Door.GONE}
    assert table.unreachable() == {Door.LOCKED, Door.GONE}
    assert not table.accepts(Door.LOCKED, Push.OPEN)


def test_a_table_does_not_change_with_what_it_was_made_of() -> None:
    row = {Push.CLOSE: Door.CLOSED}
    table = TransitionTable("Doors", Door.OPEN, {Door.OPEN: row})
    row[Push.BURN] = Door.GONE
    assert not table.accepts(Door.OPEN, Push.BURN)
