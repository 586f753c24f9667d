"""One peer without the other side: answers, states, time-outs, ends: ``peer.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import BadOffer, NoCandidate
from app.ice.agent_state import AgentState
from app.ice.refusals import Refusals
from app.webrtc import ice, peer, peer_ports
from app.webrtc.peer import Peer
from app.webrtc.peer_state import PeerState
from app.webrtc.sdp_answer import NO_RATES, SendRates
from app.webrtc.sdp_offer import Offer, check_play_offer, check_publish_offer
from app.webrtc.trickle import parse_fragment
from app.webrtc.udp_port import bind_udp
from tests.app.fakes import SilentTrack
from tests.app.peers import no_tasks_but, until
from tests.app.webrtc.conftest import add_tracks
from tests.app.webrtc.offer_texts import PLAYERS, PUBLISHERS, offer
from tests.app.webrtc.relay import addresses_of, agent, check, place

CANDIDATE = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"


class Watched:
    """A peer and the states that it told."""

    def __init__(self, refusals: Refusals | None = None) -> None:
        self.states: list[PeerState] = []
        self.peer = Peer(self.states.append, refusals)

    async def answer(self, checked: Offer, *, rates: SendRates = NO_RATES) -> str:
        add_tracks(self.peer, checked)
        return await self.peer.answer(checked, rates=rates)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    yield made
    await made.peer.close()


@pytest.mark.parametrize("name", [*PUBLISHERS, *PLAYERS])
async def test_every_clients_offer_is_answered_with_our_candidates(
    watched: Watched, name: str
) -> None:
    check = check_publish_offer if name in PUBLISHERS else check_play_offer
    sdp = await watched.answer(check(offer(name)))
    assert [host for host, _ in addresses_of(sdp)] == ["127.0.0.1"]
    assert "a=end-of-candidates\r\n" in sdp
    assert (watched.peer.state, watched.peer.is_pending) == (PeerState.CONNECTING, True)
    assert watched.states == []  # whoever asked for the answer knows


async def test_a_new_peer_waits_to_be_answered(watched: Watched) -> None:
    assert (watched.peer.state, watched.peer.is_pending) == (PeerState.NEW, True)
    assert watched.peer.refused == {}
    fragment = parse_fragment(CANDIDATE)
    with pytest.raises(BadOffer, match="begin a new session") as refused:
        watched.peer.trickle(fragment)
    assert refused.value.status == 422


async def test_the_start_rate_is_for_publishers_alone(watched: Watched) -> None:
    sdp = await watched.answer(check_publish_offer(offer("obs")), rates=SendRates(1234))
    assert "x-google-start-bitrate=1234" in sdp
    other = Watched()
    assert "x-google-start-bitrate" not in await other.answer(check_play_offer(offer(PLAYERS[0])))
    await other.peer.close()


async def test_candidates_may_follow_under_the_offers_credentials(watched: Watched) -> None:
    checked = check_publish_offer(offer("obs"))
    await watched.answer(checked)
    own = f"a=ice-ufrag:{checked.transport.ufrag}\r\na=ice-pwd:{checked.transport.password}\r\n"
    watched.peer.trickle(parse_fragment(own + CANDIDATE))
    for restart in ("a=ice-ufrag:else\r\n", "a=ice-pwd:elseelseelse\r\n"):
        with pytest.raises(BadOffer, match="ICE restart"):
            watched.peer.trickle(parse_fragment(restart + CANDIDATE))


async def test_candidates_of_a_closed_peer_are_passed_over(watched: Watched) -> None:
    await watched.answer(check_publish_offer(offer("obs")))
    await watched.peer.close()
    watched.peer.trickle(parse_fragment(CANDIDATE))
    assert watched.peer.state is PeerState.CLOSED


async def test_who_never_checks_is_let_go(
    monkeypatch: pytest.MonkeyPatch, watched: Watched
) -> None:
    monkeypatch.setattr(peer, "FIRST_CHECK_S", 0.02)
    await watched.answer(check_publish_offer(offer("obs")))
    await until(lambda: watched.states)
    assert watched.states == [PeerState.FAILED]
    assert not watched.peer.is_pending
    await watched.peer.close()
    assert watched.states == [PeerState.FAILED]  # the owner closes it, and knows


async def test_who_has_checked_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch, watched: Watched
) -> None:
    monkeypatch.setattr(peer, "FIRST_CHECK_S", 0.02)
    await watched.answer(check_publish_offer(offer("obs")))
    with bind_udp("127.0.0.1", 0) as client:
        client.sendto(check(watched.peer), place(watched.peer))
        await until(lambda: agent(watched.peer).state is not AgentState.WAITING)
    await asyncio.sleep(0.1)
    assert (watched.states, watched.peer.is_pending) == ([], True)


async def test_a_peer_without_a_port_is_closed_with_all_it_made() -> None:
    before = asyncio.all_tasks()
    peer_ports.install(ice.IceAddresses(("192.0.2.1",), ()))  # no address of this machine
    watched = Watched()
    with pytest.raises(NoCandidate):
        await watched.answer(check_publish_offer(offer("obs")))
    assert watched.peer.state is PeerState.CLOSED
    assert watched.states == []
    await no_tasks_but(before)


async def test_closing_twice_or_by_several_is_one_end(watched: Watched) -> None:
    await watched.answer(check_publish_offer(offer("obs")))
    await asyncio.gather(*(watched.peer.close() for _ in range(3)))
    await watched.peer.close()
    assert (watched.peer.state, watched.states) == (PeerState.CLOSED, [])


async def test_a_track_that_cannot_be_stopped_leaves_no_peer_in_the_table(
    watched: Watched,
) -> None:
    class Broken(SilentTrack):
        async def stop(self) -> None:
            raise ArithmeticError("of something unforeseen")

    checked = check_publish_offer(offer("obs"))
    for kind in checked.kinds:
        watched.peer.add_track(kind, Broken())
    await watched.peer.answer(checked)
    assert len(watched.peer._ports.table) == 1
    with pytest.raises(ArithmeticError):
        await watched.peer.close()
    assert len(watched.peer._ports.table) == 0
    watched.peer._closing = None  # the fixture closes it again
    watched.peer._tracks.clear()


async def test_a_caller_that_is_cancelled_does_not_stop_the_closing(watched: Watched) -> None:
    await watched.answer(check_publish_offer(offer("obs")))
    closing = asyncio.get_running_loop().create_task(watched.peer.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await until(lambda: len(watched.peer._ports.table) == 0)


async def test_refusals_are_counted_for_this_peer_and_for_all() -> None:
    totals = Refusals()
    one, two = Watched(totals), Watched(totals)
    one.peer._refusals.refuse("stranger")
    two.peer._refusals.refuse("stranger")
    two.peer._refusals.refuse("empty")
    assert one.peer.refused == {"stranger": 1}
    assert two.peer.refused == {"stranger": 1, "empty": 1}
    assert totals == {"stranger": 2, "empty": 1}
    await asyncio.gather(one.peer.close(), two.peer.close())
