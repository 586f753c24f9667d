"""Which fan-outs a viewer needs: ``playback_session.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.delivery.playback_session import PlaybackSession
from app.delivery.rtp_fanout import RtpFanout
from app.streams.rendition_reader import RenditionReader
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from wire import keys
from wire.connection import Redis

OTHER = keys.variant(keys.ENHANCED, "vp8")


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


def make(client: Redis, rendition: str) -> RtpFanout:
    return RtpFanout(RenditionReader(client, "cam1", rendition), on_end=lambda _: None)


async def test_who_needs_no_source_reads_one_rendition_only(
    redis_client: Redis, peer: ViewerConnection
) -> None:
    old, new = make(redis_client, keys.ENHANCED), make(redis_client, OTHER)
    playback = PlaybackSession(old, old, fallback=False, has_audio=False)
    assert old.is_needed  # before it is connected too: the answer may take its time
    playback.start(peer)
    playback.move(new)
    assert (old.is_needed, new.is_needed) == (False, True)
    assert (old.listeners, new.listeners) == (0, 1)
    assert playback.rendition == OTHER
    playback.stop()
    assert (new.is_needed, new.listeners) == (False, 0)


@pytest.mark.parametrize(("fallback", "has_audio"), [(True, False), (False, True), (True, True)])
async def test_who_needs_the_source_keeps_it(
    redis_client: Redis, peer: ViewerConnection, fallback: bool, has_audio: bool
) -> None:
    source, old = make(redis_client, keys.SOURCE), make(redis_client, keys.ENHANCED)
    new = make(redis_client, OTHER)
    playback = PlaybackSession(old, source, fallback=fallback, has_audio=has_audio)
    playback.start(peer)
    for next_one in (new, source, old):  # also by way of the source itself
        playback.move(next_one)
        for each in (source, old, new):
            is_read = each in (source, next_one)
            assert (each.is_needed, each.listeners) == (is_read, int(is_read))
    playback.stop()
    assert not any(each.is_needed or each.listeners for each in (source, old, new))


async def test_it_is_over_with_what_it_reads(redis_client: Redis) -> None:
    reader = RenditionReader(redis_client, "cam1", keys.SOURCE)
    source = RtpFanout(reader, on_end=lambda _: None)
    enhanced = make(redis_client, keys.ENHANCED)
    playback = PlaybackSession(enhanced, source, fallback=True, has_audio=True)
    assert not playback.is_over
    reader.end()
    assert playback.is_over
