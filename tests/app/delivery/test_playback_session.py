"""Which tails a viewer needs: ``viewing.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.delivery.playback_session import PlaybackSession
from app.streams.rendition_reader import RenditionReader
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from wire import keys
from wire.connection import Redis

OTHER = keys.ON_DEMAND["vp8"]


@pytest.fixture
async def peer() -> AsyncIterator[ViewerConnection]:
    """A viewer's connection that takes nothing."""
    made = ViewerConnection(
        ViewerEvents(
            on_connected=lambda: None, on_key_frame_needed=lambda: None, on_end=lambda _: None
        ),
        rtp_offset=0,
    )
    yield made
    await made.close()


def tail(client: Redis, rendition: str) -> RenditionReader:
    return RenditionReader(client, "cam1", rendition)


async def test_who_needs_no_source_reads_one_rendition_only(
    redis_client: Redis, peer: ViewerConnection
) -> None:
    old, new = tail(redis_client, keys.ENHANCED), tail(redis_client, OTHER)
    viewing = PlaybackSession(old, old, fallback=False, has_audio=False)
    viewing.start(peer)
    viewing.move(new)
    assert not viewing.reads(old)
    assert (old.listeners, new.listeners) == (0, 1)
    viewing.stop()
    assert new.listeners == 0


@pytest.mark.parametrize(("fallback", "has_audio"), [(True, False), (False, True), (True, True)])
async def test_who_needs_the_source_keeps_it(
    redis_client: Redis, peer: ViewerConnection, fallback: bool, has_audio: bool
) -> None:
    source, old = tail(redis_client, keys.SOURCE), tail(redis_client, keys.ENHANCED)
    new = tail(redis_client, OTHER)
    viewing = PlaybackSession(old, source, fallback=fallback, has_audio=has_audio)
    viewing.start(peer)
    for next_one in (new, source, old):  # also by way of the source itself
        viewing.move(next_one)
        assert viewing.reads(source) and viewing.reads(next_one)
        listeners = {each.rendition: each.listeners for each in (source, old, new)}
        assert listeners == {
            each.rendition: int(each in (source, next_one)) for each in (source, old, new)
        }
    viewing.stop()
    assert source.listeners == old.listeners == 0
