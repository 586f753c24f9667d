"""The states of a viewer's connection: ``viewer_state.py``."""

from __future__ import annotations

import pytest

from app.webrtc.viewer_state import VIEWER, ViewerEvent, ViewerState
from wire.state_machine import IllegalTransition, StateMachine


def test_a_viewer_is_sent_to_once_it_is_connected() -> None:
    viewer = StateMachine(VIEWER, owner="viewer")
    assert not viewer.accepts(ViewerEvent.RUN)
    viewer.apply(ViewerEvent.CONNECT)
    assert viewer.apply(ViewerEvent.RUN) is ViewerState.SENDING
    assert viewer.apply(ViewerEvent.END) is ViewerState.ENDED
    assert not any(viewer.accepts(event) for event in ViewerEvent)


@pytest.mark.parametrize(
    "events", [(), (ViewerEvent.CONNECT,), (ViewerEvent.CONNECT, ViewerEvent.RUN)]
)
def test_a_viewer_may_end_at_any_time_and_once(events: tuple[ViewerEvent, ...]) -> None:
    viewer = StateMachine(VIEWER, owner="viewer")
    for event in events:
        viewer.apply(event)
    assert viewer.apply_if_accepted(ViewerEvent.END)
    assert not viewer.apply_if_accepted(ViewerEvent.END)
    with pytest.raises(IllegalTransition, match="END is not expected in state ENDED"):
        viewer.apply(ViewerEvent.END)


def test_senders_run_on_a_connection_only_and_start_once() -> None:
    assert not VIEWER.accepts(ViewerState.CONNECTING, ViewerEvent.RUN)
    assert not VIEWER.accepts(ViewerState.SENDING, ViewerEvent.RUN)
    assert not VIEWER.accepts(ViewerState.CONNECTED, ViewerEvent.CONNECT)


def test_every_state_can_be_reached_and_only_the_last_is_final() -> None:
    assert (VIEWER.unreachable(), VIEWER.final()) == (set(), {ViewerState.ENDED})
