"""The transition tables of peers and of the connections around them."""

from __future__ import annotations

import pytest

from app.webrtc.peer_state import PEER, PeerEvent, PeerState
from app.webrtc.publisher_state import PUBLISHER, PublisherEvent, PublisherState
from app.webrtc.viewer_state import VIEWER, ViewerEvent, ViewerState
from wire.state_machine import IllegalTransition, StateMachine


def test_a_peer_is_answered_before_it_connects_and_closed_at_last() -> None:
    peer = StateMachine(PEER, owner="peer")
    with pytest.raises(IllegalTransition, match="CONNECT is not expected in state NEW"):
        peer.apply(PeerEvent.CONNECT)
    events = (PeerEvent.ANSWER, PeerEvent.CONNECT, PeerEvent.FAIL, PeerEvent.CLOSE, PeerEvent.CLOSE)
    assert [peer.apply(event).value for event in events] == [
        "connecting",
        "connected",
        "failed",
        "closed",
        "closed",
    ]
    with pytest.raises(IllegalTransition):
        peer.apply(PeerEvent.CONNECT)


def test_a_failed_peer_does_not_connect_any_more() -> None:
    assert not PEER.accepts(PeerState.FAILED, PeerEvent.CONNECT)
    assert not PEER.accepts(PeerState.FAILED, PeerEvent.FAIL)


def test_a_viewer_is_sent_to_once_it_is_connected() -> None:
    viewer = StateMachine(VIEWER, owner="viewer")
    assert not viewer.accepts(ViewerEvent.RUN)
    viewer.apply(ViewerEvent.CONNECT)
    assert viewer.apply(ViewerEvent.RUN) is ViewerState.SENDING
    assert viewer.apply(ViewerEvent.END) is ViewerState.ENDED
    assert not any(viewer.accepts(event) for event in ViewerEvent)


def test_a_silent_publisher_may_resume_and_one_that_ended_may_not() -> None:
    publisher = StateMachine(PUBLISHER, owner="publisher")
    for _ in range(2):
        assert publisher.apply(PublisherEvent.FALL_SILENT) is PublisherState.SILENT
        assert not publisher.accepts(PublisherEvent.FALL_SILENT)
        assert publisher.apply(PublisherEvent.RESUME) is PublisherState.OPEN
    publisher.apply(PublisherEvent.END)
    assert not any(publisher.accepts(event) for event in PublisherEvent)


def test_all_states_can_be_reached_and_only_the_last_is_final() -> None:
    assert PEER.unreachable() | VIEWER.unreachable() | PUBLISHER.unreachable() == set()
    assert (PEER.final(), VIEWER.final(), PUBLISHER.final()) == (
        {PeerState.CLOSED},
        {ViewerState.ENDED},
        {PublisherState.ENDED},
    )
