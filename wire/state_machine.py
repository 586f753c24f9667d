"""States as an Enum and one transition table per thing that has a life.

A table names, for each state, the events that may come and the state that follows each. An event
that the table does not name for the state is a fault of ours and raises. ``docs/states.md`` shows
all tables; ``make docs`` draws it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

StateT = TypeVar("StateT", bound=enum.Enum)
EventT = TypeVar("EventT", bound=enum.Enum)

OnChange = Callable[[StateT, EventT, StateT], None]
"""Called after every transition with the state before, the event and the state after."""


class IllegalTransition(RuntimeError):
    """The transition table has no such event in this state; the caller has a bug."""

    def __init__(self, owner: str, state: enum.Enum, event: enum.Enum) -> None:
        super().__init__(f"{owner}: {event.name} is not expected in state {state.name}")
        self.owner = owner
        self.state = state
        self.event = event


class TransitionTable(Generic[StateT, EventT]):
    """The states of one kind of thing and what moves it from one to another. Immutable."""

    def __init__(
        self, name: str, initial: StateT, moves: Mapping[StateT, Mapping[EventT, StateT]]
    ) -> None:
        """``name`` says in the plural whose states these are. States without a row are final."""
        self.name = name
        self.initial = initial
        # Every state has a row, so an event in a final state is an illegal transition and no
        # KeyError.
        self.moves = {state: dict(moves.get(state, {})) for state in type(initial)}

    def accepts(self, state: StateT, event: EventT) -> bool:
        """True if the event means something in the state; for events that race, such as timers."""
        return event in self.moves[state]

    def after(self, state: StateT, event: EventT, *, owner: str) -> StateT:
        """Returns the next state. Raises IllegalTransition where the table has none."""
        try:
            return self.moves[state][event]
        except KeyError:
            raise IllegalTransition(owner, state, event) from None

    def unreachable(self) -> set[StateT]:
        """Returns the states that no sequence of events leads to."""
        found, ahead = {self.initial}, [self.initial]
        while ahead:
            following = set(self.moves[ahead.pop()].values()) - found
            found |= following
            ahead += following
        return set(self.moves) - found

    def final(self) -> set[StateT]:
        """Returns the states that no event leaves."""
        return {state for state, row in self.moves.items() if not {*row.values()} - {state}}


class StateMachine(Generic[StateT, EventT]):
    """The state of one thing. No clock, no I/O; not for several threads at once."""

    def __init__(
        self,
        table: TransitionTable[StateT, EventT],
        *,
        owner: str,
        on_change: OnChange[StateT, EventT] | None = None,
    ) -> None:
        """``owner`` names the thing in errors, such as ``stream cam1``. ``on_change`` is called
        after every event, also after one that leaves the state as it is.
        """
        self._state = table.initial
        self._table = table
        self._owner = owner
        self._on_change = on_change

    @property
    def state(self) -> StateT:
        """The state after the last event."""
        return self._state

    def accepts(self, event: EventT) -> bool:
        """True if the event means something now; for events that race, such as timers."""
        return self._table.accepts(self._state, event)

    def apply(self, event: EventT) -> StateT:
        """Moves on and returns the new state. Raises IllegalTransition."""
        before = self._state
        self._state = after = self._table.after(before, event, owner=self._owner)
        if self._on_change is not None:
            self._on_change(before, event, after)
        return self._state

    def apply_if_accepted(self, event: EventT) -> bool:
        """Moves on if the event means something now; returns whether it did."""
        if not self.accepts(event):
            return False
        self.apply(event)
        return True
