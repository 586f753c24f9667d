"""The states of a viewer's switch between renditions: ``switch_state.py``."""

from __future__ import annotations

import itertools

import pytest

from app.delivery.switch_state import SWITCH, Showing, SwitchEvent
from wire.state_machine import IllegalTransition, StateMachine

LEGAL = {
    (Showing.PREFERRED, SwitchEvent.STALL): Showing.FALLBACK,
    (Showing.PREFERRED, SwitchEvent.AGAIN): Showing.RETURNING,
    (Showing.FALLBACK, SwitchEvent.CLOSE): Showing.RETURNING,
    (Showing.FALLBACK, SwitchEvent.BEYOND): Showing.PREFERRED,
    (Showing.RETURNING, SwitchEvent.STALL): Showing.FALLBACK,
    (Showing.RETURNING, SwitchEvent.BEYOND): Showing.PREFERRED,
}


@pytest.mark.parametrize(("state", "event"), [*itertools.product(Showing, SwitchEvent)])
def test_each_event_leads_where_it_should_or_raises(state: Showing, event: SwitchEvent) -> None:
    if (state, event) in LEGAL:
        assert SWITCH.after(state, event, owner="switch") is LEGAL[state, event]
    else:
        assert not SWITCH.accepts(state, event)
        with pytest.raises(IllegalTransition, match=f"{event.name} .* state {state.name}"):
            SWITCH.after(state, event, owner="switch")


def test_a_viewer_begins_with_what_it_asked_for_and_can_always_come_back_to_it() -> None:
    assert SWITCH.initial is Showing.PREFERRED
    for state in Showing:
        reached = {state}
        while Showing.PREFERRED not in reached:
            further = {SWITCH.after(a, e, owner="") for a, e in LEGAL if a in reached}
            assert not further <= reached
            reached |= further


def test_a_stall_on_the_way_back_leads_to_the_source_again() -> None:
    switch = StateMachine(SWITCH, owner="switch")
    for event, expected in [
        (SwitchEvent.STALL, Showing.FALLBACK),
        (SwitchEvent.CLOSE, Showing.RETURNING),
        (SwitchEvent.STALL, Showing.FALLBACK),
        (SwitchEvent.BEYOND, Showing.PREFERRED),
        (SwitchEvent.AGAIN, Showing.RETURNING),
        (SwitchEvent.BEYOND, Showing.PREFERRED),
    ]:
        assert switch.apply(event) is expected
