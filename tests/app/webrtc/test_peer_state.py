"""The states of a peer connection: ``peer_state.py``."""

from __future__ import annotations

import pytest

from app.webrtc.peer_state import PEER, PeerEvent, PeerState
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


@pytest.mark.parametrize("state", PeerState)
def test_a_peer_may_be_closed_whatever_happened_to_it(state: PeerState) -> None:
    assert PEER.after(state, PeerEvent.CLOSE, owner="peer") is PeerState.CLOSED


@pytest.mark.parametrize("state", [PeerState.NEW, PeerState.CONNECTING, PeerState.CONNECTED])
def test_what_is_not_over_may_fail(state: PeerState) -> None:
    assert PEER.after(state, PeerEvent.FAIL, owner="peer") is PeerState.FAILED


def test_an_answer_that_comes_after_the_end_changes_nothing() -> None:
    for event in (PeerEvent.CLOSE, PeerEvent.FAIL):
        peer = StateMachine(PEER, owner="peer")
        ended = peer.apply(event)
        assert not peer.apply_if_accepted(PeerEvent.ANSWER)
        assert peer.state is ended


def test_every_state_can_be_reached_and_only_the_last_is_final() -> None:
    assert (PEER.unreachable(), PEER.final()) == (set(), {PeerState.CLOSED})
