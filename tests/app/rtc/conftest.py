"""Answers offers with real connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.rtc.offer import Offer
from app.rtc.peer import Peer

Answer = Callable[..., Awaitable[str]]


@pytest.fixture
async def answer() -> AsyncIterator[Answer]:
    """Answers a checked offer with a real connection; they are closed at the end."""
    peers = []

    async def made(checked: Offer) -> str:
        peer = Peer(lambda state: None)
        peers.append(peer)
        for kind in checked.kinds:
            peer.add_track(kind, "recvonly" if checked.publishes else "sendonly")
        start_kbps = 1500 if checked.publishes else None
        return await peer.answer(checked, start_kbps=start_kbps)

    yield made
    for peer in peers:
        await peer.close()
