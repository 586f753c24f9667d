"""Restarts of ICE while media flows, and those that fail: ``Peer.restart``."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from app.errors import BadOffer
from app.ice import lite_agent
from app.ice.credentials import Credentials, SessionCredentials
from app.webrtc import peer_ports
from app.webrtc.trickle import SdpFragment, parse_fragment
from app.webrtc.udp_port import bind_udp
from tests.app.peers import until
from tests.app.webrtc.relay import Relay, agent, answer, check, inner, place

REMOTE = Credentials("renewed", "a-password-of-24-letters")
WANTED = f"a=ice-ufrag:{REMOTE.ufrag}\r\na=ice-pwd:{REMOTE.password}\r\n"


def wanted(text: str = WANTED) -> SdpFragment:
    """A fragment that asks for a restart."""
    return parse_fragment(text)


def credentials_of(fragment: str) -> SessionCredentials:
    """Both sides' credentials after a restart that was answered so."""
    found = [re.search(rf"a=ice-{name}:(\S+)", fragment) for name in ("ufrag", "pwd")]
    ufrag, password = (match[1] for match in found if match)
    return SessionCredentials(Credentials(ufrag, password), REMOTE)


async def until_media(
    moved: socket.socket, known: SessionCredentials, place: tuple[str, int]
) -> bool:
    """Answers requests until a packet of SRTP comes."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        while (data := await loop.sock_recv(moved, 2000))[0] < 128:
            if data[:2] == b"\x00\x01":
                await loop.sock_sendto(moved, answer(data, known), place)
    return True


async def test_media_goes_on_over_the_old_pair_until_the_new_one_is_nominated(
    relay: Relay,
) -> None:
    before = agent(relay.watch).path
    assert relay.watch.is_restart(wanted())
    fragment = relay.watch.restart(wanted())
    got = relay.got
    await until(lambda: relay.got > got + 20)
    assert agent(relay.watch).path == before
    known = credentials_of(fragment)
    assert fragment.count("a=candidate:") == 1
    with bind_udp("127.0.0.1", 0) as moved:
        moved.sendto(check(relay.watch, credentials=known, nominates=True), place(relay.watch))
        await until(lambda: agent(relay.watch).credentials == known)
        assert agent(relay.watch).path == before, "the new address has answered nothing"
        # SRTP comes to the new address: DTLS and its keys stay as they are.
        assert await until_media(moved, known, place(relay.watch))
        assert agent(relay.watch).path == (before and (before[0], moved.getsockname()))
    assert relay.ends == []


async def test_a_restart_that_nobody_follows_leaves_the_old_session(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lite_agent, "RESTART_S", 0.1)
    before = agent(relay.ingest).credentials
    relay.ingest.restart(wanted())
    assert len(peer_ports.installed().table) == 3
    await until(lambda: len(peer_ports.installed().table) == 2)
    units = relay.units
    await until(lambda: relay.units > units + 20)
    assert agent(relay.ingest).credentials == before
    assert relay.ends == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a=ice-ufrag:renewed\r\n", 400),
        ("a=ice-pwd:a-password-of-24-letters\r\n", 400),
        ("a=ice-ufrag:a:b\r\na=ice-pwd:a-password-of-24-letters\r\n", 400),
    ],
)
async def test_a_restart_without_whole_credentials_changes_nothing(
    relay: Relay, text: str, status: int
) -> None:
    with pytest.raises(BadOffer) as refused:
        relay.watch.restart(wanted(text))
    assert refused.value.status == status
    assert len(peer_ports.installed().table) == 2


async def test_a_restart_needs_new_credentials(relay: Relay) -> None:
    old = agent(relay.watch).credentials.remote
    for ufrag, password in ((old.ufrag, REMOTE.password), (REMOTE.ufrag, old.password)):
        with pytest.raises(BadOffer, match="new user name and password") as refused:
            relay.watch.restart(wanted(f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n"))
        assert refused.value.status == 422


async def test_candidates_of_either_session_are_no_restart(relay: Relay) -> None:
    old = agent(relay.watch).credentials.remote
    relay.watch.restart(wanted())
    for each in (old, REMOTE):
        text = f"a=ice-ufrag:{each.ufrag}\r\na=ice-pwd:{each.password}\r\n"
        assert not relay.watch.is_restart(parse_fragment(text))
    assert relay.watch.is_restart(parse_fragment("a=ice-ufrag:other\r\n"))


async def test_a_session_that_ended_cannot_be_restarted(relay: Relay) -> None:
    await relay.watch.close()
    with pytest.raises(BadOffer, match="no ICE session to restart") as refused:
        relay.watch.restart(wanted())
    assert refused.value.status == 422


async def test_a_peer_that_was_never_answered_cannot_be_restarted() -> None:
    made = Relay()
    with pytest.raises(BadOffer, match="no ICE session"):
        inner(made.watch).restart(wanted())
    await made.close()
